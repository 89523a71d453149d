-- How tool servers are, as each process that reaches them finds; written when that changes, and now and then.

create table tool_server_health (
  project_id text collate "C" not null references projects,
  server_id text collate "C" not null,
  process_id text collate "C" not null,
  revision_id uuid not null, -- the contract that it was reached by
  state text not null check (state in ('up', 'down', 'backing_off', 'breaker_open')),
  error_code text, -- what went wrong last, though it may be over
  error_message text,
  last_ok_at timestamptz,
  last_failure_at timestamptz,
  next_try_at timestamptz,
  restarts integer not null check (restarts >= 0),
  protocol_version text,
  server_name text, -- as the server says
  server_version text,
  held_to text[], -- of a program: the limits that the system holds it to
  observed_at timestamptz not null default clock_timestamp(),
  primary key (project_id, server_id, process_id)
);

-- A day's calls of one tool server are counted for its page.
create index mcp_calls_of_server on mcp_calls (project_id, server, created_at);

alter table tool_server_health enable row level security;
alter table tool_server_health force row level security;
create policy tenant on tool_server_health to awooop_app
  using (project_id = any ((select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]))
  with check (project_id = any ((select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]));
create policy platform on tool_server_health for select to awooop_platform using (true);
grant select, insert, update, delete on tool_server_health to awooop_app;
grant select on tool_server_health to awooop_platform;
