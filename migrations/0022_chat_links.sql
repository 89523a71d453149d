-- Who somebody in a chat is: the holder of the key with which they asked for a one-time code and sent it to the bot. What
-- they may do is looked up each time, from the key and the member; nothing of it is kept here.

create table chat_link_codes (
  project_id text collate "C" not null references projects,
  key_id text not null references api_keys, -- one code each; the next takes its place
  code_hash bytea not null check (length(code_hash) = 32),
  expires_at timestamptz not null,
  primary key (project_id, key_id)
);
create unique index chat_link_codes_of_hash on chat_link_codes (project_id, code_hash);

create table chat_links (
  project_id text collate "C" not null references projects,
  link_id uuid not null,
  channel_type text not null check (channel_type in ('telegram', 'slack')),
  channel_id text not null, -- where the code was sent
  user_id text not null check (length(user_id) between 1 and 200), -- the provider's; on Slack with the team
  user_name text not null check (length(user_name) <= 200), -- as they call themselves
  key_id text not null references api_keys,
  member_id text not null, -- what the key is named
  created_at timestamptz not null default clock_timestamp(),
  primary key (project_id, link_id)
);
create unique index chat_links_of_user on chat_links (project_id, channel_type, user_id);
create index chat_links_newest on chat_links (project_id, created_at desc, link_id desc);
create index chat_links_of_key on chat_links (key_id);

do $$
declare
  t text;
  mine constant text :=
    'project_id = any ((select string_to_array(nullif(current_setting(''awooop.projects'', true), ''''), '',''))::text[])';
begin
  foreach t in array array['chat_link_codes', 'chat_links'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy tenant on %I to awooop_app using (%s) with check (%s)', t, mine, mine);
    execute format('create policy platform on %I to awooop_platform using (true) with check (true)', t);
  end loop;
end
$$;

grant select, insert, update, delete on chat_link_codes to awooop_app, awooop_platform;
grant select, insert, delete, update (link_id, channel_id, user_name, key_id, member_id, created_at) on chat_links
  to awooop_app, awooop_platform;
