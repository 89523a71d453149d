import { sql } from "kysely";
import type { Tx } from "../platform/database/index.ts";

/** How many things a list in a chat has, at most. */
export const LIST_MAX = 10;
/** Up to how many are counted. */
export const COUNT_MAX = 999;

/** The newest runs of a project, and one more than are listed where there are more. */
export function newestRuns(tx: Tx, projectId: string) {
  return tx
    .selectFrom("runs")
    .select(["run_id", "agent_id", "state", "title"])
    .where("project_id", "=", projectId)
    .orderBy("created_at", "desc")
    .orderBy("run_id", "desc")
    .limit(LIST_MAX + 1)
    .execute();
}

/** What waits for a person in a project, oldest first, and one more than are listed where there are more. */
export function oldestQuestions(tx: Tx, projectId: string) {
  return tx
    .selectFrom("approvals")
    .select(["project_id", "approval_id"])
    .where("project_id", "=", projectId)
    .where("status", "=", "open")
    .where("expires_at", ">", sql<string>`clock_timestamp()`)
    .orderBy("created_at")
    .orderBy("approval_id")
    .limit(LIST_MAX + 1)
    .execute();
}

/** How many runs of a project are open, by state; beyond `COUNT_MAX` nobody counts on. */
export async function countOpenRuns(
  tx: Tx,
  projectId: string,
): Promise<{ pending: number; running: number; waiting: number }> {
  const of = (state: string) => sql`(select count(*)::int from (select from runs
    where project_id = ${projectId} and state = ${state} limit ${COUNT_MAX + 1}) counted)`;
  const { rows } = await sql<{ pending: number; running: number; waiting: number }>`
    select ${of("pending")} as pending, ${of("running")} as running, ${of("waiting_approval")} as waiting`.execute(
    tx,
  );
  return rows[0] ?? { pending: 0, running: 0, waiting: 0 };
}

/**
 * The first two runs of a project whose ids begin so.
 *
 * @param digits 8 to 32 hex digits
 */
export async function runsNamed(tx: Tx, projectId: string, digits: string): Promise<string[]> {
  const rows = await tx
    .selectFrom("runs")
    .select("run_id")
    .where("project_id", "=", projectId)
    .where("run_id", ">=", digits.padEnd(32, "0"))
    .where("run_id", "<=", digits.padEnd(32, "f"))
    .orderBy("run_id")
    .limit(2)
    .execute();
  return rows.map(({ run_id }) => run_id);
}
