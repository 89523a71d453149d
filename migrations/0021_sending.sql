-- Messages are sent without a lock being held meanwhile, changed in place, listed by channel; and channels have figures.

alter table outbound_messages
  add column next_attempt_at timestamptz not null default now(), -- not tried before; a try under way counts as lost from then on
  add column trying_since timestamptz, -- its first try, from which its time runs
  add column is_unsure boolean not null default false, -- a try is under way or lost, or failed and may have arrived all the same
  add column may_be_double boolean not null default false, -- it was sent again though an earlier try may have arrived
  add column approval_id uuid, -- the question that it asks
  add column edits uuid; -- the message that it changes in place
-- A default that differs from row to row would have rewritten the table.
alter table outbound_messages alter column next_attempt_at set default clock_timestamp();

drop index outbound_messages_queued;
create index outbound_messages_due on outbound_messages (next_attempt_at) where send_status = 'queued';
create index outbound_messages_of_approval on outbound_messages (project_id, approval_id) where approval_id is not null;
create index outbound_messages_newest on outbound_messages (project_id, queued_at desc, message_id desc);
create index outbound_messages_by_status on outbound_messages (project_id, send_status, queued_at desc, message_id desc);
create index outbound_messages_of_channel on outbound_messages (project_id, channel_id, queued_at desc, message_id desc);
create index outbound_messages_of_channel_by_status
  on outbound_messages (project_id, channel_id, send_status, queued_at desc, message_id desc);
create index outbound_messages_sent_on
  on outbound_messages (project_id, channel_id, sent_at desc) include (queued_at, attempt_count) where sent_at is not null;

-- What came in on a channel in an hour, and what was refused; written every few seconds, for all that came meanwhile.
create table channel_hours (
  project_id text collate "C" not null references projects,
  channel_id text not null,
  hour timestamptz not null, -- when it begins
  event_count bigint not null default 0,
  refused_count bigint not null default 0,
  last_event_at timestamptz,
  last_refused_at timestamptz,
  last_refused_code text, -- of the catalogue of errors
  primary key (project_id, channel_id, hour)
);
create index channel_hours_old on channel_hours (hour);

do $$
declare
  mine constant text :=
    'project_id = any ((select string_to_array(nullif(current_setting(''awooop.projects'', true), ''''), '',''))::text[])';
begin
  alter table channel_hours enable row level security;
  alter table channel_hours force row level security;
  execute format('create policy tenant on channel_hours to awooop_app using (%s) with check (%s)', mine, mine);
  create policy platform on channel_hours to awooop_platform using (true) with check (true);
  create policy system on channel_hours to awooop_system using (true) with check (true);
end
$$;

grant select, insert, update (event_count, refused_count, last_event_at, last_refused_at, last_refused_code)
  on channel_hours to awooop_app, awooop_platform;
grant select, delete on channel_hours to awooop_system;
