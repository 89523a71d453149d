-- Which process looks after a Telegram channel, and how far its updates have been taken in.

create table telegram_bots (
  project_id text collate "C" not null references projects,
  channel_id text collate "C" not null,
  bot_id text not null, -- updates are counted for each bot
  next_update_id bigint not null default 0, -- all before it have been committed
  holder text not null, -- the process that fetches updates, or asks for them to be posted
  lease_until timestamptz not null, -- another one may take over then
  failed_at timestamptz, -- since when it fails
  error text, -- why, in words
  primary key (project_id, channel_id)
);

do $$
declare
  mine constant text :=
    'project_id = any ((select string_to_array(nullif(current_setting(''awooop.projects'', true), ''''), '',''))::text[])';
begin
  alter table telegram_bots enable row level security;
  alter table telegram_bots force row level security;
  execute format('create policy tenant on telegram_bots to awooop_app using (%s) with check (%s)', mine, mine);
  create policy platform on telegram_bots to awooop_platform using (true) with check (true);
end
$$;

grant select, insert on telegram_bots to awooop_app, awooop_platform;
grant update (bot_id, next_update_id, holder, lease_until, failed_at, error) on telegram_bots to awooop_app, awooop_platform;
