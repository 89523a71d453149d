import { sql } from "kysely";
import { jsonb, type Tx } from "../platform/database/index.ts";
import { type Batch, behind, type Dealt, type Due, dueBefore, passed } from "./batch.ts";
import { countWithin } from "./rules.ts";

/** Steps and calls that one transaction deals with, so that it is over soon; a run that has more is a batch of its own. */
const MOST_ROWS = 5_000;

/** What stands where the arguments of a question were. */
const ERASED = { erased: true };

interface DueRun extends Due {
  weight: number;
}

/** The steps and calls of a run. */
const WEIGHT = sql<number>`r.step_count + (
  select count(*) from mcp_calls c where c.project_id = r.project_id and c.run_id = r.run_id)`;

/** Nothing of it is on its way: its calls have ended, so their money is booked, and its messages have gone or failed. */
const AT_REST = sql<boolean>`not exists (
    select from mcp_calls c
    where c.project_id = r.project_id and c.run_id = r.run_id and c.result_status = 'executing')
  and not exists (
    select from outbound_messages m
    where m.project_id = r.project_id and m.run_id = r.run_id and m.send_status = 'queued')`;

/**
 * Erases what runs that have been over for long enough were given, did and answered; that they were, how they ended and
 * what was said of them stays.
 */
export async function eraseRuns(tx: Tx, batch: Batch): Promise<Dealt> {
  // Rows that refer to a run may be added meanwhile; only changes of the run itself wait.
  const { rows } = await sql<DueRun>`
    select r.run_id as id, r.completed_at as at, ${WEIGHT} as weight from runs r
    where r.project_id = ${batch.projectId} and r.completed_at is not null and r.payload_erased_at is null
      and r.completed_at < ${dueBefore(batch)} and ${behind(batch, sql`r.completed_at`, sql`r.run_id`)} and ${AT_REST}
    order by r.completed_at, r.run_id limit ${batch.size} for no key update of r skip locked`.execute(
    tx,
  );
  const taken = rows.slice(0, countWithin(rows, MOST_ROWS));
  if (taken.length > 0) await eraseThese(tx, batch.projectId, taken);
  return { counts: { runs: taken.length }, ...passed(batch, rows, taken.length) };
}

async function eraseThese(tx: Tx, projectId: string, runs: readonly Due[]): Promise<void> {
  const ofRuns = sql<boolean>`project_id = ${projectId} and run_id = any (${idsOf(runs)}::uuid[])`;
  await sql`update run_steps set input = null, output = null
    where ${ofRuns} and (input is not null or output is not null)`.execute(tx);
  await sql`update mcp_calls set args = null, result = null
    where ${ofRuns} and (args is not null or result is not null)`.execute(tx);
  await sql`update approvals set args_display = ${jsonb(ERASED)}, args_ciphertext = '', approved_args_ciphertext = null,
      approved_args_display = case when approved_args_display is not null then ${jsonb(ERASED)} end
    where ${ofRuns}`.execute(tx);
  await sql`delete from approval_seen where ${ofRuns}`.execute(tx);
  await sql`delete from task_outcomes where ${ofRuns}`.execute(tx);
  await sql`update outbound_messages set content = '{}' where ${ofRuns}`.execute(tx);
  await sql`update runs set input = null, result = null, payload_erased_at = clock_timestamp()
    where ${ofRuns}`.execute(tx);
}

/**
 * Deletes runs that have been over for long enough, with everything that hangs on them, and adds what they were to the
 * totals of the month they were created in: both or neither.
 */
export async function deleteRuns(tx: Tx, batch: Batch): Promise<Dealt> {
  const end = sql`coalesce(r.completed_at, 'infinity'::timestamptz)`;
  const { rows } = await sql<DueRun>`
    select r.run_id as id, r.completed_at as at, ${WEIGHT} as weight from runs r
    where r.project_id = ${batch.projectId} and ${end} < ${dueBefore(batch)}
      and ${behind(batch, end, sql`r.run_id`)} and ${AT_REST}
    order by ${end}, r.run_id limit ${batch.size} for update of r skip locked`.execute(tx);
  const taken = rows.slice(0, countWithin(rows, MOST_ROWS));
  if (taken.length > 0) {
    await addToTotals(tx, batch.projectId, taken);
    await deleteThese(tx, batch.projectId, taken);
  }
  return { counts: { runs: taken.length }, ...passed(batch, rows, taken.length) };
}

async function addToTotals(tx: Tx, projectId: string, runs: readonly Due[]): Promise<void> {
  await sql`insert into run_totals as t (project_id, month, agent_id, state, is_shadow, runs, steps, calls, cost_usd)
    select r.project_id, awooop_month(r.created_at) as month, r.agent_id, r.state, r.is_shadow,
      count(*), sum(r.step_count), sum(c.calls), sum(r.cost_usd)
    from runs r, lateral (
      select count(*) as calls from mcp_calls c where c.project_id = r.project_id and c.run_id = r.run_id) as c
    where r.project_id = ${projectId} and r.run_id = any (${idsOf(runs)}::uuid[])
    group by r.project_id, month, r.agent_id, r.state, r.is_shadow
    on conflict (project_id, month, agent_id, state, is_shadow) do update set runs = t.runs + excluded.runs,
      steps = t.steps + excluded.steps, calls = t.calls + excluded.calls, cost_usd = t.cost_usd + excluded.cost_usd`.execute(
    tx,
  );
}

/** Each before what it refers to. */
const OF_RUNS = [
  "task_outcomes",
  "approval_redemptions",
  "approvals",
  "budget_reservations",
  "run_budgets",
  "budget_windows",
  "outbound_messages",
  "mcp_calls",
  "run_steps",
  "run_transitions",
  "run_words",
  "runs",
] as const;

async function deleteThese(tx: Tx, projectId: string, runs: readonly Due[]): Promise<void> {
  const ids = idsOf(runs);
  await sql`delete from approval_seen
    where project_id = ${projectId} and run_id = any (${ids}::uuid[])`.execute(tx);
  await sql`delete from approval_decisions d using approvals a
    where a.project_id = ${projectId} and a.run_id = any (${ids}::uuid[])
      and d.project_id = ${projectId} and d.approval_id = a.approval_id`.execute(tx);
  for (const table of OF_RUNS) {
    await sql`delete from ${sql.table(table)}
      where project_id = ${projectId} and run_id = any (${ids}::uuid[])`.execute(tx);
  }
}

const idsOf = (rows: readonly Due[]) => rows.map(({ id }) => id);
