-- The kill switch: who has stopped an agent, a project or everything, and who set it going again. Rows stay as history;
-- all that ever changes is that a standing freeze is lifted, once.

create table freezes (
  freeze_id uuid not null,
  project_id text collate "C" not null, -- '_platform' for everything
  scope text not null check (scope in ('agent', 'project', 'platform')),
  agent_id text,
  -- Who may lift it: a project's own administrators don't undo what the platform's operators have stopped.
  held_by text not null check (held_by in ('project', 'platform')),
  reason text not null check (length(reason) between 1 and 500),
  frozen_at timestamptz not null default clock_timestamp(),
  frozen_by_kind text not null,
  frozen_by text not null,
  lifted_at timestamptz,
  lifted_by_kind text,
  lifted_by text,
  lift_reason text check (length(lift_reason) between 1 and 500),
  primary key (project_id, freeze_id),
  check ((scope = 'agent') = (agent_id is not null)),
  check ((scope = 'platform') = (project_id = '_platform')),
  check (scope <> 'platform' or held_by = 'platform'),
  check (num_nulls(lifted_at, lifted_by_kind, lifted_by, lift_reason) in (0, 4))
);
-- Of each scope one stands; each call asks this index.
create unique index freezes_standing on freezes (project_id, coalesce(agent_id, ''), held_by) where lifted_at is null;
create index freezes_newest on freezes (frozen_at desc, freeze_id desc);

alter table freezes enable row level security;
alter table freezes force row level security;
-- A tenant has to know that everything is frozen, for its calls are refused; but it neither sets nor lifts that.
create policy tenant_reads on freezes for select to awooop_app
  using (project_id = any ((select array_append(
    string_to_array(nullif(current_setting('awooop.projects', true), ''), ','), '_platform'))::text[]));
create policy tenant_sets on freezes for insert to awooop_app
  with check (project_id = any ((select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]));
create policy tenant_lifts on freezes for update to awooop_app
  using (project_id = any ((select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]))
  with check (project_id = any ((select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]));
create policy platform on freezes to awooop_platform using (true) with check (true);
-- Sweepers leave alone what is frozen.
create policy system on freezes for select to awooop_system using (true);

grant select, insert, update (lifted_at, lifted_by_kind, lifted_by, lift_reason) on freezes to awooop_app, awooop_platform;
grant select on freezes to awooop_system;
