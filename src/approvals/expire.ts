import { appendAudit, systemActor } from "../audit/index.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { applyEventToAll, isFinal, type RunRow } from "../runs/index.ts";
import { closeQuestions, resumeAllAnswered } from "./close.ts";
import { type DueQuestions, eachDueQuestion } from "./due.ts";
import type { ApprovalEffects } from "./effects.ts";
import { type ApprovalRow, lockPastQuestions } from "./queries.ts";

const SWEEPER = systemActor("sweeper");

/**
 * Ends the questions nobody answered in time, all that are due now, with what the contract says becomes of each run.
 *
 * @param signal when it aborts, the rest is left to the next round
 * @throws AggregateError with those that could not be ended
 */
export function expireQuestions(
  db: Database,
  effects: ApprovalEffects,
  signal?: AbortSignal,
): Promise<void> {
  const expire = (tx: Tx, { runs, questions }: DueQuestions) => {
    const past = questions.filter(({ is_past }) => is_past);
    return expireAll(tx, effects, { runs, questions: past });
  };
  return eachDueQuestion(db, "expires_at", expire, signal);
}

/**
 * As `expireQuestions`, for one run, which the transaction has locked: whoever acts for it need not wait for a sweep to
 * find things as they are.
 *
 * @returns whether there were any; the run may be another by now
 */
export async function expireQuestionsOf(
  tx: Tx,
  effects: ApprovalEffects,
  run: RunRow,
): Promise<boolean> {
  if (run.state !== "waiting_approval") return false;
  const questions = await lockPastQuestions(tx, run.project_id, run.run_id);
  await expireAll(tx, effects, { runs: new Map([[run.run_id, run]]), questions });
  return questions.length > 0;
}

const reasonFor = (tool: string) => `nobody decided about ${tool} in time`;

/** Writes that questions of a project, which the transaction has locked, have expired. */
export async function closeExpired(
  tx: Tx,
  effects: ApprovalEffects,
  questions: readonly ApprovalRow[],
): Promise<void> {
  for (const [tool, some] of Map.groupBy(questions, (question) => question.tool_name))
    await closeQuestions(tx, effects, some, { status: "expired", reason: reasonFor(tool) });
  await appendAudit(
    tx,
    questions.map(({ project_id, approval_id, run_id, on_expire, expires_at }) => ({
      projectId: project_id,
      actor: SWEEPER,
      action: "run.approval.expire",
      subject: { kind: "approval", id: approval_id },
      details: { run_id, on_expire, expires_at },
    })),
  );
}

/** As `closeExpired`, with what the contract says becomes of the runs; the transaction has locked those too. */
export async function expireAll(
  tx: Tx,
  effects: ApprovalEffects,
  { runs, questions }: DueQuestions,
): Promise<void> {
  if (questions.length === 0) return;
  await closeExpired(tx, effects, questions);
  const goOn = new Map(runs);
  const ends = Map.groupBy(
    questions.filter(({ on_expire }) => on_expire !== "return"),
    ({ on_expire, tool_name }) => JSON.stringify([on_expire, tool_name]),
  );
  for (const some of ends.values()) {
    const ended = some.flatMap(({ run_id }) => goOn.get(run_id) ?? []);
    for (const { run_id } of some) goOn.delete(run_id);
    await endRuns(tx, effects, ended, some[0] as ApprovalRow);
  }
  const others = Map.groupBy(
    questions.filter(({ run_id }) => goOn.has(run_id)),
    ({ tool_name }) => tool_name,
  );
  for (const [tool, some] of others) {
    const left = some.flatMap(({ run_id }) => goOn.get(run_id) ?? []);
    for (const { run_id } of some) goOn.delete(run_id);
    await resumeAllAnswered(tx, effects, left, SWEEPER, reasonFor(tool));
  }
}

/** @param question what ends them all alike */
async function endRuns(
  tx: Tx,
  effects: ApprovalEffects,
  runs: readonly RunRow[],
  { on_expire, tool_name }: ApprovalRow,
): Promise<void> {
  const reason = reasonFor(tool_name);
  const open = [...new Set(runs)].filter(({ state }) => !isFinal(state));
  await applyEventToAll(tx, effects, open, {
    event: on_expire === "fail" ? "fail" : "cancel",
    actor: SWEEPER,
    reason,
    patch: { error_code: "E-APPR-EXPIRED", error_detail: reason },
  });
}
