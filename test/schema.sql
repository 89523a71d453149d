-- The schema awooop as the migrations leave it. Written by scripts/dump-schema.ts, not by hand.
-- role awooop_app: nologin
-- role awooop_catalog: nologin
-- role awooop_jobs: nologin
-- role awooop_owner: nologin
-- role awooop_platform: nologin
-- role awooop_retention: nologin
-- role awooop_search: nologin
-- role awooop_system: nologin

grant usage on schema awooop to awooop_app;
grant usage on schema awooop to awooop_catalog;
grant usage on schema awooop to awooop_platform;
grant usage on schema awooop to awooop_retention;
grant usage on schema awooop to awooop_search;
grant usage on schema awooop to awooop_system;

create table api_keys (
  key_id text collate "C" not null,
  name text not null,
  role text not null,
  projects text[],
  agent_id text,
  hold_seconds integer not null default 4,
  may_act_for_others boolean not null default false,
  secret_hash bytea not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  created_by text not null,
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  last_used_at timestamp with time zone,
  held_by text,
  constraint api_keys_pkey PRIMARY KEY (key_id),
  constraint api_keys_check CHECK (((role <> 'agent'::text) OR ((agent_id IS NOT NULL) AND (cardinality(projects) = 1)))),
  constraint api_keys_held_by_check CHECK (((length(held_by) >= 1) AND (length(held_by) <= 200))),
  constraint api_keys_hold_seconds_check CHECK (((hold_seconds >= 0) AND (hold_seconds <= 50))),
  constraint api_keys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
  constraint api_keys_projects_check CHECK ((cardinality(projects) >= 1)),
  constraint api_keys_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'operator'::text, 'admin'::text, 'agent'::text])))
);
alter table api_keys owner to awooop_owner;
alter table api_keys enable row level security;
alter table api_keys force row level security;
create policy platform on api_keys as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy system on api_keys as permissive for all to awooop_system
  using (true)
  with check (true);
create policy tenant on api_keys as permissive for all to awooop_app
  using ((projects <@ ( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)))
  with check ((projects <@ ( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)));
grant select, insert, update (revoked_at) on api_keys to awooop_app;
grant select, insert, update (revoked_at) on api_keys to awooop_platform;
grant select, insert, update on api_keys to awooop_system;

create table approval_decisions (
  decision_id uuid not null,
  project_id text collate "C" not null,
  approval_id uuid not null,
  run_id uuid not null,
  actor_kind text not null,
  actor_id text not null,
  via_key_id text not null,
  decision text not null,
  reason text,
  surface text not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  round integer not null default 1,
  counts_for text,
  delegation_id uuid,
  allowed_by jsonb not null default '{}'::jsonb,
  seen_hash text,
  args_hash_confirmed boolean,
  constraint approval_decisions_pkey PRIMARY KEY (project_id, decision_id),
  constraint approval_decisions_once UNIQUE (project_id, approval_id, actor_id, round),
  constraint approval_decisions_delegation FOREIGN KEY (project_id, delegation_id, counts_for, actor_id) REFERENCES delegations(project_id, delegation_id, delegated_by, delegated_to),
  constraint approval_decisions_project_id_approval_id_fkey FOREIGN KEY (project_id, approval_id) REFERENCES approvals(project_id, approval_id),
  constraint approval_decisions_decision_check CHECK ((decision = ANY (ARRAY['approve'::text, 'reject'::text, 'request_changes'::text, 'edit'::text]))),
  constraint approval_decisions_lent CHECK (((delegation_id IS NOT NULL) = ((counts_for IS NOT NULL) AND (counts_for <> actor_id)))),
  constraint approval_decisions_reason_check CHECK ((length(reason) <= 4000)),
  constraint approval_decisions_yes CHECK (((counts_for IS NULL) OR (decision = ANY (ARRAY['approve'::text, 'edit'::text]))))
);
alter table approval_decisions owner to awooop_owner;
create unique index approval_decisions_one_right ON awooop.approval_decisions USING btree (project_id, approval_id, round, counts_for) WHERE (counts_for IS NOT NULL);
CREATE TRIGGER approval_decisions_count BEFORE INSERT ON awooop.approval_decisions FOR EACH ROW EXECUTE FUNCTION awooop_decision_counts();
alter table approval_decisions enable row level security;
alter table approval_decisions force row level security;
create policy platform on approval_decisions as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on approval_decisions as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy tenant on approval_decisions as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert on approval_decisions to awooop_app;
grant select, insert on approval_decisions to awooop_platform;
grant select, delete on approval_decisions to awooop_retention;

create table approval_redemptions (
  project_id text collate "C" not null,
  jti uuid not null,
  approval_id uuid not null,
  run_id uuid not null,
  call_id uuid not null,
  args_hash text not null,
  redeemed_at timestamp with time zone not null default clock_timestamp(),
  constraint approval_redemptions_pkey PRIMARY KEY (project_id, jti),
  constraint approval_redemptions_project_id_approval_id_key UNIQUE (project_id, approval_id),
  constraint approval_redemptions_project_id_approval_id_fkey FOREIGN KEY (project_id, approval_id) REFERENCES approvals(project_id, approval_id)
);
alter table approval_redemptions owner to awooop_owner;
create index approval_redemptions_of_run ON awooop.approval_redemptions USING btree (project_id, run_id);
alter table approval_redemptions enable row level security;
alter table approval_redemptions force row level security;
create policy platform on approval_redemptions as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on approval_redemptions as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy tenant on approval_redemptions as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert on approval_redemptions to awooop_app;
grant select, insert on approval_redemptions to awooop_platform;
grant select, delete on approval_redemptions to awooop_retention;

create table approval_seen (
  project_id text collate "C" not null,
  decision_id uuid not null,
  run_id uuid not null,
  content jsonb not null,
  constraint approval_seen_pkey PRIMARY KEY (project_id, decision_id),
  constraint approval_seen_project_id_decision_id_fkey FOREIGN KEY (project_id, decision_id) REFERENCES approval_decisions(project_id, decision_id)
);
alter table approval_seen owner to awooop_owner;
create index approval_seen_of_run ON awooop.approval_seen USING btree (project_id, run_id);
alter table approval_seen enable row level security;
alter table approval_seen force row level security;
create policy platform on approval_seen as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on approval_seen as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy tenant on approval_seen as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert on approval_seen to awooop_app;
grant select, insert on approval_seen to awooop_platform;
grant select, delete on approval_seen to awooop_retention;

create table approvals (
  approval_id uuid not null,
  project_id text collate "C" not null,
  run_id uuid not null,
  call_id uuid not null,
  step_id uuid,
  call_key text not null,
  agent_id text not null,
  revision_id uuid not null,
  contract_hash text not null,
  policy_hash text,
  server text not null,
  tool_name text not null,
  effect text not null,
  args_display jsonb not null,
  args_ciphertext bytea not null,
  asked_hash text not null,
  approved_hash text,
  status text not null,
  rule text not null,
  headline jsonb,
  undoable boolean,
  blast_radius jsonb,
  estimate jsonb,
  agent_reason text,
  cost_usd numeric(14,6) not null default 0,
  verdicts jsonb not null default '[]'::jsonb,
  quorum integer not null default 1,
  on_reject text not null,
  on_expire text not null,
  redeem_seconds integer not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  expires_at timestamp with time zone not null,
  decided_at timestamp with time zone,
  redeem_by timestamp with time zone,
  jti uuid,
  token text,
  redeemed_at timestamp with time zone,
  redeemed_call_id uuid,
  answered_at timestamp with time zone,
  void_reason text,
  approved_args_ciphertext bytea,
  approved_args_display jsonb,
  round integer not null default 1,
  approver_group text,
  two_person boolean not null default false,
  editor_counts boolean not null default false,
  requested_by text,
  contract_author text,
  edited_by text,
  escalation jsonb not null default '[]'::jsonb,
  steps_done integer not null default 0,
  next_step_at timestamp with time zone,
  escalated_groups text[] not null default '{}'::text[],
  args_shape text,
  demand jsonb,
  risks jsonb,
  revision integer not null default 1,
  revision_of uuid,
  constraint approvals_pkey PRIMARY KEY (project_id, approval_id),
  constraint approvals_approval_id_key UNIQUE (approval_id),
  constraint approvals_project_id_run_id_fkey FOREIGN KEY (project_id, run_id) REFERENCES runs(project_id, run_id),
  constraint approvals_revision_of_fkey FOREIGN KEY (project_id, revision_of) REFERENCES approvals(project_id, approval_id),
  constraint approvals_args_shape_check CHECK ((args_shape ~ '^[0-9a-f]{64}$'::text)),
  constraint approvals_check CHECK (((status = 'approved'::text) = (token IS NOT NULL))),
  constraint approvals_check1 CHECK (((redeemed_at IS NULL) OR (status = 'approved'::text))),
  constraint approvals_effect_check CHECK ((effect = ANY (ARRAY['read'::text, 'write'::text]))),
  constraint approvals_on_expire_check CHECK ((on_expire = ANY (ARRAY['cancel'::text, 'fail'::text, 'return'::text]))),
  constraint approvals_on_reject_check CHECK ((on_reject = ANY (ARRAY['cancel'::text, 'return'::text]))),
  constraint approvals_quorum_check CHECK ((quorum >= 1)),
  constraint approvals_redeem_seconds_check CHECK (((redeem_seconds >= 1) AND (redeem_seconds <= 86400))),
  constraint approvals_revision_check CHECK ((revision >= 1)),
  constraint approvals_round_check CHECK ((round >= 1)),
  constraint approvals_status_check CHECK ((status = ANY (ARRAY['open'::text, 'approved'::text, 'rejected'::text, 'changes_requested'::text, 'expired'::text, 'voided'::text]))),
  constraint approvals_steps_done_check CHECK ((steps_done >= 0))
);
alter table approvals owner to awooop_owner;
create index approvals_alike ON awooop.approvals USING btree (project_id, server, tool_name, args_shape, decided_at DESC) WHERE (status = ANY (ARRAY['approved'::text, 'rejected'::text, 'changes_requested'::text]));
create index approvals_asked ON awooop.approvals USING btree (project_id, created_at DESC) INCLUDE (status, decided_at);
create index approvals_closed ON awooop.approvals USING btree (project_id, decided_at DESC, approval_id DESC) WHERE (decided_at IS NOT NULL);
create index approvals_expiry ON awooop.approvals USING btree (expires_at) WHERE (status = 'open'::text);
create index approvals_of_agent ON awooop.approvals USING btree (project_id, agent_id, server, tool_name, created_at);
create index approvals_of_call ON awooop.approvals USING btree (project_id, run_id, tool_name, asked_hash, created_at DESC);
create unique index approvals_one_open ON awooop.approvals USING btree (project_id, run_id, call_key, server, tool_name, asked_hash) WHERE (status = 'open'::text);
create index approvals_open ON awooop.approvals USING btree (project_id, created_at, approval_id) WHERE (status = 'open'::text);
create index approvals_open_of_revision ON awooop.approvals USING btree (project_id, revision_id) WHERE (status = 'open'::text);
create index approvals_open_of_tool ON awooop.approvals USING btree (project_id, server, tool_name) WHERE (status = 'open'::text);
create unique index approvals_revised ON awooop.approvals USING btree (project_id, revision_of) WHERE (revision_of IS NOT NULL);
create index approvals_step_due ON awooop.approvals USING btree (next_step_at) WHERE ((status = 'open'::text) AND (next_step_at IS NOT NULL));
CREATE TRIGGER approvals_enough BEFORE UPDATE ON awooop.approvals FOR EACH ROW WHEN (((new.status = 'approved'::text) AND (old.status <> 'approved'::text))) EXECUTE FUNCTION awooop_approval_complete();
alter table approvals enable row level security;
alter table approvals force row level security;
create policy platform on approvals as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on approvals as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy system on approvals as permissive for select to awooop_system
  using (true);
create policy tenant on approvals as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update on approvals to awooop_app;
grant select, insert, update on approvals to awooop_platform;
grant select, update (args_display, args_ciphertext, approved_args_ciphertext, approved_args_display), delete on approvals to awooop_retention;
grant select on approvals to awooop_system;

create table audit_log (
  audit_id uuid not null,
  project_id text collate "C" not null,
  at timestamp with time zone not null default clock_timestamp(),
  actor_kind text not null,
  actor_id text not null,
  action text not null,
  subject_kind text not null,
  subject_id text not null,
  details jsonb not null default '{}'::jsonb,
  private_hash bytea,
  constraint audit_log_pkey PRIMARY KEY (project_id, audit_id)
);
alter table audit_log owner to awooop_owner;
create index audit_log_action ON awooop.audit_log USING btree (project_id, action, at DESC, audit_id DESC);
create index audit_log_actor ON awooop.audit_log USING btree (project_id, actor_id, at DESC, audit_id DESC);
create index audit_log_newest ON awooop.audit_log USING btree (project_id, at DESC, audit_id DESC);
create index audit_log_target ON awooop.audit_log USING btree (project_id, subject_id, at DESC, audit_id DESC);
alter table audit_log enable row level security;
alter table audit_log force row level security;
create policy platform on audit_log as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on audit_log as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy system on audit_log as permissive for insert to awooop_system
  with check ((project_id = '_platform'::text));
create policy tenant on audit_log as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert on audit_log to awooop_app;
grant select, insert on audit_log to awooop_platform;
grant insert on audit_log to awooop_retention;
grant insert on audit_log to awooop_system;

create table audit_private (
  audit_id uuid not null,
  project_id text collate "C" not null,
  content jsonb not null,
  constraint audit_private_pkey PRIMARY KEY (project_id, audit_id),
  constraint audit_private_project_id_audit_id_fkey FOREIGN KEY (project_id, audit_id) REFERENCES audit_log(project_id, audit_id)
);
alter table audit_private owner to awooop_owner;
alter table audit_private enable row level security;
alter table audit_private force row level security;
create policy platform on audit_private as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy system on audit_private as permissive for insert to awooop_system
  with check ((project_id = '_platform'::text));
create policy tenant on audit_private as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert on audit_private to awooop_app;
grant select, insert on audit_private to awooop_platform;
grant insert on audit_private to awooop_system;

create table budget_reservations (
  project_id text collate "C" not null,
  call_id uuid not null,
  run_id uuid not null,
  amount_usd numeric(14,6) not null,
  status text not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  settled_at timestamp with time zone,
  month date,
  windows jsonb not null default '[]'::jsonb,
  constraint budget_reservations_pkey PRIMARY KEY (project_id, call_id),
  constraint budget_reservations_project_id_run_id_fkey FOREIGN KEY (project_id, run_id) REFERENCES runs(project_id, run_id),
  constraint budget_reservations_amount_usd_check CHECK ((amount_usd >= (0)::numeric)),
  constraint budget_reservations_status_check CHECK ((status = ANY (ARRAY['reserved'::text, 'spent'::text, 'released'::text])))
);
alter table budget_reservations owner to awooop_owner;
create index budget_reservations_of_run ON awooop.budget_reservations USING btree (project_id, run_id);
alter table budget_reservations enable row level security;
alter table budget_reservations force row level security;
create policy platform on budget_reservations as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on budget_reservations as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy tenant on budget_reservations as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update on budget_reservations to awooop_app;
grant select, insert, update on budget_reservations to awooop_platform;
grant select, delete on budget_reservations to awooop_retention;

create table budget_windows (
  project_id text collate "C" not null,
  scope text not null,
  subject text collate "C" not null,
  period text not null,
  run_id uuid,
  starts_at timestamp with time zone not null,
  calls_used integer not null default 0,
  reserved_usd numeric(20,6) not null default 0,
  spent_usd numeric(20,6) not null default 0,
  constraint budget_windows_pkey PRIMARY KEY (project_id, scope, subject, period),
  constraint budget_windows_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id),
  constraint budget_windows_project_id_run_id_fkey FOREIGN KEY (project_id, run_id) REFERENCES runs(project_id, run_id),
  constraint budget_windows_calls_used_check CHECK ((calls_used >= 0)),
  constraint budget_windows_period_check CHECK ((period = ANY (ARRAY['minute'::text, 'day'::text]))),
  constraint budget_windows_scope_check CHECK ((scope = ANY (ARRAY['run'::text, 'agent'::text, 'tool'::text, 'project'::text])))
);
alter table budget_windows owner to awooop_owner;
create index budget_windows_of_run ON awooop.budget_windows USING btree (project_id, run_id) WHERE (run_id IS NOT NULL);
alter table budget_windows enable row level security;
alter table budget_windows force row level security;
create policy platform on budget_windows as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on budget_windows as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy tenant on budget_windows as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update on budget_windows to awooop_app;
grant select, insert, update on budget_windows to awooop_platform;
grant select, delete on budget_windows to awooop_retention;

create table channel_cases (
  project_id text collate "C" not null,
  case_id uuid not null,
  channel_id text not null,
  case_key text collate "C" not null,
  run_id uuid,
  title text not null,
  event_count integer not null default 0,
  resolved_count integer not null default 0,
  opened_at timestamp with time zone not null,
  last_event_at timestamp with time zone not null,
  closes_at timestamp with time zone not null,
  storm_at timestamp with time zone,
  constraint channel_cases_pkey PRIMARY KEY (project_id, case_id),
  constraint channel_cases_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id)
);
alter table channel_cases owner to awooop_owner;
create index channel_cases_newest ON awooop.channel_cases USING btree (project_id, last_event_at DESC, case_id DESC);
create index channel_cases_of_key ON awooop.channel_cases USING btree (project_id, channel_id, case_key, opened_at DESC);
alter table channel_cases enable row level security;
alter table channel_cases force row level security;
create policy platform on channel_cases as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on channel_cases as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy tenant on channel_cases as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update on channel_cases to awooop_app;
grant select, insert, update on channel_cases to awooop_platform;
grant select, update (title), delete on channel_cases to awooop_retention;

create table channel_events (
  event_id uuid not null,
  project_id text collate "C" not null,
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
  received_at timestamp with time zone not null default clock_timestamp(),
  payload_erased_at timestamp with time zone,
  case_id uuid,
  constraint channel_events_pkey PRIMARY KEY (project_id, event_id),
  constraint channel_events_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id)
);
alter table channel_events owner to awooop_owner;
create index channel_events_by_fingerprint ON awooop.channel_events USING btree (project_id, channel_id, fingerprint, received_at DESC) WHERE (run_id IS NOT NULL);
create index channel_events_by_provider_id ON awooop.channel_events USING btree (project_id, provider_event_id);
create index channel_events_by_type ON awooop.channel_events USING btree (project_id, channel_type, received_at DESC, event_id DESC);
create unique index channel_events_first ON awooop.channel_events USING btree (project_id, channel_id, provider_event_id) WHERE (NOT is_duplicate);
create index channel_events_newest ON awooop.channel_events USING btree (project_id, received_at DESC, event_id DESC);
create index channel_events_of_case ON awooop.channel_events USING btree (project_id, case_id, received_at) WHERE (case_id IS NOT NULL);
create index channel_events_of_run ON awooop.channel_events USING btree (project_id, run_id, received_at) WHERE (run_id IS NOT NULL);
create index channel_events_with_payload ON awooop.channel_events USING btree (project_id, received_at, event_id) WHERE (payload_erased_at IS NULL);
alter table channel_events enable row level security;
alter table channel_events force row level security;
create policy platform on channel_events as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on channel_events as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy tenant on channel_events as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update on channel_events to awooop_app;
grant select, insert, update on channel_events to awooop_platform;
grant select, update (payload, payload_erased_at), delete on channel_events to awooop_retention;

create table channel_hours (
  project_id text collate "C" not null,
  channel_id text not null,
  hour timestamp with time zone not null,
  event_count bigint not null default 0,
  refused_count bigint not null default 0,
  last_event_at timestamp with time zone,
  last_refused_at timestamp with time zone,
  last_refused_code text,
  constraint channel_hours_pkey PRIMARY KEY (project_id, channel_id, hour),
  constraint channel_hours_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id)
);
alter table channel_hours owner to awooop_owner;
create index channel_hours_old ON awooop.channel_hours USING btree (hour);
alter table channel_hours enable row level security;
alter table channel_hours force row level security;
create policy platform on channel_hours as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy system on channel_hours as permissive for all to awooop_system
  using (true)
  with check (true);
create policy tenant on channel_hours as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update (event_count, refused_count, last_event_at, last_refused_at, last_refused_code) on channel_hours to awooop_app;
grant select, insert, update (event_count, refused_count, last_event_at, last_refused_at, last_refused_code) on channel_hours to awooop_platform;
grant select, delete on channel_hours to awooop_system;

create table chat_link_codes (
  project_id text collate "C" not null,
  key_id text not null,
  code_hash bytea not null,
  expires_at timestamp with time zone not null,
  constraint chat_link_codes_pkey PRIMARY KEY (project_id, key_id),
  constraint chat_link_codes_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys(key_id),
  constraint chat_link_codes_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id),
  constraint chat_link_codes_code_hash_check CHECK ((length(code_hash) = 32))
);
alter table chat_link_codes owner to awooop_owner;
create index chat_link_codes_expiry ON awooop.chat_link_codes USING btree (expires_at);
create unique index chat_link_codes_of_hash ON awooop.chat_link_codes USING btree (project_id, code_hash);
alter table chat_link_codes enable row level security;
alter table chat_link_codes force row level security;
create policy platform on chat_link_codes as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy system on chat_link_codes as permissive for all to awooop_system
  using (true);
create policy tenant on chat_link_codes as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update, delete on chat_link_codes to awooop_app;
grant select, insert, update, delete on chat_link_codes to awooop_platform;
grant select (expires_at), delete on chat_link_codes to awooop_system;

create table chat_links (
  project_id text collate "C" not null,
  link_id uuid not null,
  channel_type text not null,
  channel_id text not null,
  user_id text not null,
  user_name text not null,
  key_id text not null,
  member_id text not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  constraint chat_links_pkey PRIMARY KEY (project_id, link_id),
  constraint chat_links_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys(key_id),
  constraint chat_links_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id),
  constraint chat_links_channel_type_check CHECK ((channel_type = ANY (ARRAY['telegram'::text, 'slack'::text]))),
  constraint chat_links_user_id_check CHECK (((length(user_id) >= 1) AND (length(user_id) <= 200))),
  constraint chat_links_user_name_check CHECK ((length(user_name) <= 200))
);
alter table chat_links owner to awooop_owner;
create index chat_links_newest ON awooop.chat_links USING btree (project_id, created_at DESC, link_id DESC);
create index chat_links_of_key ON awooop.chat_links USING btree (key_id);
create unique index chat_links_of_user ON awooop.chat_links USING btree (project_id, channel_type, user_id);
alter table chat_links enable row level security;
alter table chat_links force row level security;
create policy platform on chat_links as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy system on chat_links as permissive for select to awooop_system
  using (true);
create policy tenant on chat_links as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update (link_id, channel_id, user_name, key_id, member_id, created_at), delete on chat_links to awooop_app;
grant select, insert, update (link_id, channel_id, user_name, key_id, member_id, created_at), delete on chat_links to awooop_platform;
grant select on chat_links to awooop_system;

create table contract_revisions (
  revision_id uuid not null,
  project_id text collate "C" not null,
  contract_id text collate "C" not null,
  contract_family text not null,
  lifecycle_status text not null,
  body jsonb not null,
  body_hash text not null,
  version_major integer not null,
  version_minor integer not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  created_by text not null,
  base_revision_id uuid,
  change_level text not null default 'initial'::text,
  change_reasons jsonb not null default '[]'::jsonb,
  constraint contract_revisions_pkey PRIMARY KEY (project_id, revision_id),
  constraint contract_revisions_id UNIQUE (revision_id),
  constraint contract_revisions_project_id_contract_id_version_major_ver_key UNIQUE (project_id, contract_id, version_major, version_minor),
  constraint contract_revisions_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id),
  constraint contract_revisions_body_hash_check CHECK ((body_hash ~ '^[0-9a-f]{64}$'::text)),
  constraint contract_revisions_change_level_check CHECK ((change_level = ANY (ARRAY['initial'::text, 'minor'::text, 'major'::text]))),
  constraint contract_revisions_contract_family_check CHECK ((contract_family = ANY (ARRAY['agent'::text, 'tool_server'::text, 'policy'::text, 'channel'::text]))),
  constraint contract_revisions_contract_id_check CHECK ((contract_id ~ '^[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?$'::text)),
  constraint contract_revisions_lifecycle_status_check CHECK ((lifecycle_status = ANY (ARRAY['draft'::text, 'review'::text, 'active'::text, 'deprecated'::text, 'retired'::text, 'rejected'::text]))),
  constraint contract_revisions_version_major_check CHECK ((version_major >= 0)),
  constraint contract_revisions_version_minor_check CHECK ((version_minor >= 0))
);
alter table contract_revisions owner to awooop_owner;
create index contract_revisions_active_family ON awooop.contract_revisions USING btree (project_id, contract_family) WHERE (lifecycle_status = 'active'::text);
create index contract_revisions_newest ON awooop.contract_revisions USING btree (project_id, created_at DESC, revision_id DESC);
create index contract_revisions_of_contract ON awooop.contract_revisions USING btree (project_id, contract_id, created_at DESC, revision_id DESC);
create unique index contract_revisions_one_active ON awooop.contract_revisions USING btree (project_id, contract_id) WHERE (lifecycle_status = 'active'::text);
alter table contract_revisions enable row level security;
alter table contract_revisions force row level security;
create policy platform on contract_revisions as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy tenant on contract_revisions as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update (lifecycle_status) on contract_revisions to awooop_app;
grant select, insert, update (lifecycle_status) on contract_revisions to awooop_platform;

create table contract_transitions (
  transition_id uuid not null,
  project_id text collate "C" not null,
  revision_id uuid not null,
  from_status text,
  to_status text not null,
  event text not null,
  actor_kind text not null,
  actor_id text not null,
  reason text,
  at timestamp with time zone not null default clock_timestamp(),
  constraint contract_transitions_pkey PRIMARY KEY (project_id, transition_id),
  constraint contract_transitions_project_id_revision_id_fkey FOREIGN KEY (project_id, revision_id) REFERENCES contract_revisions(project_id, revision_id),
  constraint contract_transitions_event_check CHECK ((event = ANY (ARRAY['create'::text, 'submit'::text, 'approve'::text, 'reject'::text, 'activate'::text, 'deprecate'::text, 'retire'::text]))),
  constraint contract_transitions_reason_check CHECK ((length(reason) <= 4000))
);
alter table contract_transitions owner to awooop_owner;
create index contract_transitions_of_revision ON awooop.contract_transitions USING btree (project_id, revision_id, at, transition_id);
alter table contract_transitions enable row level security;
alter table contract_transitions force row level security;
create policy platform on contract_transitions as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy tenant on contract_transitions as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert on contract_transitions to awooop_app;
grant select, insert on contract_transitions to awooop_platform;

create table delegations (
  project_id text collate "C" not null,
  delegation_id uuid not null,
  delegated_by text collate "C" not null,
  delegated_to text collate "C" not null,
  group_name text,
  created_at timestamp with time zone not null default clock_timestamp(),
  created_by text not null,
  ends_at timestamp with time zone not null,
  revoked_at timestamp with time zone,
  revoked_by text,
  constraint delegations_pkey PRIMARY KEY (project_id, delegation_id),
  constraint delegations_whose UNIQUE (project_id, delegation_id, delegated_by, delegated_to),
  constraint delegations_project_id_delegated_by_fkey FOREIGN KEY (project_id, delegated_by) REFERENCES members(project_id, member_id),
  constraint delegations_project_id_delegated_to_fkey FOREIGN KEY (project_id, delegated_to) REFERENCES members(project_id, member_id),
  constraint delegations_check CHECK (((revoked_at IS NULL) = (revoked_by IS NULL))),
  constraint delegations_end CHECK (((ends_at > created_at) AND (ends_at <= (created_at + '90 days'::interval)))),
  constraint delegations_group_name_check CHECK (((length(group_name) >= 1) AND (length(group_name) <= 63))),
  constraint delegations_to_another CHECK ((delegated_by <> delegated_to))
);
alter table delegations owner to awooop_owner;
create index delegations_newest ON awooop.delegations USING btree (project_id, created_at DESC, delegation_id DESC);
create index delegations_standing ON awooop.delegations USING btree (project_id, delegated_to, ends_at) WHERE (revoked_at IS NULL);
CREATE TRIGGER delegations_in_turn BEFORE INSERT OR UPDATE ON awooop.delegations FOR EACH ROW EXECUTE FUNCTION awooop_change_people();
alter table delegations enable row level security;
alter table delegations force row level security;
create policy platform on delegations as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy tenant on delegations as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update (revoked_at, revoked_by) on delegations to awooop_app;
grant select, insert, update (revoked_at, revoked_by) on delegations to awooop_platform;

create table freezes (
  freeze_id uuid not null,
  project_id text collate "C" not null,
  scope text not null,
  agent_id text,
  held_by text not null,
  reason text not null,
  frozen_at timestamp with time zone not null default clock_timestamp(),
  frozen_by_kind text not null,
  frozen_by text not null,
  lifted_at timestamp with time zone,
  lifted_by_kind text,
  lifted_by text,
  lift_reason text,
  constraint freezes_pkey PRIMARY KEY (project_id, freeze_id),
  constraint freezes_check CHECK (((scope = 'agent'::text) = (agent_id IS NOT NULL))),
  constraint freezes_check1 CHECK (((scope = 'platform'::text) = (project_id = '_platform'::text))),
  constraint freezes_check2 CHECK (((scope <> 'platform'::text) OR (held_by = 'platform'::text))),
  constraint freezes_check3 CHECK ((num_nulls(lifted_at, lifted_by_kind, lifted_by, lift_reason) = ANY (ARRAY[0, 4]))),
  constraint freezes_held_by_check CHECK ((held_by = ANY (ARRAY['project'::text, 'platform'::text]))),
  constraint freezes_lift_reason_check CHECK (((length(lift_reason) >= 1) AND (length(lift_reason) <= 500))),
  constraint freezes_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 500))),
  constraint freezes_scope_check CHECK ((scope = ANY (ARRAY['agent'::text, 'project'::text, 'platform'::text])))
);
alter table freezes owner to awooop_owner;
create index freezes_newest ON awooop.freezes USING btree (frozen_at DESC, freeze_id DESC);
create unique index freezes_standing ON awooop.freezes USING btree (project_id, COALESCE(agent_id, ''::text), held_by) WHERE (lifted_at IS NULL);
alter table freezes enable row level security;
alter table freezes force row level security;
create policy platform on freezes as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy system on freezes as permissive for select to awooop_system
  using (true);
create policy tenant_lifts on freezes as permissive for update to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
create policy tenant_reads on freezes as permissive for select to awooop_app
  using ((project_id = ANY (( SELECT array_append(string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text), '_platform'::text) AS array_append)::text[])));
create policy tenant_sets on freezes as permissive for insert to awooop_app
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update (lifted_at, lifted_by_kind, lifted_by, lift_reason) on freezes to awooop_app;
grant select, insert, update (lifted_at, lifted_by_kind, lifted_by, lift_reason) on freezes to awooop_platform;
grant select on freezes to awooop_system;

create table idempotency_keys (
  project_id text collate "C" not null,
  actor_id text not null,
  key text not null,
  request_hash text not null,
  response jsonb not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  constraint idempotency_keys_pkey PRIMARY KEY (project_id, actor_id, key),
  constraint idempotency_keys_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id),
  constraint idempotency_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 255)))
);
alter table idempotency_keys owner to awooop_owner;
create index idempotency_keys_age ON awooop.idempotency_keys USING btree (created_at);
alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
create policy platform on idempotency_keys as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy system on idempotency_keys as permissive for all to awooop_system
  using (true);
create policy tenant on idempotency_keys as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert on idempotency_keys to awooop_app;
grant select, insert on idempotency_keys to awooop_platform;
grant select (created_at), delete on idempotency_keys to awooop_system;

create table mcp_calls (
  call_id uuid not null,
  project_id text collate "C" not null,
  run_id uuid not null,
  step_id uuid,
  approval_id uuid,
  call_key text not null,
  server text,
  tool_name text not null,
  args jsonb,
  args_hash text not null,
  effect text not null,
  is_shadow boolean not null,
  result_status text not null,
  result jsonb,
  result_hash text,
  block_gate smallint,
  block_code text,
  block_reason text,
  verdicts jsonb not null default '[]'::jsonb,
  agent_reason text,
  attempt integer not null default 1,
  fence bigint,
  latency_ms integer,
  upstream_ms integer,
  cost_usd numeric(14,6) not null default 0,
  error_code text,
  created_at timestamp with time zone not null default clock_timestamp(),
  completed_at timestamp with time zone,
  deadline_at timestamp with time zone,
  flags text[] not null default '{}'::text[],
  round smallint not null default 0,
  constraint mcp_calls_pkey PRIMARY KEY (project_id, call_id),
  constraint mcp_calls_project_id_run_id_fkey FOREIGN KEY (project_id, run_id) REFERENCES runs(project_id, run_id),
  constraint mcp_calls_block_gate_check CHECK (((block_gate >= 1) AND (block_gate <= 5))),
  constraint mcp_calls_effect_check CHECK ((effect = ANY (ARRAY['read'::text, 'write'::text]))),
  constraint mcp_calls_result_status_check CHECK ((result_status = ANY (ARRAY['pending'::text, 'executing'::text, 'success'::text, 'error'::text, 'blocked'::text, 'simulated'::text, 'unknown'::text])))
);
alter table mcp_calls owner to awooop_owner;
create index mcp_calls_executing ON awooop.mcp_calls USING btree (deadline_at) WHERE (result_status = 'executing'::text);
create index mcp_calls_of_approval ON awooop.mcp_calls USING btree (project_id, approval_id, created_at) WHERE (approval_id IS NOT NULL);
create index mcp_calls_of_run ON awooop.mcp_calls USING btree (project_id, run_id, created_at, call_id);
create index mcp_calls_of_server ON awooop.mcp_calls USING btree (project_id, server, created_at);
create index mcp_calls_of_step ON awooop.mcp_calls USING btree (project_id, run_id, step_id, created_at) WHERE (step_id IS NOT NULL);
create index mcp_calls_stopped ON awooop.mcp_calls USING btree (project_id, created_at DESC) INCLUDE (block_gate, server, tool_name, block_code) WHERE (block_gate IS NOT NULL);
alter table mcp_calls enable row level security;
alter table mcp_calls force row level security;
create policy platform on mcp_calls as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on mcp_calls as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy system on mcp_calls as permissive for select to awooop_system
  using (true);
create policy tenant on mcp_calls as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update on mcp_calls to awooop_app;
grant select, insert, update on mcp_calls to awooop_platform;
grant select, update (args, result), delete on mcp_calls to awooop_retention;
grant select on mcp_calls to awooop_system;

create table members (
  project_id text collate "C" not null,
  member_id text collate "C" not null,
  display_name text not null,
  role text not null,
  groups text[] not null default '{}'::text[],
  is_active boolean not null default true,
  created_at timestamp with time zone not null default clock_timestamp(),
  created_by text not null,
  constraint members_pkey PRIMARY KEY (project_id, member_id),
  constraint members_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id),
  constraint members_display_name_check CHECK (((length(display_name) >= 1) AND (length(display_name) <= 200))),
  constraint members_groups_check CHECK ((cardinality(groups) <= 50)),
  constraint members_member_id_check CHECK (((length(member_id) >= 1) AND (length(member_id) <= 200))),
  constraint members_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'operator'::text, 'admin'::text])))
);
alter table members owner to awooop_owner;
create index members_who_decide ON awooop.members USING btree (project_id) WHERE (is_active AND (role <> 'viewer'::text));
CREATE TRIGGER members_in_turn BEFORE INSERT OR UPDATE ON awooop.members FOR EACH ROW EXECUTE FUNCTION awooop_change_people();
alter table members enable row level security;
alter table members force row level security;
create policy platform on members as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy tenant on members as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update (display_name, role, groups, is_active) on members to awooop_app;
grant select, insert, update (display_name, role, groups, is_active) on members to awooop_platform;

create table oauth_clients (
  project_id text collate "C" not null,
  oauth_client_id uuid not null,
  agent_id text not null,
  issuer text collate "C" not null,
  client_id text collate "C",
  sub text collate "C",
  hold_seconds integer not null default 4,
  created_at timestamp with time zone not null default clock_timestamp(),
  created_by text not null,
  revoked_at timestamp with time zone,
  last_used_at timestamp with time zone,
  constraint oauth_clients_pkey PRIMARY KEY (project_id, oauth_client_id),
  constraint oauth_clients_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id),
  constraint oauth_clients_agent_id_check CHECK (((length(agent_id) >= 1) AND (length(agent_id) <= 128))),
  constraint oauth_clients_check CHECK ((num_nonnulls(client_id, sub) = 1)),
  constraint oauth_clients_client_id_check CHECK (((length(client_id) >= 1) AND (length(client_id) <= 500))),
  constraint oauth_clients_hold_seconds_check CHECK (((hold_seconds >= 0) AND (hold_seconds <= 50))),
  constraint oauth_clients_issuer_check CHECK (((length(issuer) >= 1) AND (length(issuer) <= 2000))),
  constraint oauth_clients_sub_check CHECK (((length(sub) >= 1) AND (length(sub) <= 500)))
);
alter table oauth_clients owner to awooop_owner;
create index oauth_clients_newest ON awooop.oauth_clients USING btree (project_id, created_at DESC, oauth_client_id DESC);
create unique index oauth_clients_one_client ON awooop.oauth_clients USING btree (issuer, client_id) WHERE ((revoked_at IS NULL) AND (client_id IS NOT NULL));
create unique index oauth_clients_one_subject ON awooop.oauth_clients USING btree (issuer, sub) WHERE ((revoked_at IS NULL) AND (sub IS NOT NULL));
alter table oauth_clients enable row level security;
alter table oauth_clients force row level security;
create policy platform on oauth_clients as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy system on oauth_clients as permissive for all to awooop_system
  using (true)
  with check (true);
create policy tenant on oauth_clients as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, update (revoked_at) on oauth_clients to awooop_app;
grant select, insert, update (revoked_at) on oauth_clients to awooop_platform;
grant select, update (last_used_at) on oauth_clients to awooop_system;

create table outbound_messages (
  message_id uuid not null,
  project_id text collate "C" not null,
  run_id uuid,
  channel_type text not null,
  channel_id text not null,
  message_type text not null,
  subject_kind text,
  content jsonb not null,
  content_preview text,
  send_status text not null,
  send_error text,
  provider_message_id text,
  attempt_count integer not null default 0,
  queued_at timestamp with time zone not null default clock_timestamp(),
  sent_at timestamp with time zone,
  triggered_by_state text,
  next_attempt_at timestamp with time zone not null default clock_timestamp(),
  trying_since timestamp with time zone,
  is_unsure boolean not null default false,
  may_be_double boolean not null default false,
  approval_id uuid,
  edits uuid,
  constraint outbound_messages_pkey PRIMARY KEY (project_id, message_id),
  constraint outbound_messages_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id),
  constraint outbound_messages_project_id_run_id_fkey FOREIGN KEY (project_id, run_id) REFERENCES runs(project_id, run_id),
  constraint outbound_messages_message_type_check CHECK ((message_type = ANY (ARRAY['approval_request'::text, 'interim'::text, 'final'::text, 'error'::text, 'notice'::text]))),
  constraint outbound_messages_send_status_check CHECK ((send_status = ANY (ARRAY['queued'::text, 'sent'::text, 'failed'::text, 'suppressed'::text])))
);
alter table outbound_messages owner to awooop_owner;
create index outbound_messages_by_status ON awooop.outbound_messages USING btree (project_id, send_status, queued_at DESC, message_id DESC);
create index outbound_messages_by_time ON awooop.outbound_messages USING btree (project_id, run_id, COALESCE(sent_at, queued_at));
create index outbound_messages_due ON awooop.outbound_messages USING btree (next_attempt_at) WHERE (send_status = 'queued'::text);
create index outbound_messages_newest ON awooop.outbound_messages USING btree (project_id, queued_at DESC, message_id DESC);
create index outbound_messages_of_approval ON awooop.outbound_messages USING btree (project_id, approval_id) WHERE (approval_id IS NOT NULL);
create index outbound_messages_of_channel ON awooop.outbound_messages USING btree (project_id, channel_id, queued_at DESC, message_id DESC);
create index outbound_messages_of_channel_by_status ON awooop.outbound_messages USING btree (project_id, channel_id, send_status, queued_at DESC, message_id DESC);
create index outbound_messages_of_run ON awooop.outbound_messages USING btree (project_id, run_id, queued_at, message_id);
create index outbound_messages_sent_on ON awooop.outbound_messages USING btree (project_id, channel_id, sent_at DESC) INCLUDE (queued_at, attempt_count) WHERE (sent_at IS NOT NULL);
create index outbound_messages_with_content ON awooop.outbound_messages USING btree (project_id, queued_at, message_id) WHERE ((run_id IS NULL) AND (content <> '{}'::jsonb));
CREATE TRIGGER note_words_of_changed AFTER UPDATE OF content_preview ON awooop.outbound_messages FOR EACH ROW WHEN (((new.run_id IS NOT NULL) AND (old.content_preview IS DISTINCT FROM new.content_preview))) EXECUTE FUNCTION awooop_note_message_words();
CREATE TRIGGER note_words_of_new AFTER INSERT ON awooop.outbound_messages FOR EACH ROW WHEN (((new.run_id IS NOT NULL) AND (new.content_preview IS NOT NULL))) EXECUTE FUNCTION awooop_note_message_words();
alter table outbound_messages enable row level security;
alter table outbound_messages force row level security;
create policy platform on outbound_messages as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on outbound_messages as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy system on outbound_messages as permissive for select to awooop_system
  using (true);
create policy tenant on outbound_messages as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update on outbound_messages to awooop_app;
grant select, insert, update on outbound_messages to awooop_platform;
grant select, update (content), delete on outbound_messages to awooop_retention;
grant select on outbound_messages to awooop_system;

create table project_budgets (
  project_id text collate "C" not null,
  month date not null,
  spent_usd numeric(20,6) not null,
  reserved_usd numeric(20,6) not null default 0,
  constraint project_budgets_pkey PRIMARY KEY (project_id, month),
  constraint project_budgets_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id),
  constraint project_budgets_month_check CHECK ((EXTRACT(day FROM month) = (1)::numeric)),
  constraint project_budgets_reserved_usd_check CHECK ((reserved_usd >= (0)::numeric)),
  constraint project_budgets_spent_usd_check CHECK ((spent_usd >= (0)::numeric))
);
alter table project_budgets owner to awooop_owner;
alter table project_budgets enable row level security;
alter table project_budgets force row level security;
create policy platform on project_budgets as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy tenant on project_budgets as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update (spent_usd, reserved_usd) on project_budgets to awooop_app;
grant select, insert, update (spent_usd, reserved_usd) on project_budgets to awooop_platform;

create table projects (
  project_id text collate "C" not null,
  display_name text not null,
  migration_mode text not null,
  canary_percent integer not null default 0,
  budget_limit_usd numeric(14,6),
  is_active boolean not null default true,
  created_at timestamp with time zone not null default clock_timestamp(),
  separate_approver boolean not null default false,
  drains boolean not null default false,
  retention_payload_days integer,
  retention_run_days integer,
  retention_ran_at timestamp with time zone,
  calls_per_minute integer,
  calls_per_day integer,
  constraint projects_pkey PRIMARY KEY (project_id),
  constraint projects_budget_limit_usd_check CHECK ((budget_limit_usd >= (0)::numeric)),
  constraint projects_calls_per_day_check CHECK ((calls_per_day > 0)),
  constraint projects_calls_per_minute_check CHECK ((calls_per_minute > 0)),
  constraint projects_canary_percent_check CHECK (((canary_percent >= 0) AND (canary_percent <= 100))),
  constraint projects_display_name_check CHECK (((length(display_name) >= 1) AND (length(display_name) <= 200))),
  constraint projects_drains CHECK ((NOT (drains AND is_active))),
  constraint projects_migration_mode_check CHECK ((migration_mode = ANY (ARRAY['legacy'::text, 'shadow'::text, 'canary'::text, 'active'::text]))),
  constraint projects_project_id_check CHECK ((project_id ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'::text)),
  constraint projects_retention CHECK (((retention_run_days IS NULL) OR (retention_payload_days IS NULL) OR (retention_payload_days <= retention_run_days))),
  constraint projects_retention_payload_days_check CHECK (((retention_payload_days >= 1) AND (retention_payload_days <= 36500))),
  constraint projects_retention_run_days_check CHECK (((retention_run_days >= 1) AND (retention_run_days <= 36500)))
);
alter table projects owner to awooop_owner;
alter table projects enable row level security;
alter table projects force row level security;
create policy catalog on projects as permissive for select to awooop_catalog
  using (true);
create policy platform on projects as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on projects as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy system on projects as permissive for select to awooop_system
  using (true);
create policy tenant on projects as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select on projects to awooop_app;
grant select on projects to awooop_catalog;
grant select, insert, update on projects to awooop_platform;
grant select, update (retention_ran_at) on projects to awooop_retention;
grant select on projects to awooop_system;

create table run_budgets (
  project_id text collate "C" not null,
  run_id uuid not null,
  calls_limit integer,
  cost_limit_usd numeric(14,6),
  calls_used integer not null default 0,
  reserved_usd numeric(14,6) not null default 0,
  spent_usd numeric(14,6) not null default 0,
  constraint run_budgets_pkey PRIMARY KEY (project_id, run_id),
  constraint run_budgets_project_id_run_id_fkey FOREIGN KEY (project_id, run_id) REFERENCES runs(project_id, run_id),
  constraint run_budgets_check CHECK (((calls_limit IS NULL) OR (calls_used <= calls_limit)))
);
alter table run_budgets owner to awooop_owner;
alter table run_budgets enable row level security;
alter table run_budgets force row level security;
create policy platform on run_budgets as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on run_budgets as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy tenant on run_budgets as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update on run_budgets to awooop_app;
grant select, insert, update on run_budgets to awooop_platform;
grant select, delete on run_budgets to awooop_retention;

create table run_bulk_actions (
  bulk_id uuid not null,
  project_id text collate "C" not null,
  action text not null,
  filter jsonb not null,
  reason text not null,
  status text not null,
  actor_kind text not null,
  actor_id text not null,
  via_key_id text,
  total_count integer not null,
  changed_count integer not null default 0,
  refused_count integer not null default 0,
  created_at timestamp with time zone not null default clock_timestamp(),
  started_at timestamp with time zone,
  heartbeat_at timestamp with time zone,
  completed_at timestamp with time zone,
  constraint run_bulk_actions_pkey PRIMARY KEY (project_id, bulk_id),
  constraint run_bulk_actions_bulk_id_key UNIQUE (bulk_id),
  constraint run_bulk_actions_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id),
  constraint run_bulk_actions_action_check CHECK ((action = ANY (ARRAY['cancel'::text, 'retry'::text, 'void'::text]))),
  constraint run_bulk_actions_check CHECK (((completed_at IS NOT NULL) = (status = 'done'::text))),
  constraint run_bulk_actions_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 4000))),
  constraint run_bulk_actions_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text])))
);
alter table run_bulk_actions owner to awooop_owner;
create index run_bulk_actions_by_status ON awooop.run_bulk_actions USING btree (project_id, status, created_at DESC, bulk_id DESC);
create index run_bulk_actions_newest ON awooop.run_bulk_actions USING btree (project_id, created_at DESC, bulk_id DESC);
create index run_bulk_actions_open ON awooop.run_bulk_actions USING btree (created_at) WHERE (status <> 'done'::text);
alter table run_bulk_actions enable row level security;
alter table run_bulk_actions force row level security;
create policy platform on run_bulk_actions as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on run_bulk_actions as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy system on run_bulk_actions as permissive for select to awooop_system
  using (true);
create policy tenant on run_bulk_actions as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update on run_bulk_actions to awooop_app;
grant select, insert, update on run_bulk_actions to awooop_platform;
grant select, delete on run_bulk_actions to awooop_retention;
grant select on run_bulk_actions to awooop_system;

create table run_bulk_results (
  project_id text collate "C" not null,
  bulk_id uuid not null,
  run_id uuid not null,
  outcome text not null default 'waiting'::text,
  code text,
  detail text,
  new_run_id uuid,
  at timestamp with time zone,
  constraint run_bulk_results_pkey PRIMARY KEY (project_id, bulk_id, run_id),
  constraint run_bulk_results_project_id_bulk_id_fkey FOREIGN KEY (project_id, bulk_id) REFERENCES run_bulk_actions(project_id, bulk_id),
  constraint run_bulk_results_check CHECK (((at IS NULL) = (outcome = 'waiting'::text))),
  constraint run_bulk_results_check1 CHECK (((code IS NOT NULL) = (outcome = 'refused'::text))),
  constraint run_bulk_results_outcome_check CHECK ((outcome = ANY (ARRAY['waiting'::text, 'changed'::text, 'refused'::text])))
);
alter table run_bulk_results owner to awooop_owner;
create index run_bulk_results_by_outcome ON awooop.run_bulk_results USING btree (project_id, bulk_id, outcome, run_id);
alter table run_bulk_results enable row level security;
alter table run_bulk_results force row level security;
create policy platform on run_bulk_results as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on run_bulk_results as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy tenant on run_bulk_results as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update on run_bulk_results to awooop_app;
grant select, insert, update on run_bulk_results to awooop_platform;
grant select, delete on run_bulk_results to awooop_retention;

create table run_steps (
  step_id uuid not null,
  project_id text collate "C" not null,
  run_id uuid not null,
  step_seq integer not null,
  step_key text not null,
  kind text not null,
  tool_name text,
  result_status text not null,
  was_blocked boolean not null default false,
  block_reason text,
  error_code text,
  latency_ms integer,
  cost_usd numeric(14,6) not null default 0,
  summary text,
  input jsonb,
  output jsonb,
  call_id uuid,
  approval_id uuid,
  created_at timestamp with time zone not null default clock_timestamp(),
  completed_at timestamp with time zone,
  constraint run_steps_pkey PRIMARY KEY (project_id, step_id),
  constraint run_steps_project_id_run_id_step_key_key UNIQUE (project_id, run_id, step_key),
  constraint run_steps_project_id_run_id_step_seq_key UNIQUE (project_id, run_id, step_seq),
  constraint run_steps_project_id_run_id_fkey FOREIGN KEY (project_id, run_id) REFERENCES runs(project_id, run_id),
  constraint run_steps_kind_check CHECK ((kind = ANY (ARRAY['tool_call'::text, 'check'::text, 'message'::text, 'decision'::text, 'note'::text]))),
  constraint run_steps_result_status_check CHECK ((result_status = ANY (ARRAY['pending'::text, 'success'::text, 'error'::text, 'blocked'::text, 'skipped'::text, 'simulated'::text, 'unknown'::text]))),
  constraint run_steps_step_seq_check CHECK ((step_seq >= 1))
);
alter table run_steps owner to awooop_owner;
create index run_steps_by_time ON awooop.run_steps USING btree (project_id, run_id, COALESCE(completed_at, created_at), step_seq);
alter table run_steps enable row level security;
alter table run_steps force row level security;
create policy platform on run_steps as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on run_steps as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy tenant on run_steps as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update on run_steps to awooop_app;
grant select, insert, update on run_steps to awooop_platform;
grant select, update (input, output), delete on run_steps to awooop_retention;

create table run_totals (
  project_id text collate "C" not null,
  month date not null,
  agent_id text not null,
  state text not null,
  is_shadow boolean not null,
  runs bigint not null,
  steps bigint not null,
  calls bigint not null,
  cost_usd numeric(20,6) not null,
  constraint run_totals_pkey PRIMARY KEY (project_id, month, agent_id, state, is_shadow),
  constraint run_totals_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id),
  constraint run_totals_month_check CHECK ((EXTRACT(day FROM month) = (1)::numeric))
);
alter table run_totals owner to awooop_owner;
alter table run_totals enable row level security;
alter table run_totals force row level security;
create policy platform on run_totals as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on run_totals as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy tenant on run_totals as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select on run_totals to awooop_app;
grant select on run_totals to awooop_platform;
grant select, insert, update (runs, steps, calls, cost_usd) on run_totals to awooop_retention;

create table run_transitions (
  transition_id uuid not null,
  project_id text collate "C" not null,
  run_id uuid not null,
  from_state text,
  to_state text not null,
  event text not null,
  actor_kind text not null,
  actor_id text not null,
  reason text,
  at timestamp with time zone not null default clock_timestamp(),
  constraint run_transitions_pkey PRIMARY KEY (project_id, transition_id),
  constraint run_transitions_project_id_run_id_fkey FOREIGN KEY (project_id, run_id) REFERENCES runs(project_id, run_id)
);
alter table run_transitions owner to awooop_owner;
create index run_transitions_of_run ON awooop.run_transitions USING btree (project_id, run_id, at, transition_id);
alter table run_transitions enable row level security;
alter table run_transitions force row level security;
create policy platform on run_transitions as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on run_transitions as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy tenant on run_transitions as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert on run_transitions to awooop_app;
grant select, insert on run_transitions to awooop_platform;
grant select, delete on run_transitions to awooop_retention;

create table run_words (
  project_id text collate "C" not null,
  run_id uuid not null,
  source_id uuid not null,
  words tsvector not null,
  constraint run_words_pkey PRIMARY KEY (project_id, run_id, source_id),
  constraint run_words_project_id_run_id_fkey FOREIGN KEY (project_id, run_id) REFERENCES runs(project_id, run_id)
);
alter table run_words owner to awooop_owner;
create index run_words_words ON awooop.run_words USING gin (words) WITH (gin_pending_list_limit='256');
alter table run_words enable row level security;
alter table run_words force row level security;
create policy platform on run_words as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on run_words as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy search on run_words as permissive for select to awooop_search
  using (true);
create policy tenant on run_words as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update on run_words to awooop_app;
grant select, insert, update on run_words to awooop_platform;
grant select, delete on run_words to awooop_retention;
grant select on run_words to awooop_search;

create table runs (
  run_id uuid not null,
  project_id text collate "C" not null,
  agent_id text not null,
  revision_id uuid not null,
  driver text not null,
  state text not null,
  title text not null,
  is_shadow boolean not null,
  trace_id text collate "C" not null,
  trigger_type text,
  trigger_ref text collate "C",
  session_key text,
  opened_by text,
  input jsonb,
  result jsonb,
  cost_usd numeric(14,6) not null default 0,
  step_count integer not null default 0,
  attempt_count integer not null default 0,
  max_attempts integer not null default 3,
  worker_id text,
  fence bigint not null default 0,
  error_code text,
  error_detail text,
  retry_of uuid,
  created_at timestamp with time zone not null default clock_timestamp(),
  started_at timestamp with time zone,
  completed_at timestamp with time zone,
  timeout_at timestamp with time zone,
  heartbeat_at timestamp with time zone,
  lease_until timestamp with time zone,
  payload_erased_at timestamp with time zone,
  case_id uuid,
  constraint runs_pkey PRIMARY KEY (project_id, run_id),
  constraint runs_run_id_key UNIQUE (run_id),
  constraint runs_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id),
  constraint runs_project_id_revision_id_fkey FOREIGN KEY (project_id, revision_id) REFERENCES contract_revisions(project_id, revision_id),
  constraint runs_check CHECK (((completed_at IS NOT NULL) = (state = ANY (ARRAY['completed'::text, 'failed'::text, 'cancelled'::text, 'timed_out'::text])))),
  constraint runs_driver_check CHECK ((driver = ANY (ARRAY['worker'::text, 'client'::text]))),
  constraint runs_max_attempts_check CHECK (((max_attempts >= 1) AND (max_attempts <= 100))),
  constraint runs_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'running'::text, 'waiting_approval'::text, 'completed'::text, 'failed'::text, 'cancelled'::text, 'timed_out'::text]))),
  constraint runs_title_check CHECK ((length(title) <= 300)),
  constraint runs_trace_id_check CHECK ((trace_id ~ '^[0-9a-f]{32}$'::text))
);
alter table runs owner to awooop_owner;
create index runs_by_agent ON awooop.runs USING btree (project_id, agent_id, created_at DESC, run_id DESC);
create index runs_by_cost ON awooop.runs USING btree (project_id, cost_usd, run_id);
create index runs_by_deadline ON awooop.runs USING btree (project_id, COALESCE(timeout_at, 'infinity'::timestamp with time zone), run_id);
create index runs_by_end ON awooop.runs USING btree (project_id, COALESCE(completed_at, 'infinity'::timestamp with time zone), run_id);
create index runs_by_error ON awooop.runs USING btree (project_id, error_code, created_at DESC, run_id DESC) WHERE (error_code IS NOT NULL);
create index runs_by_shadow ON awooop.runs USING btree (project_id, is_shadow, created_at DESC, run_id DESC);
create index runs_by_state ON awooop.runs USING btree (project_id, state, created_at DESC, run_id DESC);
create index runs_by_trace ON awooop.runs USING btree (project_id, trace_id);
create index runs_by_trigger_ref ON awooop.runs USING btree (project_id, trigger_ref) WHERE (trigger_ref IS NOT NULL);
create index runs_by_trigger_type ON awooop.runs USING btree (project_id, trigger_type, created_at DESC, run_id DESC);
create index runs_idle_client ON awooop.runs USING btree (heartbeat_at) WHERE ((driver = 'client'::text) AND (state = 'running'::text));
create index runs_lease ON awooop.runs USING btree (lease_until) WHERE ((state = 'running'::text) AND (lease_until IS NOT NULL));
create index runs_newest ON awooop.runs USING btree (project_id, created_at DESC, run_id DESC);
create index runs_of_case ON awooop.runs USING btree (project_id, case_id) WHERE (case_id IS NOT NULL);
create index runs_open_client ON awooop.runs USING btree (project_id, opened_by, session_key) WHERE ((driver = 'client'::text) AND (completed_at IS NULL));
create index runs_timeout ON awooop.runs USING btree (timeout_at) WHERE (completed_at IS NULL);
create index runs_unclaimed ON awooop.runs USING btree (created_at) WHERE ((driver = 'worker'::text) AND (state = ANY (ARRAY['pending'::text, 'running'::text])) AND (worker_id IS NULL));
create index runs_with_payload ON awooop.runs USING btree (project_id, completed_at, run_id) WHERE ((completed_at IS NOT NULL) AND (payload_erased_at IS NULL));
CREATE TRIGGER note_words_of_changed AFTER UPDATE OF title, error_detail ON awooop.runs FOR EACH ROW WHEN (((old.title <> new.title) OR (old.error_detail IS DISTINCT FROM new.error_detail))) EXECUTE FUNCTION awooop_note_run_words();
CREATE TRIGGER note_words_of_new AFTER INSERT ON awooop.runs FOR EACH ROW EXECUTE FUNCTION awooop_note_run_words();
alter table runs enable row level security;
alter table runs force row level security;
create policy platform on runs as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on runs as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy system on runs as permissive for select to awooop_system
  using (true);
create policy tenant on runs as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update on runs to awooop_app;
grant select, insert, update on runs to awooop_platform;
grant select, update (input, result, payload_erased_at), delete on runs to awooop_retention;
grant select on runs to awooop_system;

create table secrets (
  project_id text collate "C" not null,
  name text collate "C" not null,
  ciphertext bytea not null,
  created_by text not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  updated_at timestamp with time zone not null default clock_timestamp(),
  constraint secrets_pkey PRIMARY KEY (project_id, name),
  constraint secrets_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id),
  constraint secrets_name_check CHECK ((name ~ '^[A-Za-z][A-Za-z0-9_.-]{0,127}$'::text))
);
alter table secrets owner to awooop_owner;
alter table secrets enable row level security;
alter table secrets force row level security;
create policy platform on secrets as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy tenant on secrets as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update, delete on secrets to awooop_app;
grant select, insert, update, delete on secrets to awooop_platform;

create table sessions (
  session_hash bytea not null,
  key_id text collate "C" not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  expires_at timestamp with time zone not null,
  constraint sessions_pkey PRIMARY KEY (session_hash),
  constraint sessions_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys(key_id)
);
alter table sessions owner to awooop_owner;
create index sessions_expiry ON awooop.sessions USING btree (expires_at);
alter table sessions enable row level security;
alter table sessions force row level security;
create policy system on sessions as permissive for all to awooop_system
  using (true)
  with check (true);
grant select, insert, delete on sessions to awooop_system;

create table signing_keys (
  kid text not null,
  public_jwk jsonb not null,
  private_ciphertext bytea not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  retired_at timestamp with time zone,
  constraint signing_keys_pkey PRIMARY KEY (kid)
);
alter table signing_keys owner to awooop_owner;
create unique index signing_keys_one_current ON awooop.signing_keys USING btree ((true)) WHERE (retired_at IS NULL);
alter table signing_keys enable row level security;
alter table signing_keys force row level security;
create policy platform on signing_keys as permissive for select to awooop_platform
  using (true);
create policy system on signing_keys as permissive for all to awooop_system
  using (true)
  with check (true);
create policy tenant on signing_keys as permissive for select to awooop_app
  using (true);
grant select on signing_keys to awooop_app;
grant select on signing_keys to awooop_platform;
grant select, insert, update on signing_keys to awooop_system;

create table task_outcomes (
  project_id text collate "C" not null,
  approval_id uuid not null,
  run_id uuid not null,
  claimed_at timestamp with time zone not null default clock_timestamp(),
  withdrawn_at timestamp with time zone,
  ended_at timestamp with time zone,
  outcome bytea,
  delivered_at timestamp with time zone,
  constraint task_outcomes_pkey PRIMARY KEY (project_id, approval_id),
  constraint task_outcomes_project_id_approval_id_fkey FOREIGN KEY (project_id, approval_id) REFERENCES approvals(project_id, approval_id),
  constraint task_outcomes_check CHECK (((ended_at IS NOT NULL) OR (outcome IS NULL)))
);
alter table task_outcomes owner to awooop_owner;
create index task_outcomes_kept ON awooop.task_outcomes USING btree (ended_at) WHERE (outcome IS NOT NULL);
create index task_outcomes_of_run ON awooop.task_outcomes USING btree (project_id, run_id);
alter table task_outcomes enable row level security;
alter table task_outcomes force row level security;
create policy platform on task_outcomes as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy retention on task_outcomes as permissive for all to awooop_retention
  using ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)))
  with check ((project_id = ( SELECT current_setting('awooop.projects'::text, true) AS current_setting)));
create policy system on task_outcomes as permissive for select to awooop_system
  using (true);
create policy tenant on task_outcomes as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update on task_outcomes to awooop_app;
grant select, insert, update on task_outcomes to awooop_platform;
grant select, delete on task_outcomes to awooop_retention;
grant select on task_outcomes to awooop_system;

create table telegram_bots (
  project_id text collate "C" not null,
  channel_id text collate "C" not null,
  bot_id text not null,
  next_update_id bigint not null default 0,
  holder text not null,
  lease_until timestamp with time zone not null,
  failed_at timestamp with time zone,
  error text,
  constraint telegram_bots_pkey PRIMARY KEY (project_id, channel_id),
  constraint telegram_bots_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id)
);
alter table telegram_bots owner to awooop_owner;
alter table telegram_bots enable row level security;
alter table telegram_bots force row level security;
create policy platform on telegram_bots as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy tenant on telegram_bots as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update (bot_id, next_update_id, holder, lease_until, failed_at, error) on telegram_bots to awooop_app;
grant select, insert, update (bot_id, next_update_id, holder, lease_until, failed_at, error) on telegram_bots to awooop_platform;

create table tool_pins (
  project_id text collate "C" not null,
  server_id text collate "C" not null,
  tool_name text collate "C" not null,
  pin_hash text not null,
  definition jsonb not null,
  pinned_at timestamp with time zone not null default clock_timestamp(),
  changed_hash text,
  changed_definition jsonb,
  changed_at timestamp with time zone,
  seen_at timestamp with time zone not null default clock_timestamp(),
  flags text[] not null default '{}'::text[],
  absent_since timestamp with time zone,
  constraint tool_pins_pkey PRIMARY KEY (project_id, server_id, tool_name),
  constraint tool_pins_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id)
);
alter table tool_pins owner to awooop_owner;
alter table tool_pins enable row level security;
alter table tool_pins force row level security;
create policy platform on tool_pins as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy tenant on tool_pins as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update on tool_pins to awooop_app;
grant select, insert, update on tool_pins to awooop_platform;

create table tool_reviews (
  project_id text collate "C" not null,
  review_id uuid not null,
  server_id text collate "C" not null,
  tool_name text collate "C" not null,
  status text not null,
  pinned_hash text not null,
  pinned_definition jsonb not null,
  changed_hash text not null,
  changed_definition jsonb not null,
  differences jsonb not null,
  flags text[] not null default '{}'::text[],
  opened_at timestamp with time zone not null default clock_timestamp(),
  changed_at timestamp with time zone not null default clock_timestamp(),
  decided_at timestamp with time zone,
  decided_by text,
  reason text,
  constraint tool_reviews_pkey PRIMARY KEY (project_id, review_id),
  constraint tool_reviews_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id),
  constraint tool_reviews_status_check CHECK ((status = ANY (ARRAY['open'::text, 'accepted'::text, 'kept'::text, 'reverted'::text])))
);
alter table tool_reviews owner to awooop_owner;
create index tool_reviews_newest ON awooop.tool_reviews USING btree (project_id, changed_at DESC, review_id DESC);
create index tool_reviews_of_tool ON awooop.tool_reviews USING btree (project_id, server_id, tool_name, changed_hash);
create unique index tool_reviews_undecided ON awooop.tool_reviews USING btree (project_id, server_id, tool_name) WHERE (status = ANY (ARRAY['open'::text, 'reverted'::text]));
alter table tool_reviews enable row level security;
alter table tool_reviews force row level security;
create policy platform on tool_reviews as permissive for all to awooop_platform
  using (true)
  with check (true);
create policy tenant on tool_reviews as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update on tool_reviews to awooop_app;
grant select, insert, update on tool_reviews to awooop_platform;

create table tool_server_health (
  project_id text collate "C" not null,
  server_id text collate "C" not null,
  process_id text collate "C" not null,
  revision_id uuid not null,
  state text not null,
  error_code text,
  error_message text,
  last_ok_at timestamp with time zone,
  last_failure_at timestamp with time zone,
  next_try_at timestamp with time zone,
  restarts integer not null,
  protocol_version text,
  server_name text,
  server_version text,
  held_to text[],
  observed_at timestamp with time zone not null default clock_timestamp(),
  constraint tool_server_health_pkey PRIMARY KEY (project_id, server_id, process_id),
  constraint tool_server_health_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id),
  constraint tool_server_health_restarts_check CHECK ((restarts >= 0)),
  constraint tool_server_health_state_check CHECK ((state = ANY (ARRAY['up'::text, 'down'::text, 'backing_off'::text, 'breaker_open'::text])))
);
alter table tool_server_health owner to awooop_owner;
alter table tool_server_health enable row level security;
alter table tool_server_health force row level security;
create policy platform on tool_server_health as permissive for select to awooop_platform
  using (true);
create policy tenant on tool_server_health as permissive for all to awooop_app
  using ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])))
  with check ((project_id = ANY (( SELECT string_to_array(NULLIF(current_setting('awooop.projects'::text, true), ''::text), ','::text) AS string_to_array)::text[])));
grant select, insert, update, delete on tool_server_health to awooop_app;
grant select on tool_server_health to awooop_platform;

CREATE OR REPLACE FUNCTION awooop.awooop_approval_complete()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'awooop', 'pg_temp'
AS $function$
declare
  needed integer;
begin
  perform awooop_hold_people(new.project_id);
  needed := greatest(new.quorum, case when new.two_person and awooop_is_separated(new.project_id) then 2 else 1 end);
  if needed > (
    select count(*) from approval_decisions where project_id = new.project_id and approval_id = new.approval_id
      and round = new.round and counts_for is not null
  ) then
    raise exception 'the question is not approved: % have to agree', needed
      using errcode = 'check_violation', constraint = 'approvals_enough', table = 'approvals', schema = 'awooop';
  end if;
  return new;
end
$function$;
alter function awooop_approval_complete() owner to awooop_owner;
grant execute on function awooop_approval_complete() to public;

CREATE OR REPLACE FUNCTION awooop.awooop_change_people()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'awooop', 'pg_temp'
AS $function$
begin
  perform pg_advisory_xact_lock(hashtextextended('awooop/people/' || new.project_id, 0));
  return new;
end
$function$;
alter function awooop_change_people() owner to awooop_owner;
grant execute on function awooop_change_people() to public;

CREATE OR REPLACE FUNCTION awooop.awooop_decision_counts()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'awooop', 'pg_temp'
AS $function$
declare
  question approvals;
  refused text;
  is_separated boolean;
  allowed_groups text[];
begin
  select * into question from approvals
    where project_id = new.project_id and approval_id = new.approval_id for update;
  if not found then return new; end if; -- the foreign key says so
  perform awooop_hold_people(new.project_id);
  is_separated := awooop_is_separated(new.project_id);
  allowed_groups := question.approver_group || question.escalated_groups; -- a column of the next migration
  -- What the release before this one writes: a yes is the person's own.
  if new.decision = 'approve' or (new.decision = 'edit' and new.actor_id is distinct from question.edited_by) then
    new.counts_for := coalesce(new.counts_for, new.actor_id);
  end if;
  refused := case
    when question.status <> 'open' or question.expires_at <= clock_timestamp() then 'approval_decisions_open'
    when question.round <> new.round then 'approval_decisions_round'
    when exists (
      select from members where project_id = new.project_id and member_id = new.actor_id
        and not (is_active and role <> 'viewer')
    ) then 'approval_decisions_member'
    when new.counts_for is null then null
    when is_separated and (
      new.actor_id in (question.requested_by, question.contract_author)
      or new.counts_for in (question.requested_by, question.contract_author)
      or (not question.editor_counts and question.edited_by in (new.actor_id, new.counts_for))
    ) then 'approval_decisions_separation'
    when question.approver_group is not null and not exists (
      select from members where project_id = new.project_id and member_id = new.counts_for
        and is_active and role <> 'viewer' and groups && allowed_groups
    ) then 'approval_decisions_group'
    when new.delegation_id is not null and (question.approver_group is null or not exists (
      select from delegations d join members m on m.project_id = d.project_id and m.member_id = d.delegated_by
      where d.project_id = new.project_id and d.delegation_id = new.delegation_id
        and d.revoked_at is null and d.ends_at > clock_timestamp()
        and (d.group_name is null or (d.group_name = any (allowed_groups) and d.group_name = any (m.groups)))
    )) then 'approval_decisions_delegation'
    when exists (
      select from approval_decisions where project_id = new.project_id and approval_id = new.approval_id
        and decision_id <> new.decision_id and round = new.round and counts_for is not null
        and (actor_id in (new.actor_id, new.counts_for) or counts_for in (new.actor_id, new.counts_for))
    ) then 'approval_decisions_one_right'
  end;
  if refused is not null then
    raise exception 'this decision does not count: %', refused
      using errcode = 'check_violation', constraint = refused, table = 'approval_decisions', schema = 'awooop';
  end if;
  return new;
end
$function$;
alter function awooop_decision_counts() owner to awooop_owner;
grant execute on function awooop_decision_counts() to public;

CREATE OR REPLACE FUNCTION awooop.awooop_hold_people(of_project text)
 RETURNS void
 LANGUAGE sql
 SET search_path TO 'awooop', 'pg_temp'
AS $function$
  select pg_advisory_xact_lock_shared(hashtextextended('awooop/people/' || of_project, 0))
$function$;
alter function awooop_hold_people(text) owner to awooop_owner;
grant execute on function awooop_hold_people(text) to public;

CREATE OR REPLACE FUNCTION awooop.awooop_is_separated(of_project text)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'awooop', 'pg_temp'
AS $function$
  select count(*) = 2 from (
    select from members where project_id = of_project and is_active and role <> 'viewer' limit 2
  ) deciders
$function$;
alter function awooop_is_separated(text) owner to awooop_owner;
grant execute on function awooop_is_separated(text) to public;

CREATE OR REPLACE FUNCTION awooop.awooop_month(at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS date
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select date_trunc('month', at at time zone 'UTC')::date
$function$;
alter function awooop_month(timestamp with time zone) owner to awooop_owner;
grant execute on function awooop_month(timestamp with time zone) to public;

CREATE OR REPLACE FUNCTION awooop.awooop_note_message_words()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into awooop.run_words values (new.project_id, new.run_id, new.message_id,
      awooop.awooop_search_vector(new.project_id, coalesce(new.content_preview, '')))
    on conflict (project_id, run_id, source_id) do update set words = excluded.words;
  return null;
end
$function$;
alter function awooop_note_message_words() owner to awooop_owner;
grant execute on function awooop_note_message_words() to public;

CREATE OR REPLACE FUNCTION awooop.awooop_note_run_words()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into awooop.run_words values (new.project_id, new.run_id, new.run_id,
      awooop.awooop_search_vector(new.project_id, new.title || ' ' || coalesce(new.error_detail, '')))
    on conflict (project_id, run_id, source_id) do update set words = excluded.words;
  return null;
end
$function$;
alter function awooop_note_run_words() owner to awooop_owner;
grant execute on function awooop_note_run_words() to public;

CREATE OR REPLACE FUNCTION awooop.awooop_operator_list_projects()
 RETURNS TABLE(project_id text, display_name text, migration_mode text, budget_limit_usd numeric, is_active boolean, created_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'awooop', 'pg_temp'
AS $function$
  select p.project_id, p.display_name, p.migration_mode, p.budget_limit_usd, p.is_active, p.created_at
  from awooop.projects p order by p.project_id
$function$;
alter function awooop_operator_list_projects() owner to awooop_catalog;
grant execute on function awooop_operator_list_projects() to awooop_platform;

CREATE OR REPLACE FUNCTION awooop.awooop_search_query(project_id text, words text)
 RETURNS tsquery
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  -- Terms hold neither quotes nor backslashes; what is asked for as a project may hold anything.
  select string_agg(
    '''' || replace(replace(project_id, '\', '\\'), '''', '''''') || ' ' || term
      || case when length(term) = 1 and ascii(term) < ascii(E'\u3040') then '''' else ''':*' end, ' & ')::tsquery
  from unnest(awooop.awooop_terms(replace(words, E'\x02', ' '))) as term
$function$;
alter function awooop_search_query(text,text) owner to awooop_owner;
grant execute on function awooop_search_query(text,text) to public;

CREATE OR REPLACE FUNCTION awooop.awooop_search_runs(in_project text, words text, most bigint DEFAULT NULL::bigint)
 RETURNS SETOF uuid
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER ROWS 10
 SET search_path TO 'awooop', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  wanted constant tsquery := awooop_search_query(in_project, words);
begin
  if current_setting('role') <> 'awooop_platform'
    and not (in_project = any (string_to_array(coalesce(current_setting('awooop.projects', true), ''), ','))) then
    return;
  end if;
  if wanted is not null then
    return query select w.run_id from run_words w where w.words @@ wanted limit most;
  end if;
end
$function$;
alter function awooop_search_runs(text,text,bigint) owner to awooop_search;
grant execute on function awooop_search_runs(text,text,bigint) to awooop_app;
grant execute on function awooop_search_runs(text,text,bigint) to awooop_platform;

CREATE OR REPLACE FUNCTION awooop.awooop_search_vector(project_id text, content text)
 RETURNS tsvector
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select array_to_tsvector(array(
    select project_id || ' ' || term from unnest(
      awooop.awooop_terms(regexp_replace(left(content, 8192), '([a-z0-9])([A-Z])', E'\\1\x02\\2', 'g'))) as term))
$function$;
alter function awooop_search_vector(text,text) owner to awooop_owner;
grant execute on function awooop_search_vector(text,text) to public;

CREATE OR REPLACE FUNCTION awooop.awooop_terms(content text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
  select array(
    select distinct term from regexp_matches(content,
        '([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+)|([^\u0001\u0003-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uff00-\uff0f\uff1a-\uff20]+)',
        'g') as part,
      lateral (
        select lower(left(array_to_string(humps[at:], ''), 64) collate "default") as term
          from string_to_array(part[2], E'\x02') as humps, generate_subscripts(humps, 1) as at
        union all
        select substr(part[1], at, 2) from generate_series(1, length(part[1])) as at
      ) as terms
    where term <> '')
$function$;
alter function awooop_terms(text) owner to awooop_owner;
grant execute on function awooop_terms(text) to public;

CREATE OR REPLACE FUNCTION awooop.awooop_window(period text, at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select date_trunc(period, at at time zone 'UTC') at time zone 'UTC'
$function$;
alter function awooop_window(text,timestamp with time zone) owner to awooop_owner;
grant execute on function awooop_window(text,timestamp with time zone) to awooop_app;
grant execute on function awooop_window(text,timestamp with time zone) to awooop_platform;
grant execute on function awooop_window(text,timestamp with time zone) to public;
