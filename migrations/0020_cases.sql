-- What a channel's rule of correlation puts together: events that are about one incident make one case, and one piece of work.

create table channel_cases (
  project_id text collate "C" not null references projects,
  case_id uuid not null,
  channel_id text not null,
  case_key text collate "C" not null, -- SHA-256 of what the rule says its events have in common
  run_id uuid, -- the first run that it started
  title text not null, -- its first event in words
  event_count integer not null default 0,
  resolved_count integer not null default 0,
  opened_at timestamptz not null,
  last_event_at timestamptz not null,
  closes_at timestamptz not null, -- it takes events until then, and for as long as a run of it is not over
  storm_at timestamptz, -- since when its events are more than the rule calls a storm
  primary key (project_id, case_id)
);
create index channel_cases_of_key on channel_cases (project_id, channel_id, case_key, opened_at desc);
create index channel_cases_newest on channel_cases (project_id, last_event_at desc, case_id desc);

alter table channel_events add column case_id uuid;
create index channel_events_of_case on channel_events (project_id, case_id, received_at) where case_id is not null;
alter table runs add column case_id uuid;
create index runs_of_case on runs (project_id, case_id) where case_id is not null;

do $$
declare
  mine constant text :=
    'project_id = any ((select string_to_array(nullif(current_setting(''awooop.projects'', true), ''''), '',''))::text[])';
  the_one constant text := 'project_id = (select current_setting(''awooop.projects'', true))';
begin
  alter table channel_cases enable row level security;
  alter table channel_cases force row level security;
  execute format('create policy tenant on channel_cases to awooop_app using (%s) with check (%s)', mine, mine);
  create policy platform on channel_cases to awooop_platform using (true) with check (true);
  execute format('create policy retention on channel_cases to awooop_retention using (%s) with check (%s)', the_one, the_one);
end
$$;

grant select, insert, update on channel_cases to awooop_app, awooop_platform;
grant select, delete on channel_cases to awooop_retention;
-- `for update` needs it of one column at least.
grant update (title) on channel_cases to awooop_retention;
