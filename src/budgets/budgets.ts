import { sql } from "kysely";
import type { Tx } from "../platform/database/index.ts";
import {
  type Account,
  accountKey,
  type BudgetPeriod,
  type BudgetScope,
  type Limits,
  type Usage,
} from "./accounts.ts";
import { type Held, holdAccounts, type Movement, moveAccounts } from "./hold.ts";

/** Where an account stands. */
export interface Standing {
  account: Account;
  usage: Usage;
}

/** Reads what accounts have been used for so far, holding nothing. */
export async function readAccounts(tx: Tx, accounts: readonly Account[]): Promise<Standing[]> {
  const given = JSON.stringify(
    accounts.map(({ projectId, scope, subject, period }) => ({
      project_id: projectId,
      scope,
      subject,
      period,
    })),
  );
  const { rows } = await sql<{
    project_id: string;
    scope: BudgetScope;
    subject: string;
    period: BudgetPeriod;
    calls: number;
    used: number;
  }>`
    select r.project_id, r.scope, r.subject, r.period,
      coalesce(b.calls_used, w.calls_used, 0) as calls,
      coalesce(b.reserved_usd + b.spent_usd, w.reserved_usd + w.spent_usd, m.reserved_usd + m.spent_usd, 0) as used
    from jsonb_to_recordset(${given}::jsonb) as r (project_id text, scope text, subject text, period text)
      left join run_budgets b on r.period = 'run' and b.project_id = r.project_id
        and b.run_id = case when r.period = 'run' then r.subject::uuid end
      left join budget_windows w on r.period in ('minute', 'day') and w.project_id = r.project_id and w.scope = r.scope
        and w.subject = r.subject and w.period = r.period
        and w.starts_at = case when r.period in ('minute', 'day') then awooop_window(r.period) end
      left join project_budgets m on r.period = 'month' and m.project_id = r.project_id and m.month = awooop_month()`.execute(
    tx,
  );
  const used = new Map(
    rows.map((row) => [accountKey({ ...row, projectId: row.project_id }), row] as const),
  );
  return accounts.map((account) => {
    const row = used.get(accountKey(account));
    return { account, usage: { calls: row?.calls ?? 0, costUsd: row?.used ?? 0 } };
  });
}

/** One call that is going to be made: it counts, and its money is reserved until it is settled. */
export interface Reservation {
  projectId: string;
  runId: string;
  callId: string;
  amountUsd: number;
  /** All that it counts against, held by the transaction. */
  held: readonly Held[];
}

/** Counts calls and reserves their money, in the transaction that holds their accounts and has asked gate 4. */
export async function reserve(tx: Tx, reservations: readonly Reservation[]): Promise<void> {
  await moveAccounts(
    tx,
    reservations.flatMap(({ held, amountUsd }) =>
      held.map(({ account, startsAt }) => ({
        account,
        startsAt,
        calls: 1,
        reservedUsd: amountUsd,
        spentUsd: 0,
      })),
    ),
  );
  const paid = reservations.filter(({ amountUsd }) => amountUsd > 0);
  if (paid.length === 0) return;
  const rows = paid.map(({ projectId, runId, callId, amountUsd, held }) => ({
    project_id: projectId,
    run_id: runId,
    call_id: callId,
    amount_usd: amountUsd,
    month: held.find(({ account }) => account.period === "month")?.startsAt ?? null,
    windows: held
      .filter(({ account }) => account.period === "minute" || account.period === "day")
      .map(({ account, startsAt }) => [account.scope, account.subject, account.period, startsAt]),
  }));
  await sql`insert into budget_reservations (project_id, run_id, call_id, amount_usd, month, windows, status)
    select project_id, run_id, call_id, amount_usd, month, windows, 'reserved'
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as r (project_id text, run_id uuid, call_id uuid, amount_usd numeric, month date, windows jsonb)`.execute(
    tx,
  );
}

/** How a call's money ends: it was spent, or it comes back because the call certainly did not happen. */
export interface Settlement {
  projectId: string;
  callId: string;
  how: "spent" | "released";
}

interface SettledRow {
  project_id: string;
  run_id: string;
  call_id: string;
  amount_usd: number;
  month: string | null;
  windows: [BudgetScope, string, BudgetPeriod, string][];
  how: "spent" | "released";
}

/**
 * Settles reservations, each once: `spent` turns the reserved money into spent money, `released` gives it back (the count
 * of calls stays). What was spent also counts for the project's month. A second settling changes nothing. The transaction
 * holds the rows of their runs.
 *
 * @returns the money spent by this settling, in US dollars, by call
 */
export async function settle(
  tx: Tx,
  settlements: readonly Settlement[],
): Promise<Map<string, number>> {
  if (settlements.length === 0) return new Map();
  const given = settlements.map(({ projectId, callId, how }) => ({
    project_id: projectId,
    call_id: callId,
    how,
  }));
  const { rows } = await sql<SettledRow>`
    update budget_reservations b set status = r.how, settled_at = clock_timestamp()
    from jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as r (project_id text, call_id uuid, how text)
    where b.project_id = r.project_id and b.call_id = r.call_id and b.status = 'reserved'
    returning b.project_id, b.run_id, b.call_id, b.amount_usd, b.month::text, b.windows, r.how`.execute(
    tx,
  );
  if (rows.length === 0) return new Map();
  const windows = rows.flatMap((row) => movementsOf(row));
  await holdAgain(tx, windows);
  await moveAccounts(tx, windows);
  const byProject = Map.groupBy(
    rows.toSorted((a, b) => (a.project_id < b.project_id ? -1 : 1)),
    (row) => row.project_id,
  );
  for (const [projectId, some] of byProject) {
    await bookMonth(
      tx,
      projectId,
      some.reduce((sum, row) => sum + spentBy(row), 0),
    );
  }
  return new Map(rows.map((row) => [row.call_id, spentBy(row)]));
}

const spentBy = ({ how, amount_usd }: SettledRow) => (how === "spent" ? amount_usd : 0);

/** What settling a reservation does to the accounts it was made in. */
function movementsOf(row: SettledRow): Movement[] {
  const projectId = row.project_id;
  const money = { calls: 0, reservedUsd: -row.amount_usd, spentUsd: spentBy(row) };
  const run = { projectId, scope: "run", subject: row.run_id, period: "run" } as const;
  const windows = row.windows.map(([scope, subject, period, startsAt]) => ({
    account: { projectId, scope, subject, period },
    startsAt,
    ...money,
  }));
  const month = { projectId, scope: "project", subject: "", period: "month" } as const;
  return [
    { account: run, startsAt: null, ...money },
    ...windows,
    // Its spending is booked apart, in the month that it is now.
    ...(row.month === null ? [] : [{ account: month, startsAt: row.month, ...money, spentUsd: 0 }]),
  ];
}

/** Holds the windows and months of a settling before they are changed, in the order in which everybody holds them. */
async function holdAgain(tx: Tx, movements: readonly Movement[]): Promise<void> {
  const unlimited: Limits = { calls: null, costUsd: null };
  const shared = movements.filter(({ account }) => account.period !== "run");
  await holdAccounts(
    tx,
    shared.map(({ account }) => ({ ...account, limits: unlimited })),
  );
}

/**
 * Adds money that was spent to the project's calendar month: that of the database's clock, UTC. Other runs of the project
 * wait for this row, so it is taken last: after the run's row and its budget, and only when there is something to add.
 */
async function bookMonth(tx: Tx, projectId: string, amountUsd: number): Promise<void> {
  if (amountUsd <= 0) return;
  await sql`insert into project_budgets as b (project_id, month, spent_usd)
    values (${projectId}, awooop_month(), ${amountUsd.toFixed(6)}::numeric)
    on conflict (project_id, month) do update set spent_usd = b.spent_usd + excluded.spent_usd`.execute(
    tx,
  );
}

/**
 * Books money that was spent without a reservation (a model's usage), in US dollars: on the run, on what else of it is
 * limited, and on the project's month.
 *
 * @param windows the agent's own windows that have a limit
 */
export async function spend(
  tx: Tx,
  run: Account,
  windows: readonly Account[],
  amountUsd: number,
): Promise<void> {
  const held = await holdAccounts(tx, [run, ...windows]);
  await moveAccounts(
    tx,
    [...held.values()].map(({ account, startsAt }) => ({
      account,
      startsAt,
      calls: 0,
      reservedUsd: 0,
      spentUsd: amountUsd,
    })),
  );
  await bookMonth(tx, run.projectId, amountUsd);
}
