-- Which agent a client of an outside authorization server is: its access tokens open the gateway as that agent's key would.

create table oauth_clients (
  project_id text collate "C" not null references projects,
  oauth_client_id uuid not null, -- stands where a key's id stands, such as runs.opened_by
  agent_id text not null check (length(agent_id) between 1 and 128),
  issuer text collate "C" not null check (length(issuer) between 1 and 2000),
  -- What names it in a token: the client the token was issued to, or its subject.
  client_id text collate "C" check (length(client_id) between 1 and 500),
  sub text collate "C" check (length(sub) between 1 and 500),
  hold_seconds integer not null default 4 check (hold_seconds between 0 and 50),
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null,
  revoked_at timestamptz,
  last_used_at timestamptz,
  primary key (project_id, oauth_client_id),
  check (num_nonnulls(client_id, sub) = 1)
);
-- A token is one agent of one project, never two.
create unique index oauth_clients_one_client on oauth_clients (issuer, client_id)
  where revoked_at is null and client_id is not null;
create unique index oauth_clients_one_subject on oauth_clients (issuer, sub)
  where revoked_at is null and sub is not null;
create index oauth_clients_newest on oauth_clients (project_id, created_at desc, oauth_client_id desc);

alter table oauth_clients enable row level security;
alter table oauth_clients force row level security;
create policy tenant on oauth_clients to awooop_app
  using (project_id = any ((select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]))
  with check (project_id = any ((select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]));
create policy platform on oauth_clients to awooop_platform using (true) with check (true);
create policy system on oauth_clients to awooop_system using (true) with check (true);

-- The issuers are the platform's and their clients are anybody's, so a tenant can't claim one: it could take another's.
grant select, update (revoked_at) on oauth_clients to awooop_app;
grant select, insert, update (revoked_at) on oauth_clients to awooop_platform;
grant select, update (last_used_at) on oauth_clients to awooop_system;
