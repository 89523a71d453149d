import type { Tx } from "../platform/database/index.ts";
import { AppError, fieldError } from "../platform/errors.ts";
import { redact } from "../platform/redact.ts";
import type { RunRow } from "../runs/index.ts";
import { readProject } from "../tenants/index.ts";
import {
  type ApprovalRow,
  decisionsOf,
  lastQuestion,
  lockApproval,
  lockOpenQuestions,
} from "./queries.ts";
import type { WhyVoid } from "./void.ts";

/**
 * The question of a run that a request is about, locked, whatever became of it.
 *
 * @param approvalId undefined where the request names none
 * @throws AppError E-NOT-FOUND, E-INPUT (several are open), E-RUN-STATE (the run has asked nothing)
 */
export async function questionAsked(
  tx: Tx,
  run: RunRow,
  approvalId: string | undefined,
): Promise<ApprovalRow> {
  const question =
    approvalId === undefined
      ? await onlyQuestion(tx, run)
      : await lockApproval(tx, run.project_id, approvalId);
  if (question?.run_id !== run.run_id) {
    throw new AppError("E-NOT-FOUND", "There is no such question in this run.");
  }
  return question;
}

/**
 * Refuses a decision about a question that nobody may decide about any more. Whoever comes too late is told what stands.
 *
 * @throws AppError E-APPR-EXPIRED, E-APPR-DECIDED, E-RUN-STATE
 */
export async function requireOpen(
  tx: Tx,
  run: RunRow,
  question: ApprovalRow,
  whyVoid: WhyVoid,
): Promise<void> {
  if (question.status !== "open") throw await closed(tx, run, question);
  if (question.is_past) throw expired(run, question);
  // Its questions are void from the moment it is deactivated, also before each of them says so.
  const project = await readProject(tx, run.project_id);
  if (project?.is_active !== true) throw notWaiting(run, `Project ${run.project_id} is not active`);
  if (run.state !== "waiting_approval") throw notWaiting(run);
  const why = await whyVoid(tx, question);
  if (why) throw notWaiting(run, `The question is void: ${why.reason}`);
}

/** The question a request means that names none: the open one, or the one that was asked last. */
async function onlyQuestion(tx: Tx, run: RunRow): Promise<ApprovalRow> {
  const [open, another] = await lockOpenQuestions(tx, run.project_id, run.run_id, 2);
  if (another) {
    throw new AppError(
      "E-INPUT",
      "The run has several open questions; approval_id has to name one.",
      { errors: [fieldError("body.approval_id", "question_needed")] },
    );
  }
  const question = open ?? (await lastQuestion(tx, run.project_id, run.run_id));
  if (question) return question;
  throw notWaiting(run, "It has asked nothing");
}

function notWaiting(run: RunRow, why?: string): AppError {
  const detail = `The run is ${run.state}; there is nothing to decide.${why ? ` ${why}.` : ""}`;
  return new AppError("E-RUN-STATE", detail, { extra: { state: run.state, standing: null } });
}

function expired(run: RunRow, question: ApprovalRow): AppError {
  const detail = `The question expired at ${question.expires_at}; it was not executed.`;
  return new AppError("E-APPR-EXPIRED", detail, { extra: { state: run.state } });
}

async function closed(tx: Tx, run: RunRow, question: ApprovalRow): Promise<AppError> {
  if (question.status === "expired") return expired(run, question);
  if (question.status === "voided")
    return notWaiting(run, `The question was voided: ${question.void_reason}`);
  const last = (await decisionsOf(tx, run.project_id, question.approval_id)).at(-1);
  const said = last ? ` ${last.actor_id} decided ${last.decision} at ${last.created_at}.` : "";
  return decided(run, `The run is ${run.state}, the question is ${question.status}.${said}`, last);
}

/** A decision that stands. */
type Decided = Awaited<ReturnType<typeof decisionsOf>>[number];

/** The answer for whoever decides about what has been decided: by whom, when and how. */
export function decided(run: RunRow, detail: string, last: Decided | undefined): AppError {
  const standing = last
    ? {
        actor: last.actor_id,
        decision: last.decision,
        reason: redact(last.reason),
        at: last.created_at,
      }
    : null;
  return new AppError("E-APPR-DECIDED", detail, { extra: { state: run.state, standing } });
}
