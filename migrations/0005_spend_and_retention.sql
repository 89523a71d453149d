-- A tenant's month, its end, and what is forgotten when.

alter table projects
  -- Of a project that was deactivated: whether the runs that were under way may go on to their end.
  add column drains boolean not null default false,
  -- Null: kept for ever.
  add column retention_payload_days integer check (retention_payload_days between 1 and 36500),
  add column retention_run_days integer check (retention_run_days between 1 and 36500),
  add column retention_ran_at timestamptz, -- when what was due had been forgotten last
  add constraint projects_drains check (not (drains and is_active)),
  add constraint projects_retention check
    (retention_run_days is null or retention_payload_days is null or retention_payload_days <= retention_run_days);

-- The calendar month (UTC) of a moment, by default of this one on the database's clock.
create function awooop_month(at timestamptz default clock_timestamp()) returns date
language sql immutable parallel safe
as $$
  select date_trunc('month', at at time zone 'UTC')::date
$$;

-- Money by calendar month (UTC); it outlives the runs that spent it. Sums get a wider number than their parts.
create table project_budgets (
  project_id text collate "C" not null references projects,
  month date not null check (extract(day from month) = 1),
  spent_usd numeric(20, 6) not null check (spent_usd >= 0),
  primary key (project_id, month)
);

-- What deleted runs leave behind.
create table run_totals (
  project_id text collate "C" not null references projects,
  month date not null check (extract(day from month) = 1), -- of the runs' creation, UTC
  agent_id text not null,
  state text not null,
  is_shadow boolean not null,
  runs bigint not null,
  steps bigint not null,
  calls bigint not null,
  cost_usd numeric(20, 6) not null,
  primary key (project_id, month, agent_id, state, is_shadow)
);

alter table runs add column payload_erased_at timestamptz;
alter table channel_events add column payload_erased_at timestamptz;
create index runs_with_payload on runs (project_id, completed_at, run_id)
  where completed_at is not null and payload_erased_at is null;
create index channel_events_with_payload on channel_events (project_id, received_at, event_id)
  where payload_erased_at is null;
create index outbound_messages_with_content on outbound_messages (project_id, queued_at, message_id)
  where run_id is null and content <> '{}'::jsonb; -- those of a run go with it

do $$
declare
  t text;
  mine constant text :=
    'project_id = any ((select string_to_array(nullif(current_setting(''awooop.projects'', true), ''''), '',''))::text[])';
  -- A list of one is its project's id. Compared as such, an index on more than the project's id serves older planners too.
  the_one constant text := 'project_id = (select current_setting(''awooop.projects'', true))';
begin
  foreach t in array array['project_budgets', 'run_totals'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy tenant on %I to awooop_app using (%s) with check (%s)', t, mine, mine);
    execute format('create policy platform on %I to awooop_platform using (true) with check (true)', t);
  end loop;
  -- Forgetting is the one thing that removes rows, so it has a role that can do nothing else, one tenant at a time.
  foreach t in array array[
    'projects', 'runs', 'run_transitions', 'run_steps', 'mcp_calls', 'run_budgets', 'budget_reservations', 'approvals',
    'approval_decisions', 'channel_events', 'outbound_messages', 'run_totals', 'run_words', 'audit_log', 'run_bulk_actions',
    'run_bulk_results'
  ] loop
    execute format('create policy retention on %I to awooop_retention using (%s) with check (%s)', t, the_one, the_one);
  end loop;
end
$$;

grant select, insert, update (spent_usd) on project_budgets to awooop_app, awooop_platform;
grant select on run_totals to awooop_app, awooop_platform;
grant usage on schema awooop to awooop_retention;
grant select, update (retention_ran_at) on projects to awooop_retention;
grant select, delete on
  runs, run_words, run_transitions, run_steps, mcp_calls, run_budgets, budget_reservations, approvals,
  approval_decisions, channel_events, outbound_messages, run_bulk_actions, run_bulk_results to awooop_retention;
grant update (input, result, payload_erased_at) on runs to awooop_retention;
grant update (input, output) on run_steps to awooop_retention;
grant update (args, result) on mcp_calls to awooop_retention;
grant update (args_display, args_ciphertext) on approvals to awooop_retention;
grant update (payload, payload_erased_at) on channel_events to awooop_retention;
grant update (content) on outbound_messages to awooop_retention;
grant select, insert, update (runs, steps, calls, cost_usd) on run_totals to awooop_retention;
grant insert on audit_log to awooop_retention;

-- What was spent so far: a call's money in the month it was settled; what models cost was booked on the run alone, so it
-- counts for the month of the run's end, or of its beginning while it has none.
create policy migration on runs for select to awooop_owner using (true);
create policy migration on budget_reservations for select to awooop_owner using (true);
create policy migration on project_budgets for insert to awooop_owner with check (true);
insert into project_budgets (project_id, month, spent_usd)
  select project_id, month, sum(usd) from (
    select project_id, awooop_month(settled_at) as month, amount_usd as usd
    from budget_reservations where status = 'spent'
    union all
    select r.project_id, awooop_month(coalesce(r.completed_at, r.created_at)), r.cost_usd - coalesce((
        select sum(b.amount_usd) from budget_reservations b
        where b.project_id = r.project_id and b.run_id = r.run_id and b.status = 'spent'), 0)
    from runs r where r.cost_usd > 0
  ) as booked where usd > 0 group by project_id, month;
drop policy migration on runs;
drop policy migration on budget_reservations;
drop policy migration on project_budgets;
