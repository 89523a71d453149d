-- Gate 4 in full: beside a run's totals and a project's month, calls and money within a minute, a day or a month.

-- One row for each thing that counts, used anew in each window: what it holds is of the window that began at starts_at.
create table budget_windows (
  project_id text collate "C" not null references projects,
  scope text not null check (scope in ('run', 'agent', 'tool', 'project')),
  subject text collate "C" not null, -- a run's id, an agent's, agent/server/tool; empty for the project itself
  period text not null check (period in ('minute', 'day')),
  run_id uuid, -- of a run's own window, which goes with it
  starts_at timestamptz not null,
  calls_used integer not null default 0 check (calls_used >= 0),
  reserved_usd numeric(20, 6) not null default 0,
  spent_usd numeric(20, 6) not null default 0,
  primary key (project_id, scope, subject, period),
  foreign key (project_id, run_id) references runs
);
create index budget_windows_of_run on budget_windows (project_id, run_id) where run_id is not null;

alter table budget_windows owner to awooop_owner;
alter table budget_windows enable row level security;
alter table budget_windows force row level security;
create policy tenant on budget_windows to awooop_app
  using (project_id = any((select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]))
  with check (project_id = any((select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]));
create policy platform on budget_windows to awooop_platform using (true) with check (true);
create policy retention on budget_windows to awooop_retention
  using (project_id = (select current_setting('awooop.projects', true)))
  with check (project_id = (select current_setting('awooop.projects', true)));
grant select, insert, update on budget_windows to awooop_app, awooop_platform;
grant select, delete on budget_windows to awooop_retention;

-- Calendar windows, by UTC, as months are.
create function awooop_window(period text, at timestamptz default clock_timestamp()) returns timestamptz
language sql immutable parallel safe
as $$
  select date_trunc(period, at at time zone 'UTC') at time zone 'UTC'
$$;
grant execute on function awooop_window(text, timestamptz) to awooop_app, awooop_platform;

-- Money that calls under way may still cost counts against a project's month as well.
alter table project_budgets add column reserved_usd numeric(20, 6) not null default 0 check (reserved_usd >= 0);
grant update (reserved_usd) on project_budgets to awooop_app, awooop_platform;

-- Where the money was reserved besides the run: null month where the project has no limit.
alter table budget_reservations add column month date;
alter table budget_reservations add column windows jsonb not null default '[]';

alter table projects add column calls_per_minute integer check (calls_per_minute > 0);
alter table projects add column calls_per_day integer check (calls_per_day > 0);
