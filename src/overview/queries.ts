import { sql } from "kysely";
import type { Tx } from "../platform/database/index.ts";
import { redact } from "../platform/redact.ts";
import type { Overview } from "./contract.ts";
import { shareOf, type Wanted } from "./time-queries.ts";

const SHOWN = 10;
const MOST_COUNTED = 1_000;

type Counted<Item> = Item & { total: number };

/** The first of what was found and how many there are; each row carries that number. */
function firstOf<Item extends object>(
  rows: readonly Counted<Item>[],
): { items: Item[]; total: number } {
  return {
    items: rows.map(({ total: _, ...item }) => item as unknown as Item),
    total: rows[0]?.total ?? 0,
  };
}

const counted = sql`least(count(*) over (), ${MOST_COUNTED}) as total`;

/** The runs that are not over, by state; of each project and state up to 1,000 are counted. */
export async function readWorking(tx: Tx, { projects }: Wanted): Promise<Overview["working"]> {
  const { rows } = await sql<{ state: keyof Overview["working"]; runs: number }>`
    select s.state, sum(found.runs)::bigint as runs
    from ${projects} cross join unnest(array['pending', 'running', 'waiting_approval']) as s (state)
    cross join lateral (
      select count(*) as runs from (
        select from runs where project_id = p.project_id and runs.state = s.state limit ${MOST_COUNTED}
      ) open_runs
    ) found
    group by s.state`.execute(tx);
  const working = { pending: 0, running: 0, waiting_approval: 0 };
  for (const { state, runs } of rows) working[state] = runs;
  return working;
}

/** The runs of the time that failed or ran out of it, newest first. */
export async function readFailedRuns(tx: Tx, wanted: Wanted): Promise<Overview["failed_runs"]> {
  type Item = Overview["failed_runs"]["items"][number];
  const { rows } = await sql<Counted<Item>>`
    with found as (
      select ids.run_id, ids.project_id, ids.created_at, ${counted}
      from ${wanted.projects} cross join unnest(array['failed', 'timed_out']) as s (state)
      cross join lateral (
        select run_id, project_id, created_at from runs
        where project_id = p.project_id and runs.state = s.state and created_at >= ${wanted.since}::timestamptz
        order by created_at desc, run_id desc limit ${MOST_COUNTED}
      ) ids
      order by ids.created_at desc, ids.run_id desc limit ${SHOWN}
    )
    select r.run_id, r.project_id, r.agent_id, r.title, r.state, r.error_code, r.created_at, r.completed_at, found.total
    from found cross join lateral (
      select * from runs where project_id = found.project_id and run_id = found.run_id limit 1
    ) r
    order by r.created_at desc, r.run_id desc`.execute(tx);
  const { items, total } = firstOf<Item>(rows);
  return { items: items.map((run) => ({ ...run, title: redact(run.title) })), total };
}

interface StopRow {
  gate: number;
  server: string | null;
  tool_name: string;
  code: string | null;
  calls: number;
}

/** What the gates stopped in the time, by gate. */
export async function readStops(tx: Tx, wanted: Wanted): Promise<Overview["stops"]> {
  const { rows } = await sql<StopRow>`
    select found.block_gate as gate, found.server, found.tool_name, found.block_code as code, count(*) as calls
    from ${wanted.projects} cross join lateral (
      select block_gate, server, tool_name, block_code from mcp_calls
      where project_id = p.project_id and block_gate is not null and created_at >= ${wanted.since}::timestamptz
      order by created_at desc limit ${shareOf(wanted.projects)}
    ) found
    group by 1, 2, 3, 4 order by calls desc, 1, 2, 3, 4`.execute(tx);
  return [1, 2, 3, 4, 5].flatMap((gate) => {
    const [most, ...rest] = rows.filter((row) => row.gate === gate);
    if (!most) return [];
    const { server, tool_name, code, calls } = most;
    return {
      gate,
      calls: rest.reduce((sum, row) => sum + row.calls, calls),
      most: { server, tool_name, code: code ?? "" },
      most_calls: calls,
    };
  });
}

/** The questions that were asked in the time, by what became of them. */
export async function readQuestions(tx: Tx, wanted: Wanted): Promise<Overview["questions"]> {
  const { rows } = await sql<Overview["questions"]>`
    select count(*) filter (where status = 'open') as open,
      count(*) filter (where status = 'approved') as approved,
      count(*) filter (where status = 'rejected') as rejected,
      count(*) filter (where status = 'changes_requested') as changes_requested,
      count(*) filter (where status = 'expired') as expired,
      count(*) filter (where status = 'voided') as voided,
      round(extract(epoch from percentile_disc(0.5) within group (order by found.decided_at - found.created_at)
        filter (where status in ('approved', 'rejected', 'changes_requested'))))::float8 as median_answer_seconds
    from ${wanted.projects} cross join lateral (
      select status, created_at, decided_at from approvals
      where project_id = p.project_id and created_at >= ${wanted.since}::timestamptz
      order by created_at desc limit ${shareOf(wanted.projects)}
    ) found`.execute(tx);
  const [questions] = rows;
  if (!questions) throw new Error("a sum of nothing is still one row");
  return questions;
}

/** Registered tool servers that were not up when they were last looked at. */
export async function readUnhealthyServers(
  tx: Tx,
  { projects }: Wanted,
): Promise<Overview["unhealthy_servers"]> {
  type Item = Overview["unhealthy_servers"]["items"][number];
  const { rows } = await sql<Counted<Item>>`
    select h.project_id, h.server_id, h.state, h.error_code, h.error_message, h.last_ok_at, h.next_try_at, ${counted}
    from ${projects} cross join lateral (
      select distinct on (server_id) * from tool_server_health
      where project_id = p.project_id order by server_id, observed_at desc
    ) h
    cross join lateral (
      select from contract_revisions r
      where r.project_id = h.project_id and r.contract_id = h.server_id
        and r.contract_family = 'tool_server' and r.lifecycle_status = 'active' limit 1
    ) registered
    where h.state <> 'up' order by h.last_failure_at desc nulls last, h.project_id, h.server_id
    limit ${SHOWN}`.execute(tx);
  const { items, total } = firstOf<Item>(rows);
  const shown = items.map((server) => ({
    ...server,
    error_message: server.error_message === null ? null : redact(server.error_message),
  }));
  return { items: shown, total };
}

/** Tools that are not what was pinned, and so quarantined, newest change first. */
export async function readChangedTools(
  tx: Tx,
  { projects }: Wanted,
): Promise<Overview["changed_tools"]> {
  const { rows } = await sql<Counted<Overview["changed_tools"]["items"][number]>>`
    select r.project_id, r.server_id, r.tool_name, r.changed_at, ${counted}
    from ${projects} join tool_reviews r on r.project_id = p.project_id and r.status = 'open'
    order by r.changed_at desc, r.review_id limit ${SHOWN}`.execute(tx);
  return firstOf(rows);
}

/** The freezes that hold there, of everything included; the oldest first. */
export async function readFreezes(
  tx: Tx,
  { projects }: Wanted,
  everything: string,
): Promise<Overview["freezes"]> {
  const { rows } = await sql<Counted<Overview["freezes"]["items"][number]>>`
    select f.freeze_id, f.scope, nullif(f.project_id, ${everything}) as project_id, f.agent_id, f.reason, f.frozen_at,
      f.frozen_by, ${counted}
    from (select p.project_id from ${projects} union all select ${everything}) p
    join freezes f on f.project_id = p.project_id and f.lifted_at is null
    order by f.frozen_at, f.freeze_id limit ${SHOWN}`.execute(tx);
  return firstOf(rows);
}

/** What the projects have spent of this month's money (UTC), those nearest to their limit first. */
export async function readSpend(tx: Tx, { projects }: Wanted): Promise<Overview["spend"]> {
  const { rows } = await sql<Counted<Overview["spend"]["items"][number]>>`
    select j.project_id, j.display_name, coalesce(b.spent_usd, 0) as spent_usd,
      coalesce(b.reserved_usd, 0) as reserved_usd, j.budget_limit_usd as limit_usd, ${counted}
    from ${projects} join projects j on j.project_id = p.project_id and j.is_active
    left join project_budgets b on b.project_id = j.project_id
      and b.month = date_trunc('month', clock_timestamp() at time zone 'UTC')::date
    order by b.spent_usd / nullif(j.budget_limit_usd, 0) desc nulls last, b.spent_usd desc nulls last, j.project_id
    limit ${SHOWN}`.execute(tx);
  return firstOf(rows);
}
