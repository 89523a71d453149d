-- The registry: how a revision came to be what it is, and how it differs from what was active before it.

alter table projects add column separate_approver boolean not null default false; -- author and approver must differ

alter table contract_revisions
  add column base_revision_id uuid, -- what was active when it was drafted
  add column change_level text not null default 'initial' check (change_level in ('initial', 'minor', 'major')),
  -- Why a change is major: one entry for each permission that was widened.
  add column change_reasons jsonb not null default '[]',
  add constraint contract_revisions_id unique (revision_id);
create index contract_revisions_of_contract on contract_revisions (project_id, contract_id, created_at desc, revision_id desc);

create table contract_transitions (
  transition_id uuid not null,
  project_id text collate "C" not null,
  revision_id uuid not null,
  from_status text, -- null: its creation
  to_status text not null,
  event text not null check (event in
    ('create', 'submit', 'approve', 'reject', 'activate', 'deprecate', 'retire')),
  actor_kind text not null,
  actor_id text not null,
  reason text check (length(reason) <= 4000),
  at timestamptz not null default clock_timestamp(),
  primary key (project_id, transition_id),
  foreign key (project_id, revision_id) references contract_revisions
);
create index contract_transitions_of_revision on contract_transitions (project_id, revision_id, at, transition_id);

alter table contract_transitions enable row level security;
alter table contract_transitions force row level security;
create policy tenant on contract_transitions to awooop_app
  using (project_id = any ((select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]))
  with check (project_id = any ((select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]));
create policy platform on contract_transitions to awooop_platform using (true) with check (true);
grant select, insert on contract_transitions to awooop_app, awooop_platform;
