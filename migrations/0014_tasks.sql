-- Calls that wait for a person as tasks: what became of them is kept until the client has fetched it, or for a day.

create table task_outcomes (
  project_id text collate "C" not null,
  approval_id uuid not null, -- the question that the task waits for
  run_id uuid not null,
  claimed_at timestamptz not null default clock_timestamp(), -- since when somebody makes the call, or asks why not
  withdrawn_at timestamptz, -- the client has cancelled the task before anything was sent
  ended_at timestamptz,
  outcome bytea, -- how the call ended, with the tool's whole result, encrypted; null: not yet, or no longer
  primary key (project_id, approval_id),
  foreign key (project_id, approval_id) references approvals,
  check (ended_at is not null or outcome is null)
);
create index task_outcomes_of_run on task_outcomes (project_id, run_id);
create index task_outcomes_kept on task_outcomes (ended_at) where outcome is not null;

do $$
declare
  mine constant text :=
    'project_id = any ((select string_to_array(nullif(current_setting(''awooop.projects'', true), ''''), '',''))::text[])';
  the_one constant text := 'project_id = (select current_setting(''awooop.projects'', true))';
begin
  alter table task_outcomes enable row level security;
  alter table task_outcomes force row level security;
  execute format('create policy tenant on task_outcomes to awooop_app using (%s) with check (%s)', mine, mine);
  create policy platform on task_outcomes to awooop_platform using (true) with check (true);
  create policy system on task_outcomes for select to awooop_system using (true);
  execute format('create policy retention on task_outcomes to awooop_retention using (%s) with check (%s)', the_one, the_one);
end
$$;

grant select, insert, update on task_outcomes to awooop_app, awooop_platform;
grant select on task_outcomes to awooop_system;
grant select, delete on task_outcomes to awooop_retention;
