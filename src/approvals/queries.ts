import { type Selectable, sql } from "kysely";
import type { DB, Tx } from "../platform/database/index.ts";
import type { ExactCall } from "./rules.ts";

/** A row of `approvals`, with the database clock's verdict on its times. */
export type ApprovalRow = Selectable<DB["approvals"]> & {
  /** Nobody may decide any more. */
  is_past: boolean;
  /** The approval can't be redeemed any more. */
  is_past_redeem: boolean;
  /** Nobody has decided for so long that its next step is to be taken. */
  is_step_due: boolean;
};

function approvalRows(tx: Tx) {
  return tx
    .selectFrom("approvals")
    .selectAll()
    .select([
      sql<boolean>`expires_at <= clock_timestamp()`.as("is_past"),
      sql<boolean>`coalesce(redeem_by <= clock_timestamp(), false)`.as("is_past_redeem"),
      sql<boolean>`coalesce(next_step_at <= clock_timestamp(), false)`.as("is_step_due"),
    ]);
}

/** The newest question about this very call in its run, locked. */
export async function lockQuestion(tx: Tx, call: ExactCall): Promise<ApprovalRow | undefined> {
  return approvalRows(tx)
    .where("project_id", "=", call.projectId)
    .where("run_id", "=", call.runId)
    .where("tool_name", "=", call.tool)
    .where("asked_hash", "=", call.argsHash)
    .where("server", "=", call.server)
    .where("call_key", "=", call.callKey)
    .orderBy("created_at", "desc")
    .limit(1)
    .forUpdate()
    .executeTakeFirst();
}

/** One question, locked. */
export async function lockApproval(
  tx: Tx,
  projectId: string,
  approvalId: string,
): Promise<ApprovalRow | undefined> {
  return approvalRows(tx)
    .where("project_id", "=", projectId)
    .where("approval_id", "=", approvalId)
    .forUpdate()
    .executeTakeFirst();
}

/** Questions of a run that nobody has answered yet, at most `limit` of them, locked. */
export async function lockOpenQuestions(
  tx: Tx,
  projectId: string,
  runId: string,
  limit: number,
): Promise<ApprovalRow[]> {
  return approvalRows(tx)
    .where("project_id", "=", projectId)
    .where("run_id", "=", runId)
    .where("status", "=", "open")
    .orderBy("created_at")
    .orderBy("approval_id")
    .limit(limit)
    .forUpdate()
    .execute();
}

/** Those of the questions that are still open, locked, in the order of their ids. */
export async function lockStillOpen(
  tx: Tx,
  projectId: string,
  approvalIds: readonly string[],
): Promise<ApprovalRow[]> {
  return approvalRows(tx)
    .where("project_id", "=", projectId)
    .where("approval_id", "=", sql<string>`any (${approvalIds}::uuid[])`)
    .where("status", "=", "open")
    .orderBy("approval_id")
    .forUpdate()
    .execute();
}

/** Questions of a run that nobody has answered and nobody may answer any more, locked. */
export async function lockPastQuestions(
  tx: Tx,
  projectId: string,
  runId: string,
): Promise<ApprovalRow[]> {
  return approvalRows(tx)
    .where("project_id", "=", projectId)
    .where("run_id", "=", runId)
    .where("status", "=", "open")
    .where("expires_at", "<=", sql<string>`clock_timestamp()`)
    .orderBy("expires_at")
    .orderBy("approval_id")
    .forUpdate()
    .execute();
}

/** As `lockOpenQuestions`, for several runs of a project, in no order. */
export async function lockOpenQuestionsOf(
  tx: Tx,
  runs: readonly { project_id: string; run_id: string }[],
  limit: number,
): Promise<ApprovalRow[]> {
  const [first] = runs;
  if (!first) return [];
  return approvalRows(tx)
    .where("project_id", "=", first.project_id)
    .where("run_id", "=", sql<string>`any (${runs.map(({ run_id }) => run_id)}::uuid[])`)
    .where("status", "=", "open")
    .limit(limit)
    .forUpdate()
    .execute();
}

/** The question a run asked last, whatever became of it. */
export async function lastQuestion(
  tx: Tx,
  projectId: string,
  runId: string,
): Promise<ApprovalRow | undefined> {
  return approvalRows(tx)
    .where("project_id", "=", projectId)
    .where("run_id", "=", runId)
    .orderBy("created_at", "desc")
    .orderBy("approval_id", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** Those of a project's runs that have a question nobody has answered yet. */
export async function runsWithOpenQuestions(
  tx: Tx,
  projectId: string,
  runIds: readonly string[],
): Promise<Set<string>> {
  const rows = await tx
    .selectFrom("approvals")
    .select("run_id")
    .distinct()
    .where("project_id", "=", projectId)
    .where("run_id", "=", sql<string>`any (${runIds}::uuid[])`)
    .where("status", "=", "open")
    .execute();
  return new Set(rows.map(({ run_id }) => run_id));
}

/** The decisions on a question, oldest first. */
export async function decisionsOf(tx: Tx, projectId: string, approvalId: string) {
  return tx
    .selectFrom("approval_decisions")
    .selectAll()
    .where("project_id", "=", projectId)
    .where("approval_id", "=", approvalId)
    .orderBy("created_at")
    .orderBy("decision_id")
    .execute();
}
