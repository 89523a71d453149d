import { type SqlBool, sql } from "kysely";
import type { Database, Tx } from "../platform/database/index.ts";
import { inTurn } from "../platform/in-turn.ts";
import { lockRuns, type RunRow } from "../runs/index.ts";
import { type ApprovalRow, lockStillOpen } from "./queries.ts";

const FOUND_AT_ONCE = 500;
/** Small enough that nobody who wants one of the runs waits long for it. */
const CHANGED_AT_ONCE = 50;

/** The time that came; an index over open questions is on it. */
type DueColumn = "expires_at" | "next_step_at";

interface Found {
  project_id: string;
  run_id: string;
  approval_id: string;
  at: string;
}

/** Open questions of one project, and their runs; the transaction has locked all of them. */
export interface DueQuestions {
  runs: Map<string, RunRow>;
  questions: readonly ApprovalRow[];
}

/**
 * Finds, as the system, all open questions for which a time has come, and changes them under their own tenants, some in
 * each transaction, until none is left that was due. It goes on behind those that fail, and may run in several processes
 * at once: questions are handed over only while they are open.
 *
 * @param signal when it aborts, the rest is left to the next round
 * @throws AggregateError with what failed, after all have had their turn
 */
export async function eachDueQuestion(
  db: Database,
  since: DueColumn,
  change: (tx: Tx, due: DueQuestions) => Promise<unknown>,
  signal?: AbortSignal,
): Promise<void> {
  const errors: unknown[] = [];
  const changeAll = (some: readonly Found[]) => changeSome(db, some, change);
  let last: Found | undefined;
  do {
    const found: Found[] = await findDue(db, since, last);
    last = found.length < FOUND_AT_ONCE ? undefined : found.at(-1);
    for (const some of inParts(found)) {
      if (signal?.aborted) return;
      // If that fails, each by itself, so that only those that can't be changed are left as they are.
      const whole = await changeAll(some).then(
        () => true,
        () => false,
      );
      if (!whole)
        await inTurn(some, (one) => changeAll([one])).catch((error: unknown) => errors.push(error));
    }
  } while (last);
  if (errors.length > 0) throw new AggregateError(errors, "some questions could not be changed");
}

function* inParts(found: readonly Found[]): Generator<Found[]> {
  for (const ofProject of Map.groupBy(found, (one) => one.project_id).values()) {
    for (let at = 0; at < ofProject.length; at += CHANGED_AT_ONCE)
      yield ofProject.slice(at, at + CHANGED_AT_ONCE);
  }
}

async function changeSome(
  db: Database,
  some: readonly Found[],
  change: (tx: Tx, due: DueQuestions) => Promise<unknown>,
): Promise<void> {
  const project = some[0]?.project_id ?? "";
  await db.transaction({ role: "app", projects: [project] }, async (tx) => {
    // A connection keeps the plan that a foreign key was first checked with: one made while the table was almost empty
    // reads all of it for each row.
    await sql`set local plan_cache_mode = force_custom_plan`.execute(tx);
    // The runs first, as everywhere.
    const runIds = [...new Set(some.map((one) => one.run_id))];
    const runs = await lockRuns(tx, project, runIds);
    const ids = some.map((one) => one.approval_id);
    const questions = await lockStillOpen(tx, project, ids);
    if (questions.length > 0) await change(tx, { runs, questions });
  });
}

function findDue(db: Database, since: DueColumn, after: Found | undefined): Promise<Found[]> {
  const at = sql.ref<string>(since);
  return db.transaction({ role: "system" }, (tx) =>
    tx
      .selectFrom("approvals")
      .select(["project_id", "run_id", "approval_id", at.as("at")])
      .where("status", "=", "open")
      // Not `clock_timestamp()`, for which an index can't be searched.
      .where(at, "<=", sql<string>`now()`)
      .where(
        after
          ? sql<SqlBool>`(${at}, approval_id) > (${after.at}::timestamptz, ${after.approval_id}::uuid)`
          : sql<SqlBool>`true`,
      )
      .orderBy(at)
      .orderBy("approval_id")
      .limit(FOUND_AT_ONCE)
      .execute(),
  );
}
