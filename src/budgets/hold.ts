import { type RawBuilder, sql } from "kysely";
import { fixedQuery } from "../platform/database/fixed-query.ts";
import type { Tx } from "../platform/database/index.ts";
import { type Account, accountKey, type BudgetPeriod, type Usage } from "./accounts.ts";

/** An account that the transaction holds: nobody else changes it until the transaction ends. */
export interface Held {
  account: Account;
  usage: Usage;
  /** When its window began, as the database writes it; null for a run's whole life. */
  startsAt: string | null;
}

/** What is to be added to an account; money in US dollars, negative where it is given back. */
export interface Movement {
  account: Omit<Account, "limits">;
  startsAt: string | null;
  calls: number;
  reservedUsd: number;
  spentUsd: number;
}

interface Row {
  project_id: string;
  subject: string;
  scope: Account["scope"];
  period: BudgetPeriod;
  calls: number;
  used: number;
  starts_at: string | null;
}

/**
 * Makes sure that the accounts exist and holds them, always in the same order, so that nobody waits in a ring. Whoever
 * holds accounts of a run holds the run's row already.
 *
 * @returns what each has been used for so far, by `accountKey`
 */
export async function holdAccounts(
  tx: Tx,
  accounts: readonly Account[],
): Promise<Map<string, Held>> {
  const wanted = new Map(accounts.map((account) => [accountKey(account), account]));
  const of = (test: (account: Account) => boolean) => [...wanted.values()].filter(test);
  const answers = await Promise.all([
    holdRuns(
      tx,
      of(({ period }) => period === "run"),
    ),
    holdWindows(
      tx,
      of(({ period }) => period === "minute" || period === "day"),
    ),
    holdMonths(
      tx,
      of(({ period }) => period === "month"),
    ),
  ]);
  const held = new Map<string, Held>();
  for (const row of answers.flat()) {
    const key = accountKey({ ...row, projectId: row.project_id });
    const account = wanted.get(key);
    const usage = { calls: row.calls, costUsd: row.used };
    if (account) held.set(key, { account, usage, startsAt: row.starts_at });
  }
  return held;
}

type Given = { given: string };
type Slot = (name: "given") => RawBuilder<unknown>;

async function holdRuns(tx: Tx, accounts: readonly Account[]): Promise<Row[]> {
  if (accounts.length === 0) return [];
  const given = JSON.stringify(
    accounts.map(({ projectId, subject, limits }) => ({
      project_id: projectId,
      run_id: subject,
      calls: limits.calls,
      cost: limits.costUsd,
    })),
  );
  const known = await holdRunRows(tx, { given });
  // They are there but for a run's first call.
  if (known.length === accounts.length) return known;
  const [, held] = await Promise.all([makeRunRows(tx, { given }), holdRunRows(tx, { given })]);
  return held;
}

const runsGiven = (slot: Slot) =>
  sql`jsonb_to_recordset(${slot("given")}::jsonb) as r (project_id text, run_id uuid, calls integer, cost numeric)`;

const makeRunRows = fixedQuery<Given, unknown>(
  (slot) => sql`insert into run_budgets (project_id, run_id, calls_limit, cost_limit_usd)
    select project_id, run_id, calls, cost from ${runsGiven(slot)} order by 1, 2 on conflict do nothing`,
);

const holdRunRows = fixedQuery<Given, Row>(
  (
    slot,
  ) => sql<Row>`select b.project_id, b.run_id::text as subject, 'run' as scope, 'run' as period,
      b.calls_used as calls, b.reserved_usd + b.spent_usd as used, null as starts_at
    from ${runsGiven(slot)} join run_budgets b using (project_id, run_id)
    order by b.project_id, b.run_id for update of b`,
);

async function holdWindows(tx: Tx, accounts: readonly Account[]): Promise<Row[]> {
  if (accounts.length === 0) return [];
  const given = JSON.stringify(
    accounts.map(({ projectId, scope, subject, period }) => ({
      project_id: projectId,
      scope,
      subject,
      period,
      run_id: scope === "run" ? subject : null,
    })),
  );
  const [, held] = await Promise.all([
    makeWindowRows(tx, { given }),
    holdWindowRows(tx, { given }),
  ]);
  return held;
}

const windowsGiven = (slot: Slot) => sql`jsonb_to_recordset(${slot("given")}::jsonb)
    as r (project_id text, scope text, subject text, period text, run_id uuid)`;

const makeWindowRows = fixedQuery<Given, unknown>(
  (slot) => sql`insert into budget_windows (project_id, scope, subject, period, run_id, starts_at)
    select project_id, scope, subject, period, run_id, awooop_window(period) from ${windowsGiven(slot)}
    order by 1, 2, 3, 4 on conflict do nothing`,
);

const holdWindowRows = fixedQuery<Given, Row>(
  (slot) => sql<Row>`select w.project_id, w.subject, w.scope, w.period, now_in.began as starts_at,
      case when w.starts_at = now_in.began then w.calls_used else 0 end as calls,
      case when w.starts_at = now_in.began then w.reserved_usd + w.spent_usd else 0 end as used
    from ${windowsGiven(slot)} join budget_windows w using (project_id, scope, subject, period)
      cross join lateral awooop_window(r.period) as now_in (began)
    order by w.project_id, w.scope, w.subject, w.period for update of w`,
);

async function holdMonths(tx: Tx, accounts: readonly Account[]): Promise<Row[]> {
  if (accounts.length === 0) return [];
  const projects = accounts.map(({ projectId }) => projectId);
  const [, held] = await Promise.all([
    makeMonthRows(tx, { projects }),
    holdMonthRows(tx, { projects }),
  ]);
  return held;
}

const makeMonthRows = fixedQuery<{ projects: string[] }, unknown>(
  (slot) => sql`insert into project_budgets (project_id, month, spent_usd)
    select project_id, awooop_month(), 0 from unnest(${slot("projects")}::text[]) as r (project_id) order by 1
    on conflict do nothing`,
);

const holdMonthRows = fixedQuery<{ projects: string[] }, Row>(
  (
    slot,
  ) => sql<Row>`select b.project_id, '' as subject, 'project' as scope, 'month' as period, 0 as calls,
      b.reserved_usd + b.spent_usd as used, b.month::text as starts_at
    from awooop_month() as now_in (month), project_budgets b
    where b.month = now_in.month and b.project_id = any (${slot("projects")}::text[])
    order by b.project_id for update of b`,
);

/** Adds what was used or given back to accounts that the transaction holds; of a window that is over, nothing is kept. */
export async function moveAccounts(tx: Tx, movements: readonly Movement[]): Promise<void> {
  const sums = new Map<string, Movement>();
  for (const movement of movements) {
    const key = `${accountKey(movement.account)}\n${movement.startsAt}`;
    const sum = sums.get(key);
    sums.set(key, sum ? added(sum, movement) : movement);
  }
  const rows = [...sums.values()].map(({ account, startsAt, calls, reservedUsd, spentUsd }) => ({
    project_id: account.projectId,
    scope: account.scope,
    subject: account.subject,
    period: account.period,
    starts_at: startsAt,
    calls,
    // Sums of a few amounts of six decimals each, without what binary fractions add to them.
    reserved: reservedUsd.toFixed(6),
    spent: spentUsd.toFixed(6),
  }));
  const of = (test: (period: BudgetPeriod) => boolean) => rows.filter(({ period }) => test(period));
  await Promise.all([
    moveRuns(
      tx,
      of((period) => period === "run"),
    ),
    moveWindows(
      tx,
      of((period) => period === "minute" || period === "day"),
    ),
    moveMonths(
      tx,
      of((period) => period === "month"),
    ),
  ]);
}

function added(a: Movement, b: Movement): Movement {
  return {
    ...a,
    calls: a.calls + b.calls,
    reservedUsd: a.reservedUsd + b.reservedUsd,
    spentUsd: a.spentUsd + b.spentUsd,
  };
}

const moved = (slot: Slot) => sql`jsonb_to_recordset(${slot("given")}::jsonb)
  as r (project_id text, scope text, subject text, period text, starts_at text, calls integer, reserved numeric, spent numeric)`;

async function moveRuns(tx: Tx, rows: readonly object[]): Promise<void> {
  if (rows.length > 0) await moveRunRows(tx, { given: JSON.stringify(rows) });
}

const moveRunRows = fixedQuery<Given, unknown>(
  (slot) => sql`update run_budgets b set calls_used = b.calls_used + r.calls,
      reserved_usd = b.reserved_usd + r.reserved, spent_usd = b.spent_usd + r.spent
    from ${moved(slot)} where b.project_id = r.project_id and b.run_id = r.subject::uuid`,
);

async function moveWindows(tx: Tx, rows: readonly object[]): Promise<void> {
  if (rows.length > 0) await moveWindowRows(tx, { given: JSON.stringify(rows) });
}

// What is added to a window that began later starts it; what is given back to one that is over is forgotten.
const moveWindowRows = fixedQuery<Given, unknown>(
  (slot) => sql`update budget_windows w set starts_at = r.starts_at::timestamptz,
      calls_used = case when w.starts_at = r.starts_at::timestamptz then w.calls_used else 0 end + r.calls,
      reserved_usd = case when w.starts_at = r.starts_at::timestamptz then w.reserved_usd else 0 end + r.reserved,
      spent_usd = case when w.starts_at = r.starts_at::timestamptz then w.spent_usd else 0 end + r.spent
    from ${moved(slot)}
    where w.project_id = r.project_id and w.scope = r.scope and w.subject = r.subject and w.period = r.period
      and w.starts_at <= r.starts_at::timestamptz`,
);

async function moveMonths(tx: Tx, rows: readonly object[]): Promise<void> {
  if (rows.length > 0) await moveMonthRows(tx, { given: JSON.stringify(rows) });
}

const moveMonthRows = fixedQuery<Given, unknown>(
  (slot) => sql`update project_budgets b set reserved_usd = b.reserved_usd + r.reserved,
      spent_usd = b.spent_usd + r.spent
    from ${moved(slot)} where b.project_id = r.project_id and b.month = r.starts_at::date`,
);

/** Calls of runs that nothing limits, which are counted after they ended. */
export async function countCalls(
  tx: Tx,
  runs: readonly { projectId: string; runId: string; calls: number }[],
): Promise<void> {
  if (runs.length === 0) return;
  const given = runs.map(({ projectId, runId, calls }) => ({
    project_id: projectId,
    run_id: runId,
    calls,
  }));
  await countQuery(tx, { given: JSON.stringify(given) });
}

const countQuery = fixedQuery<Given, unknown>(
  (slot) => sql`insert into run_budgets as b (project_id, run_id, calls_used)
    select project_id, run_id, calls from ${runsGiven(slot)} order by 1, 2
    on conflict (project_id, run_id) do update set calls_used = b.calls_used + excluded.calls_used`,
);
