import { sql, type UpdateObject } from "kysely";
import { type Actor, appendAudit, systemActor } from "../audit/index.ts";
import { announce } from "../platform/database/changes.ts";
import type { Database, DB, Tx } from "../platform/database/index.ts";
import { inTurn } from "../platform/in-turn.ts";
import { isFinal, lockRun, type RunRow, transition } from "../runs/index.ts";
import { currentHash } from "./arguments.ts";
import type { ApprovalEffects, QuestionEnding } from "./effects.ts";
import { type ApprovalRow, hasOpenQuestion, lockApproval, lockOpenQuestionsOf } from "./queries.ts";

const BATCH = 500;
const SWEEPER = systemActor("sweeper");

/** Writes how a question ended; the caller has locked it and says what becomes of the run. */
export async function closeQuestion(
  tx: Tx,
  effects: ApprovalEffects,
  question: ApprovalRow,
  ending: QuestionEnding,
  more: { jti?: string; token?: string } = {},
): Promise<void> {
  const approval: UpdateObject<DB, "approvals"> =
    ending.status === "approved"
      ? {
          approved_hash: currentHash(question),
          jti: more.jti ?? null,
          token: more.token ?? null,
          redeem_by: sql<string>`clock_timestamp() + make_interval(secs => redeem_seconds)`,
        }
      : {};
  await closeQuestions(tx, effects, [question], ending, approval);
}

/** As `closeQuestion`, for several open questions of a project that end alike. */
async function closeQuestions(
  tx: Tx,
  effects: ApprovalEffects,
  questions: readonly ApprovalRow[],
  ending: QuestionEnding,
  approval: UpdateObject<DB, "approvals"> = {},
): Promise<void> {
  const [first] = questions;
  if (!first) return;
  const ids = questions.map(({ approval_id }) => approval_id);
  await tx
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
    .execute();
  const kind = "approval" as const;
  await announce(
    tx,
    ids.map((id) => ({ project_id: first.project_id, kind, id })),
  );
  await effects.onQuestionsClosed?.(tx, questions, ending);
}

/** Lets a waiting run go on once none of its questions is open. */
export async function resumeIfAnswered(
  tx: Tx,
  effects: ApprovalEffects,
  run: RunRow,
  actor: Actor,
  reason: string,
): Promise<RunRow> {
  if (run.state !== "waiting_approval") return run;
  if (await hasOpenQuestion(tx, run.project_id, run.run_id)) return run;
  return transition(tx, effects, {
    projectId: run.project_id,
    runId: run.run_id,
    event: "resume",
    actor,
    reason,
  });
}

/** Voids the open questions of runs that have ended alike; registered as the runs feature's listener. */
export async function voidQuestionsOfRuns(
  tx: Tx,
  effects: ApprovalEffects,
  runs: readonly RunRow[],
): Promise<void> {
  await voidOpenQuestions(tx, effects, runs, SWEEPER, `the run was ${runs[0]?.state}`);
}

/**
 * Voids the open questions of a run that waits, which the transaction has locked, and lets it go on: what a deactivated
 * project's runs waited for, nobody may answer any more.
 */
export async function voidQuestionsOfWaiting(
  tx: Tx,
  effects: ApprovalEffects,
  run: RunRow,
  by: { actor: Actor; reason: string },
): Promise<void> {
  await voidOpenQuestions(tx, effects, [run], by.actor, by.reason);
  await resumeIfAnswered(tx, effects, run, by.actor, by.reason);
}

async function voidOpenQuestions(
  tx: Tx,
  effects: ApprovalEffects,
  runs: readonly RunRow[],
  actor: Actor,
  reason: string,
): Promise<void> {
  for (;;) {
    const open = await lockOpenQuestionsOf(tx, runs, BATCH);
    // Whoever decided about one that is past was told already that it has expired; that stays so.
    for (const question of open.filter(({ is_past }) => is_past))
      await closeExpired(tx, effects, question);
    const others = open.filter(({ is_past }) => !is_past);
    await closeQuestions(tx, effects, others, { status: "voided", reason });
    await appendAudit(
      tx,
      others.map(({ project_id, approval_id, run_id }) => ({
        projectId: project_id,
        actor,
        action: "run.approval.void",
        subject: { kind: "approval", id: approval_id },
        details: { run_id, reason },
      })),
    );
    if (open.length < BATCH) return;
  }
}

/**
 * Ends the questions nobody answered in time; each in a transaction of its own, with what the contract says becomes of
 * the run.
 *
 * @throws AggregateError with those that could not be ended
 */
export async function expireQuestions(db: Database, effects: ApprovalEffects): Promise<void> {
  const due = await db.transaction({ role: "system" }, (tx) =>
    tx
      .selectFrom("approvals")
      .select(["project_id", "run_id", "approval_id"])
      .where("status", "=", "open")
      // Not `clock_timestamp()`, for which an index can't be searched.
      .where("expires_at", "<=", sql<string>`now()`)
      .orderBy("expires_at")
      .limit(BATCH)
      .execute(),
  );
  await inTurn(due, ({ project_id, run_id, approval_id }) =>
    db.transaction({ role: "app", projects: [project_id] }, async (tx) => {
      const run = await lockRun(tx, project_id, run_id);
      const question = await lockApproval(tx, project_id, approval_id);
      if (run && question?.status === "open" && question.is_past)
        await expireOne(tx, effects, run, question);
    }),
  );
}

/** @returns how it ended, in words */
async function closeExpired(
  tx: Tx,
  effects: ApprovalEffects,
  question: ApprovalRow,
): Promise<string> {
  const reason = `nobody decided about ${question.tool_name} before ${question.expires_at}`;
  await closeQuestion(tx, effects, question, { status: "expired", reason });
  await appendAudit(tx, {
    projectId: question.project_id,
    actor: SWEEPER,
    action: "run.approval.expire",
    subject: { kind: "approval", id: question.approval_id },
    details: { run_id: question.run_id, on_expire: question.on_expire },
  });
  return reason;
}

async function expireOne(
  tx: Tx,
  effects: ApprovalEffects,
  run: RunRow,
  question: ApprovalRow,
): Promise<void> {
  const reason = await closeExpired(tx, effects, question);
  if (isFinal(run.state)) return;
  if (question.on_expire === "return") {
    await resumeIfAnswered(tx, effects, run, SWEEPER, reason);
    return;
  }
  await transition(tx, effects, {
    projectId: run.project_id,
    runId: run.run_id,
    event: question.on_expire === "fail" ? "fail" : "cancel",
    actor: SWEEPER,
    reason,
    patch: { error_code: "E-APPR-EXPIRED", error_detail: reason },
  });
}
