-- Acting on many runs at once: a progress row, and one row for each run that was chosen when it was asked for. A worker
-- changes a run and writes its row in one transaction, so one that dies half-way leaves behind exactly what it did, and
-- another goes on with the rows that still wait.

create table run_bulk_actions (
  bulk_id uuid not null,
  project_id text collate "C" not null references projects,
  action text not null check (action in ('cancel', 'retry', 'void')),
  filter jsonb not null, -- as it was asked for
  reason text not null check (length(reason) between 1 and 4000),
  status text not null check (status in ('queued', 'running', 'done')),
  actor_kind text not null,
  actor_id text not null,
  via_key_id text, -- null: the server itself, on behalf of the actor
  total_count integer not null, -- how many runs matched when it was asked for; each has a row in run_bulk_results
  changed_count integer not null default 0,
  refused_count integer not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  heartbeat_at timestamptz, -- when a worker last went on with it
  completed_at timestamptz,
  primary key (project_id, bulk_id),
  unique (bulk_id),
  check ((completed_at is not null) = (status = 'done'))
);
create index run_bulk_actions_newest on run_bulk_actions (project_id, created_at desc, bulk_id desc);
create index run_bulk_actions_by_status on run_bulk_actions (project_id, status, created_at desc, bulk_id desc);
create index run_bulk_actions_open on run_bulk_actions (created_at) where status <> 'done';

create table run_bulk_results (
  project_id text collate "C" not null,
  bulk_id uuid not null,
  run_id uuid not null,
  outcome text not null default 'waiting' check (outcome in ('waiting', 'changed', 'refused')),
  code text, -- why it was refused
  detail text,
  new_run_id uuid, -- what a retry made
  at timestamptz, -- when it was dealt with
  primary key (project_id, bulk_id, run_id),
  foreign key (project_id, bulk_id) references run_bulk_actions,
  check ((at is null) = (outcome = 'waiting')),
  check ((code is not null) = (outcome = 'refused'))
);
create index run_bulk_results_by_outcome on run_bulk_results (project_id, bulk_id, outcome, run_id);

do $$
declare
  t text;
  mine constant text :=
    'project_id = any ((select string_to_array(nullif(current_setting(''awooop.projects'', true), ''''), '',''))::text[])';
begin
  foreach t in array array['run_bulk_actions', 'run_bulk_results'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy tenant on %I to awooop_app using (%s) with check (%s)', t, mine, mine);
    execute format('create policy platform on %I to awooop_platform using (true) with check (true)', t);
  end loop;
end
$$;
create policy system on run_bulk_actions for select to awooop_system using (true);

grant select, insert, update on run_bulk_actions, run_bulk_results to awooop_app, awooop_platform;
grant select on run_bulk_actions to awooop_system;
