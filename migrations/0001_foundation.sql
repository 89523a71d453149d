-- The foundation: tenants, contracts, runs, calls, approvals, channels, audit.
-- Runs as awooop_owner. Tenant tables have primary key (project_id, id), ids are UUIDv7, times come from the
-- database's clock, and row-level security is enabled and forced on every table.

create table projects (
  project_id text collate "C" primary key
    check (project_id ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  display_name text not null check (length(display_name) between 1 and 200),
  migration_mode text not null check (migration_mode in ('legacy', 'shadow', 'canary', 'active')),
  canary_percent integer not null default 0 check (canary_percent between 0 and 100),
  budget_limit_usd numeric(14, 6) check (budget_limit_usd >= 0),
  is_active boolean not null default true,
  created_at timestamptz not null default clock_timestamp()
);

-- identity ------------------------------------------------------------------------------------------------------

create table api_keys (
  key_id text collate "C" primary key,
  name text not null check (length(name) between 1 and 200),
  role text not null check (role in ('viewer', 'operator', 'admin', 'agent')),
  -- null: every project (a platform operator); an empty list would be part of everybody's
  projects text[] check (cardinality(projects) >= 1),
  agent_id text, -- the agent contract an agent key works under
  hold_seconds integer not null default 4 check (hold_seconds between 0 and 50),
  may_act_for_others boolean not null default false,
  secret_hash bytea not null,
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  check (role <> 'agent' or (agent_id is not null and cardinality(projects) = 1))
);

create table sessions (
  session_hash bytea primary key,
  key_id text collate "C" not null references api_keys,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null
);
create index sessions_expiry on sessions (expires_at);

-- audit: append only; what may have to be forgotten lies in a side row that the log row holds the hash of -------

create table audit_log (
  audit_id uuid not null,
  project_id text collate "C" not null, -- '_platform' for what belongs to no tenant
  at timestamptz not null default clock_timestamp(),
  actor_kind text not null,
  actor_id text not null,
  action text not null,
  subject_kind text not null,
  subject_id text not null,
  details jsonb not null default '{}',
  private_hash bytea,
  primary key (project_id, audit_id)
);
create index audit_log_newest on audit_log (project_id, at desc, audit_id desc);
create index audit_log_subject on audit_log (project_id, subject_kind, subject_id, at desc);

create table audit_private (
  audit_id uuid not null,
  project_id text collate "C" not null,
  content jsonb not null,
  primary key (project_id, audit_id),
  foreign key (project_id, audit_id) references audit_log
);

-- secrets and signing keys: the values are encrypted by the server's key (AWOOOP_SECRET_KEY) --------------------

create table secrets (
  project_id text collate "C" not null references projects,
  name text collate "C" not null check (name ~ '^[A-Za-z][A-Za-z0-9_.-]{0,127}$'),
  ciphertext bytea not null,
  created_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (project_id, name)
);

create table signing_keys (
  kid text primary key,
  public_jwk jsonb not null,
  private_ciphertext bytea not null,
  created_at timestamptz not null default clock_timestamp(),
  retired_at timestamptz
);
create unique index signing_keys_one_current on signing_keys ((true)) where retired_at is null;

-- contracts -----------------------------------------------------------------------------------------------------

create table contract_revisions (
  revision_id uuid not null,
  project_id text collate "C" not null references projects,
  contract_id text collate "C" not null check (contract_id ~ '^[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?$'),
  contract_family text not null check (contract_family in ('agent', 'tool_server', 'policy', 'channel')),
  lifecycle_status text not null
    check (lifecycle_status in ('draft', 'review', 'active', 'deprecated', 'retired', 'rejected')),
  body jsonb not null,
  body_hash text not null check (body_hash ~ '^[0-9a-f]{64}$'),
  version_major integer not null check (version_major >= 0),
  version_minor integer not null check (version_minor >= 0),
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null,
  primary key (project_id, revision_id),
  unique (project_id, contract_id, version_major, version_minor)
);
create unique index contract_revisions_one_active on contract_revisions (project_id, contract_id)
  where lifecycle_status = 'active';
create index contract_revisions_newest on contract_revisions (project_id, created_at desc, revision_id desc);
create index contract_revisions_active_family on contract_revisions (project_id, contract_family)
  where lifecycle_status = 'active';

-- runs ----------------------------------------------------------------------------------------------------------

create table runs (
  run_id uuid not null,
  project_id text collate "C" not null references projects,
  agent_id text not null,
  revision_id uuid not null,
  driver text not null check (driver in ('worker', 'client')),
  state text not null check (state in
    ('pending', 'running', 'waiting_approval', 'completed', 'failed', 'cancelled', 'timed_out')),
  title text not null check (length(title) <= 300),
  is_shadow boolean not null,
  trace_id text collate "C" not null check (trace_id ~ '^[0-9a-f]{32}$'),
  trigger_type text,
  trigger_ref text collate "C",
  session_key text, -- the MCP session or key a client run belongs to
  opened_by text, -- the api key that drives a client run
  input jsonb,
  result jsonb,
  cost_usd numeric(14, 6) not null default 0,
  step_count integer not null default 0,
  attempt_count integer not null default 0,
  max_attempts integer not null default 3 check (max_attempts between 1 and 100),
  worker_id text,
  fence bigint not null default 0,
  error_code text,
  error_detail text,
  retry_of uuid,
  created_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  completed_at timestamptz,
  timeout_at timestamptz,
  heartbeat_at timestamptz,
  lease_until timestamptz, -- a worker's lease; past it another worker may take the run
  primary key (project_id, run_id),
  unique (run_id),
  foreign key (project_id, revision_id) references contract_revisions,
  check ((completed_at is not null) = (state in ('completed', 'failed', 'cancelled', 'timed_out')))
);
create index runs_newest on runs (project_id, created_at desc, run_id desc);
create index runs_by_state on runs (project_id, state, created_at desc, run_id desc);
create index runs_by_agent on runs (project_id, agent_id, created_at desc, run_id desc);
create index runs_by_trigger_ref on runs (project_id, trigger_ref) where trigger_ref is not null;
create index runs_by_trace on runs (project_id, trace_id);
create index runs_by_error on runs (project_id, error_code) where error_code is not null;
create index runs_open_client on runs (project_id, opened_by, session_key)
  where driver = 'client' and completed_at is null;
create index runs_idle_client on runs (heartbeat_at) where driver = 'client' and state = 'running';
create index runs_lease on runs (lease_until) where state = 'running' and lease_until is not null;
create index runs_timeout on runs (timeout_at) where completed_at is null;
create index runs_unclaimed on runs (created_at) where driver = 'worker' and state in ('pending', 'running')
  and worker_id is null;

create table run_transitions (
  transition_id uuid not null,
  project_id text collate "C" not null,
  run_id uuid not null,
  from_state text, -- null: the run's creation
  to_state text not null,
  event text not null,
  actor_kind text not null,
  actor_id text not null,
  reason text,
  at timestamptz not null default clock_timestamp(),
  primary key (project_id, transition_id),
  foreign key (project_id, run_id) references runs
);
create index run_transitions_of_run on run_transitions (project_id, run_id, at, transition_id);

create table run_steps (
  step_id uuid not null,
  project_id text collate "C" not null,
  run_id uuid not null,
  step_seq integer not null check (step_seq >= 1),
  step_key text not null,
  kind text not null check (kind in ('tool_call', 'check', 'message', 'decision', 'note')),
  tool_name text,
  result_status text not null check (result_status in ('pending', 'success', 'error', 'blocked', 'skipped', 'simulated', 'unknown')),
  was_blocked boolean not null default false,
  block_reason text,
  error_code text,
  latency_ms integer,
  cost_usd numeric(14, 6) not null default 0,
  summary text,
  input jsonb,
  output jsonb,
  call_id uuid,
  approval_id uuid,
  created_at timestamptz not null default clock_timestamp(),
  completed_at timestamptz,
  primary key (project_id, step_id),
  unique (project_id, run_id, step_seq),
  unique (project_id, run_id, step_key),
  foreign key (project_id, run_id) references runs
);
create index run_steps_by_time on run_steps (project_id, run_id, (coalesce(completed_at, created_at)), step_seq);

-- calls ---------------------------------------------------------------------------------------------------------

create table mcp_calls (
  call_id uuid not null,
  project_id text collate "C" not null,
  run_id uuid not null,
  step_id uuid,
  approval_id uuid,
  call_key text not null,
  server text,
  tool_name text not null,
  args jsonb, -- redacted
  args_hash text not null,
  effect text not null check (effect in ('read', 'write')),
  is_shadow boolean not null,
  result_status text not null check (result_status in
    ('pending', 'executing', 'success', 'error', 'blocked', 'simulated', 'unknown')),
  result jsonb, -- redacted, size-capped
  result_hash text,
  block_gate smallint check (block_gate between 1 and 5),
  block_code text,
  block_reason text,
  verdicts jsonb not null default '[]',
  agent_reason text,
  attempt integer not null default 1,
  fence bigint,
  latency_ms integer,
  upstream_ms integer,
  cost_usd numeric(14, 6) not null default 0,
  error_code text,
  created_at timestamptz not null default clock_timestamp(),
  completed_at timestamptz,
  deadline_at timestamptz, -- an executing call past it has an unknown fate
  primary key (project_id, call_id),
  foreign key (project_id, run_id) references runs
);
create index mcp_calls_of_run on mcp_calls (project_id, run_id, created_at, call_id);
create index mcp_calls_of_step on mcp_calls (project_id, run_id, step_id, created_at) where step_id is not null;
create index mcp_calls_executing on mcp_calls (deadline_at) where result_status = 'executing';

create table run_budgets (
  project_id text collate "C" not null,
  run_id uuid not null,
  calls_limit integer,
  cost_limit_usd numeric(14, 6),
  calls_used integer not null default 0,
  reserved_usd numeric(14, 6) not null default 0,
  spent_usd numeric(14, 6) not null default 0,
  primary key (project_id, run_id),
  foreign key (project_id, run_id) references runs,
  check (calls_limit is null or calls_used <= calls_limit)
);

create table budget_reservations (
  project_id text collate "C" not null,
  call_id uuid not null,
  run_id uuid not null,
  amount_usd numeric(14, 6) not null check (amount_usd >= 0),
  status text not null check (status in ('reserved', 'spent', 'released')),
  created_at timestamptz not null default clock_timestamp(),
  settled_at timestamptz,
  primary key (project_id, call_id),
  foreign key (project_id, run_id) references runs
);

create table tool_pins (
  project_id text collate "C" not null references projects,
  server_id text collate "C" not null,
  tool_name text collate "C" not null,
  pin_hash text not null,
  definition jsonb not null,
  pinned_at timestamptz not null default clock_timestamp(),
  changed_hash text,
  changed_definition jsonb,
  changed_at timestamptz,
  seen_at timestamptz not null default clock_timestamp(),
  primary key (project_id, server_id, tool_name)
);

-- approvals -----------------------------------------------------------------------------------------------------

create table approvals (
  approval_id uuid not null,
  project_id text collate "C" not null,
  run_id uuid not null,
  call_id uuid not null, -- the call that asked
  step_id uuid,
  call_key text not null,
  agent_id text not null,
  revision_id uuid not null,
  contract_hash text not null,
  policy_hash text,
  server text not null,
  tool_name text not null,
  effect text not null check (effect in ('read', 'write')),
  args_display jsonb not null, -- redacted
  args_ciphertext bytea not null, -- the exact arguments, RFC 8785, encrypted
  asked_hash text not null,
  approved_hash text,
  status text not null check (status in ('open', 'approved', 'rejected', 'expired', 'voided')),
  rule text not null,
  headline jsonb,
  undoable boolean,
  blast_radius jsonb,
  estimate jsonb,
  agent_reason text,
  cost_usd numeric(14, 6) not null default 0,
  verdicts jsonb not null default '[]',
  quorum integer not null default 1 check (quorum >= 1),
  on_reject text not null check (on_reject in ('cancel', 'return')),
  on_expire text not null check (on_expire in ('cancel', 'fail', 'return')),
  redeem_seconds integer not null check (redeem_seconds between 1 and 86400),
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  decided_at timestamptz,
  redeem_by timestamptz,
  jti uuid,
  token text,
  redeemed_at timestamptz,
  redeemed_call_id uuid,
  answered_at timestamptz, -- when the agent was told of a refusal
  void_reason text,
  primary key (project_id, approval_id),
  unique (approval_id),
  foreign key (project_id, run_id) references runs,
  check ((status = 'approved') = (token is not null)),
  check (redeemed_at is null or status = 'approved')
);
create unique index approvals_one_open on approvals (project_id, run_id, call_key, server, tool_name, asked_hash)
  where status = 'open';
create index approvals_open on approvals (project_id, created_at, approval_id) where status = 'open';
create index approvals_of_call on approvals (project_id, run_id, tool_name, asked_hash, created_at desc);
create index approvals_expiry on approvals (expires_at) where status = 'open';

create table approval_decisions (
  decision_id uuid not null,
  project_id text collate "C" not null,
  approval_id uuid not null,
  run_id uuid not null,
  actor_kind text not null,
  actor_id text not null,
  via_key_id text not null,
  decision text not null check (decision in ('approve', 'reject')),
  reason text check (length(reason) <= 4000),
  surface text not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (project_id, decision_id),
  unique (project_id, approval_id, actor_id),
  foreign key (project_id, approval_id) references approvals
);

create table idempotency_keys (
  project_id text collate "C" not null references projects,
  actor_id text not null,
  key text not null check (length(key) between 1 and 255),
  request_hash text not null,
  response jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (project_id, actor_id, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

-- channels ------------------------------------------------------------------------------------------------------

create table channel_events (
  event_id uuid not null,
  project_id text collate "C" not null references projects,
  channel_type text not null,
  channel_id text not null,
  provider_event_id text collate "C" not null,
  channel_chat_id text,
  sender text,
  payload jsonb not null,
  content_preview text,
  fingerprint text collate "C",
  is_duplicate boolean not null default false,
  run_id uuid,
  received_at timestamptz not null default clock_timestamp(),
  primary key (project_id, event_id)
);
create unique index channel_events_first on channel_events (project_id, channel_id, provider_event_id)
  where not is_duplicate;
create index channel_events_newest on channel_events (project_id, received_at desc, event_id desc);
create index channel_events_by_provider_id on channel_events (project_id, provider_event_id);
create index channel_events_of_run on channel_events (project_id, run_id, received_at) where run_id is not null;
create index channel_events_by_fingerprint on channel_events (project_id, channel_id, fingerprint, received_at desc)
  where run_id is not null;

create table outbound_messages (
  message_id uuid not null,
  project_id text collate "C" not null references projects,
  run_id uuid,
  channel_type text not null,
  channel_id text not null,
  message_type text not null check (message_type in ('approval_request', 'interim', 'final', 'error', 'notice')),
  subject_kind text,
  content jsonb not null,
  content_preview text,
  send_status text not null check (send_status in ('queued', 'sent', 'failed', 'suppressed')),
  send_error text,
  provider_message_id text,
  attempt_count integer not null default 0,
  queued_at timestamptz not null default clock_timestamp(),
  sent_at timestamptz,
  triggered_by_state text,
  primary key (project_id, message_id),
  foreign key (project_id, run_id) references runs
);
create index outbound_messages_of_run on outbound_messages (project_id, run_id, queued_at, message_id);
create index outbound_messages_by_time on outbound_messages (project_id, run_id, (coalesce(sent_at, queued_at)));
create index outbound_messages_queued on outbound_messages (queued_at) where send_status = 'queued';

-- row-level security --------------------------------------------------------------------------------------------
-- Policies per role, never two permissive ones for one role: they would be ORed into every query. The list of
-- projects is read once per statement (the inner select makes it an InitPlan), so the index on project_id serves.

do $$
declare
  t text;
  mine constant text :=
    'project_id = any ((select string_to_array(nullif(current_setting(''awooop.projects'', true), ''''), '',''))::text[])';
begin
  foreach t in array array[
    'projects', 'audit_log', 'audit_private', 'secrets', 'contract_revisions', 'runs', 'run_transitions', 'run_steps',
    'mcp_calls', 'run_budgets', 'budget_reservations', 'tool_pins', 'approvals', 'approval_decisions',
    'idempotency_keys', 'channel_events', 'outbound_messages'
  ] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy tenant on %I to awooop_app using (%s) with check (%s)', t, mine, mine);
    execute format('create policy platform on %I to awooop_platform using (true) with check (true)', t);
  end loop;
  foreach t in array array['api_keys', 'sessions', 'signing_keys'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
  end loop;
end
$$;

-- A key belongs to a tenant's administrator only if every project it opens is theirs.
create policy tenant on api_keys to awooop_app
  using (projects <@ (select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[])
  with check (projects <@ (select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]);
create policy platform on api_keys to awooop_platform using (true) with check (true);
create policy system on api_keys to awooop_system using (true) with check (true);
create policy system on sessions to awooop_system using (true) with check (true);
create policy tenant on signing_keys for select to awooop_app using (true);
create policy platform on signing_keys for select to awooop_platform using (true);
create policy system on signing_keys to awooop_system using (true) with check (true);

-- What runs before a tenant is known: sweepers find ids here and then act as that tenant.
create policy system on projects for select to awooop_system using (true);
create policy system on runs for select to awooop_system using (true);
create policy system on mcp_calls for select to awooop_system using (true);
create policy system on approvals for select to awooop_system using (true);
create policy system on outbound_messages for select to awooop_system using (true);
create policy system on audit_log for insert to awooop_system with check (project_id = '_platform');
create policy system on audit_private for insert to awooop_system with check (project_id = '_platform');
create policy system on idempotency_keys to awooop_system using (true);

-- grants: each role gets the verbs it needs; nothing that is append-only can be changed --------------------------

grant usage on schema awooop to awooop_app, awooop_platform, awooop_system;
grant select, insert on
  audit_log, audit_private, run_transitions, approval_decisions, idempotency_keys
  to awooop_app, awooop_platform;
grant select, insert, update on
  runs, run_steps, mcp_calls, run_budgets, budget_reservations, tool_pins, approvals, channel_events, outbound_messages
  to awooop_app, awooop_platform;
grant select, insert, update, delete on secrets to awooop_app, awooop_platform;
grant select, insert on contract_revisions to awooop_app, awooop_platform;
grant update (lifecycle_status) on contract_revisions to awooop_app, awooop_platform;
grant select on projects to awooop_app;
grant select, insert, update on projects to awooop_platform;
grant select, insert, update (revoked_at) on api_keys to awooop_app, awooop_platform;
grant select on signing_keys to awooop_app, awooop_platform;

grant select, insert, update on api_keys to awooop_system;
grant select, insert, delete on sessions to awooop_system;
grant select, insert, update on signing_keys to awooop_system;
grant select on projects, runs, mcp_calls, approvals, outbound_messages to awooop_system;
grant insert on audit_log, audit_private to awooop_system;
grant select (created_at), delete on idempotency_keys to awooop_system;

-- the one definer function --------------------------------------------------------------------------------------
-- FORCE binds the owner too, so the function's owner has a policy of its own; without it the list would be empty.

create policy catalog on projects for select to awooop_catalog using (true);
grant usage on schema awooop to awooop_catalog;
grant select on projects to awooop_catalog;

create function awooop_operator_list_projects()
returns table (
  project_id text, display_name text, migration_mode text, budget_limit_usd numeric, is_active boolean,
  created_at timestamptz
)
language sql stable security definer set search_path = awooop, pg_temp
as $$
  select p.project_id, p.display_name, p.migration_mode, p.budget_limit_usd, p.is_active, p.created_at
  from awooop.projects p order by p.project_id
$$;
revoke all on function awooop_operator_list_projects() from public;
grant execute on function awooop_operator_list_projects() to awooop_platform;
grant create on schema awooop to awooop_catalog;
alter function awooop_operator_list_projects() owner to awooop_catalog;
revoke create on schema awooop from awooop_catalog;
