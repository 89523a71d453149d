import { sql, type UpdateObject } from "kysely";
import type { Actor } from "../audit/index.ts";
import { announce } from "../platform/database/changes.ts";
import type { DB, Timestamp, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { applyEventToAll, type RunRow } from "../runs/index.ts";
import { currentHash } from "./arguments.ts";
import type { ApprovalEffects, QuestionEnding } from "./effects.ts";
import { type ApprovalRow, runsWithOpenQuestions } from "./queries.ts";

/** Writes how a question ended; the caller has locked it and says what becomes of the run. */
export async function closeQuestion(
  tx: Tx,
  effects: ApprovalEffects,
  question: ApprovalRow,
  ending: QuestionEnding,
  approval?: { jti: string; token: string; redeem_by: Timestamp },
): Promise<void> {
  const approved = approval && { approved_hash: currentHash(question), ...approval };
  await closeQuestions(tx, effects, [question], ending, approved);
}

/** As `closeQuestion`, for several open questions of a project that end alike. */
export async function closeQuestions(
  tx: Tx,
  effects: ApprovalEffects,
  questions: readonly ApprovalRow[],
  ending: QuestionEnding,
  approval: UpdateObject<DB, "approvals"> = {},
): Promise<void> {
  const [first] = questions;
  if (!first) return;
  const ids = questions.map(({ approval_id }) => approval_id);
  const isDecision = ending.status !== "expired" && ending.status !== "voided";
  const { numUpdatedRows } = await tx
    .updateTable("approvals")
    .set({
      status: ending.status,
      decided_at: sql<string>`clock_timestamp()`,
      void_reason: ending.status === "voided" ? ending.reason : null,
      ...approval,
    })
    .where("project_id", "=", first.project_id)
    .where("approval_id", "=", sql<string>`any (${ids}::uuid[])`)
    .where("status", "=", "open")
    .where(isDecision ? sql<boolean>`expires_at > clock_timestamp()` : sql<boolean>`true`)
    .executeTakeFirst();
  // Its time ran out between the first look at it and now.
  if (isDecision && Number(numUpdatedRows) < ids.length) throw expiredMeanwhile(first);
  const kind = "approval" as const;
  await announce(
    tx,
    ids.map((id) => ({ project_id: first.project_id, kind, id })),
  );
  await effects.onQuestionsClosed?.(tx, questions, ending);
}

/** The answer for a decision while which the question's time ran out. */
export function expiredMeanwhile({ expires_at }: ApprovalRow): AppError {
  const detail = `The question expired at ${expires_at}; it was not executed.`;
  return new AppError("E-APPR-EXPIRED", detail, { extra: { state: "waiting_approval" } });
}

/** Lets a waiting run go on once none of its questions is open. */
export async function resumeIfAnswered(
  tx: Tx,
  effects: ApprovalEffects,
  run: RunRow,
  actor: Actor,
  reason: string,
): Promise<RunRow> {
  const [resumed] = await resumeAllAnswered(tx, effects, [run], actor, reason);
  return resumed ?? run;
}

/**
 * As `resumeIfAnswered`, for several runs of a project, which the transaction has locked.
 *
 * @returns those that go on
 */
export async function resumeAllAnswered(
  tx: Tx,
  effects: ApprovalEffects,
  runs: readonly RunRow[],
  actor: Actor,
  reason: string,
): Promise<RunRow[]> {
  const waiting = new Map(
    runs.flatMap((run) => (run.state === "waiting_approval" ? [[run.run_id, run]] : [])),
  );
  const [first] = waiting.values();
  if (!first) return [];
  const open = await runsWithOpenQuestions(tx, first.project_id, [...waiting.keys()]);
  const answered = [...waiting.values()].filter(({ run_id }) => !open.has(run_id));
  return applyEventToAll(tx, effects, answered, { event: "resume", actor, reason });
}
