import { sql } from "kysely";
import type { AgentBody } from "../contracts/index.ts";
import type { Tx } from "../platform/database/index.ts";

/** What a run may use up; null is without limit. */
export interface RunLimits {
  calls: number | null;
  costUsd: number | null;
}

/** What a run has used up; reserved money counts as used until its call is settled. */
export interface RunUsage {
  calls: number;
  costUsd: number;
}

/** What a run has used so far; nothing before its first call. */
export async function readUsage(tx: Tx, projectId: string, runId: string): Promise<RunUsage> {
  const row = await tx
    .selectFrom("run_budgets")
    .select(["calls_used", "reserved_usd", "spent_usd"])
    .where("project_id", "=", projectId)
    .where("run_id", "=", runId)
    .executeTakeFirst();
  return { calls: row?.calls_used ?? 0, costUsd: row ? row.reserved_usd + row.spent_usd : 0 };
}

interface Reservation {
  projectId: string;
  runId: string;
  callId: string;
  amountUsd: number;
  limits: RunLimits;
}

/**
 * Reserves one call and its money, in the executing transaction, by one conditional update: it succeeds only while both
 * limits still hold, whatever other processes do at the same time.
 *
 * @returns false when a limit would be passed; nothing is reserved then
 */
export async function reserve(tx: Tx, reservation: Reservation): Promise<boolean> {
  const { projectId, runId, callId, amountUsd, limits } = reservation;
  await sql`insert into run_budgets (project_id, run_id, calls_limit, cost_limit_usd)
    values (${projectId}, ${runId}, ${limits.calls}, ${limits.costUsd})
    on conflict (project_id, run_id) do nothing`.execute(tx);
  const { rows } = await sql`
    update run_budgets set calls_used = calls_used + 1, reserved_usd = reserved_usd + ${amountUsd}::numeric
      where project_id = ${projectId} and run_id = ${runId}
        and (calls_limit is null or calls_used < calls_limit)
        and (cost_limit_usd is null or spent_usd + reserved_usd + ${amountUsd}::numeric <= cost_limit_usd)
      returning 1`.execute(tx);
  if (rows.length === 0) return false;
  await tx
    .insertInto("budget_reservations")
    .values({
      project_id: projectId,
      run_id: runId,
      call_id: callId,
      amount_usd: amountUsd,
      status: "reserved",
    })
    .execute();
  return true;
}

/**
 * Adds money that was spent to the project's calendar month: that of the database's clock, UTC. Other runs of the project
 * wait for this row, so it is taken last: after the run's row and its budget, and only when there is something to add.
 */
async function bookMonth(tx: Tx, projectId: string, amountUsd: number): Promise<void> {
  if (amountUsd <= 0) return;
  await sql`insert into project_budgets as b (project_id, month, spent_usd)
    values (${projectId}, awooop_month(), ${amountUsd}::numeric)
    on conflict (project_id, month) do update set spent_usd = b.spent_usd + excluded.spent_usd`.execute(
    tx,
  );
}

/**
 * Settles a reservation once: `spent` turns the reserved money into spent money, `released` gives it back (the count of
 * calls stays). What was spent also counts for the project's month. A second settling changes nothing.
 *
 * @returns the money spent by this settling, in US dollars
 */
export async function settle(
  tx: Tx,
  projectId: string,
  callId: string,
  how: "spent" | "released",
): Promise<number> {
  const row = await tx
    .updateTable("budget_reservations")
    .set({ status: how, settled_at: sql<string>`clock_timestamp()` })
    .where("project_id", "=", projectId)
    .where("call_id", "=", callId)
    .where("status", "=", "reserved")
    .returning(["run_id", "amount_usd"])
    .executeTakeFirst();
  if (!row) return 0;
  const spent = how === "spent" ? row.amount_usd : 0;
  await sql`update run_budgets set reserved_usd = reserved_usd - ${row.amount_usd}::numeric,
      spent_usd = spent_usd + ${spent}::numeric
    where project_id = ${projectId} and run_id = ${row.run_id}`.execute(tx);
  await bookMonth(tx, projectId, spent);
  return spent;
}

/** Books money that was spent without a reservation (a model's usage) on the run and the project's month, in US dollars. */
export async function spend(
  tx: Tx,
  projectId: string,
  runId: string,
  limits: RunLimits,
  amountUsd: number,
): Promise<void> {
  await sql`insert into run_budgets as b (project_id, run_id, calls_limit, cost_limit_usd, spent_usd)
    values (${projectId}, ${runId}, ${limits.calls}, ${limits.costUsd}, ${amountUsd})
    on conflict (project_id, run_id) do update set spent_usd = b.spent_usd + excluded.spent_usd`.execute(
    tx,
  );
  await bookMonth(tx, projectId, amountUsd);
}

/** The limits an agent's contract sets for each of its runs. */
export function limitsOf(agent: AgentBody): RunLimits {
  return { calls: agent.limits.calls ?? null, costUsd: agent.limits.cost_usd ?? null };
}
