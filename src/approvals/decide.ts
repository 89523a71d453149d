import { sql } from "kysely";
import { type Actor, appendAudit } from "../audit/index.ts";
import { canonicalHash } from "../platform/canonical.ts";
import { announce } from "../platform/database/changes.ts";
import { type Database, jsonb, type Scope, type Tx, violates } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { appendStep, lockRun, type RunRow, transition } from "../runs/index.ts";
import { closeQuestion, resumeIfAnswered } from "./close.ts";
import type { DecideAnswer, Decision } from "./contract.ts";
import type { ApprovalEffects } from "./effects.ts";
import {
  type ApprovalRow,
  decisionsOf,
  lastQuestion,
  lockApproval,
  lockOpenQuestions,
} from "./queries.ts";
import { decisionLine, outcomeOf } from "./rules.ts";
import type { Signer } from "./signing.ts";

export interface DecideRequest {
  scope: Scope;
  projectId: string;
  runId: string;
  decision: Decision;
  reason: string;
  approvalId?: string | undefined;
  /** Who decides. */
  approver: Actor;
  /** The key the request came with, and its holder: the same as the approver unless it acts for others. */
  via: { keyId: string; actor: Actor };
  /** `console`, `api`, `cli`. */
  surface: string;
  idempotencyKey?: string | undefined;
}

export interface DecideDeps {
  db: Database;
  effects: ApprovalEffects;
  signer: Signer;
}

/**
 * Decides about a question: decision, token, journal step, audit entry, transition and follow-up job in one
 * transaction, all or nothing. A repeat with the same Idempotency-Key gets the first answer.
 *
 * @throws AppError E-NOT-FOUND, E-INPUT (several open questions), E-APPR-EXPIRED (410), E-APPR-DECIDED and E-RUN-STATE
 *   (409 with the standing decision), E-IDEMPOTENCY
 */
export async function decide(deps: DecideDeps, request: DecideRequest): Promise<DecideAnswer> {
  return deps.db
    .transaction(request.scope, async (tx) => {
      const run = await lockRun(tx, request.projectId, request.runId);
      if (!run) throw new AppError("E-NOT-FOUND", "There is no such run in this project.");
      const first = await firstAnswer(tx, request);
      if (first) return first;
      const question = await questionToDecide(tx, run, request);
      const answer = await applyDecision(tx, deps, run, question, request);
      await rememberAnswer(tx, request, answer);
      return answer;
    })
    .catch((error: unknown) => {
      // The same key for two runs at once: the run's lock does not keep those apart.
      throw violates(error, "idempotency_keys_pkey") ? usedKey() : error;
    });
}

function requestHash(request: DecideRequest): string {
  const { projectId, runId, decision, reason, approvalId, approver } = request;
  return canonicalHash({
    projectId,
    runId,
    decision,
    reason,
    approvalId: approvalId ?? null,
    approver: approver.id,
  });
}

async function firstAnswer(tx: Tx, request: DecideRequest): Promise<DecideAnswer | undefined> {
  if (request.idempotencyKey === undefined) return undefined;
  const row = await tx
    .selectFrom("idempotency_keys")
    .select(["request_hash", "response"])
    .where("project_id", "=", request.projectId)
    .where("actor_id", "=", request.via.keyId)
    .where("key", "=", request.idempotencyKey)
    .executeTakeFirst();
  if (!row) return undefined;
  if (row.request_hash === requestHash(request)) return row.response as unknown as DecideAnswer;
  throw usedKey();
}

function usedKey(): AppError {
  const words = "This Idempotency-Key came with another decision before; use a new one.";
  return new AppError("E-IDEMPOTENCY", words);
}

async function rememberAnswer(tx: Tx, request: DecideRequest, answer: DecideAnswer): Promise<void> {
  if (request.idempotencyKey === undefined) return;
  await tx
    .insertInto("idempotency_keys")
    .values({
      project_id: request.projectId,
      actor_id: request.via.keyId,
      key: request.idempotencyKey,
      request_hash: requestHash(request),
      response: jsonb(answer),
    })
    .execute();
}

async function questionToDecide(tx: Tx, run: RunRow, request: DecideRequest): Promise<ApprovalRow> {
  const question =
    request.approvalId === undefined
      ? await onlyQuestion(tx, run)
      : await lockApproval(tx, run.project_id, request.approvalId);
  if (question?.run_id !== run.run_id) {
    throw new AppError("E-NOT-FOUND", "There is no such question in this run.");
  }
  if (question.status === "open" && !question.is_past && run.state === "waiting_approval")
    return question;
  throw await refusal(tx, run, question);
}

/** The question a request means that names none: the open one, or the one that was asked last. */
async function onlyQuestion(tx: Tx, run: RunRow): Promise<ApprovalRow> {
  const [open, another] = await lockOpenQuestions(tx, run.project_id, run.run_id, 2);
  if (another) {
    const message = "is needed when a run has several open questions";
    throw new AppError(
      "E-INPUT",
      "The run has several open questions; approval_id has to name one.",
      { errors: [{ path: "body.approval_id", message }] },
    );
  }
  const question = open ?? (await lastQuestion(tx, run.project_id, run.run_id));
  if (question) return question;
  throw new AppError("E-RUN-STATE", `The run is ${run.state} and has asked nothing.`, {
    extra: { state: run.state, standing: null },
  });
}

async function refusal(tx: Tx, run: RunRow, question: ApprovalRow): Promise<AppError> {
  if (question.status === "expired" || (question.status === "open" && question.is_past)) {
    return new AppError(
      "E-APPR-EXPIRED",
      `The question expired at ${question.expires_at}; it was not executed.`,
      {
        extra: { state: run.state },
      },
    );
  }
  const last = (await decisionsOf(tx, run.project_id, question.approval_id)).at(-1);
  const standing = last ? standingOf(last) : null;
  const said = standing ? ` ${standing.actor} decided ${standing.decision} at ${standing.at}.` : "";
  const voided =
    question.status === "voided" ? ` The question was voided: ${question.void_reason}.` : "";
  return new AppError(
    standing ? "E-APPR-DECIDED" : "E-RUN-STATE",
    `The run is ${run.state}, the question is ${question.status}.${said}${voided}`,
    { extra: { state: run.state, standing } },
  );
}

type StandingDecision = Awaited<ReturnType<typeof decisionsOf>>[number];

function standingOf({ actor_id, decision, reason, created_at }: StandingDecision) {
  return { actor: actor_id, decision, reason, at: created_at };
}

async function applyDecision(
  tx: Tx,
  deps: DecideDeps,
  run: RunRow,
  question: ApprovalRow,
  request: DecideRequest,
): Promise<DecideAnswer> {
  await requireFirst(tx, run, question, request.approver);
  await recordDecision(tx, run, question, request);
  const decisions = await decisionsOf(tx, run.project_id, question.approval_id);
  const outcome = outcomeOf(
    decisions.map(({ decision }) => decision as Decision),
    question.quorum,
  );
  const jti = outcome === "approved" ? newId() : null;
  if (jti !== null) await approve(tx, deps, question, jti, request.approver);
  else if (outcome === "rejected") await reject(tx, deps, question, request);
  else
    await announce(tx, { project_id: run.project_id, kind: "approval", id: question.approval_id });
  const after =
    outcome === "open"
      ? run
      : await moveRun(
          tx,
          deps,
          run,
          question,
          request,
          outcome === "rejected" && question.on_reject === "cancel",
        );
  return {
    run_id: run.run_id,
    decision: request.decision,
    new_state: after.state,
    approval_token_jti: jti,
  };
}

/** Where several people have to agree, each of them counts once. */
async function requireFirst(
  tx: Tx,
  run: RunRow,
  question: ApprovalRow,
  approver: Actor,
): Promise<void> {
  const decisions = await decisionsOf(tx, run.project_id, question.approval_id);
  const mine = decisions.find(({ actor_id }) => actor_id === approver.id);
  if (!mine) return;
  throw new AppError(
    "E-APPR-DECIDED",
    `${approver.id} has decided about this question already; each approver counts once.`,
    { extra: { state: run.state, standing: standingOf(mine) } },
  );
}

async function recordDecision(
  tx: Tx,
  run: RunRow,
  question: ApprovalRow,
  request: DecideRequest,
): Promise<void> {
  const decisionId = newId();
  await tx
    .insertInto("approval_decisions")
    .values({
      decision_id: decisionId,
      project_id: run.project_id,
      approval_id: question.approval_id,
      run_id: run.run_id,
      actor_kind: request.approver.kind,
      actor_id: request.approver.id,
      via_key_id: request.via.keyId,
      decision: request.decision,
      reason: request.reason === "" ? null : request.reason,
      surface: request.surface,
    })
    .execute();
  await appendStep(tx, {
    projectId: run.project_id,
    runId: run.run_id,
    stepKey: `operator_console.${request.decision}:${decisionId}`,
    kind: "decision",
    toolName: `operator_console.${request.decision}`,
    status: "success",
    blockReason: decisionLine(request.approver.id, request.decision, request.reason),
    approvalId: question.approval_id,
  });
  await appendAudit(tx, {
    projectId: run.project_id,
    actor: request.approver,
    action: `run.approval.${request.decision}`,
    subject: { kind: "run", id: run.run_id },
    details: {
      approval_id: question.approval_id,
      tool: question.tool_name,
      args_hash: question.asked_hash,
      surface: request.surface,
      via_key_id: request.via.keyId,
      via: request.via.actor.id,
    },
    ...(request.reason ? { private: { reason: request.reason } } : {}),
  });
}

async function approve(
  tx: Tx,
  deps: DecideDeps,
  question: ApprovalRow,
  jti: string,
  approver: Actor,
): Promise<void> {
  const { rows } = await sql<{ redeem_by: string }>`
    select clock_timestamp() + make_interval(secs => ${question.redeem_seconds}) as redeem_by`.execute(
    tx,
  );
  const token = await deps.signer.sign(tx, {
    approvalId: question.approval_id,
    jti,
    redeemBy: rows[0]?.redeem_by ?? question.expires_at,
    call: {
      projectId: question.project_id,
      runId: question.run_id,
      callKey: question.call_key,
      server: question.server,
      tool: question.tool_name,
      argsHash: question.asked_hash,
      contractHash: question.contract_hash,
    },
  });
  const ending = { status: "approved", reason: `approved by ${approver.id}` } as const;
  await closeQuestion(tx, deps.effects, question, ending, { jti, token });
}

async function reject(
  tx: Tx,
  deps: DecideDeps,
  question: ApprovalRow,
  request: DecideRequest,
): Promise<void> {
  await closeQuestion(tx, deps.effects, question, {
    status: "rejected",
    reason: rejectionText(request),
  });
}

function rejectionText(request: DecideRequest): string {
  return `rejected by ${request.approver.id}${request.reason ? `: ${request.reason}` : ""}`;
}

async function moveRun(
  tx: Tx,
  deps: DecideDeps,
  run: RunRow,
  question: ApprovalRow,
  request: DecideRequest,
  cancels: boolean,
): Promise<RunRow> {
  if (!cancels) {
    const reason = `${request.decision} by ${request.approver.id}`;
    return resumeIfAnswered(tx, deps.effects, run, request.approver, reason);
  }
  const detail = `${question.tool_name} was ${rejectionText(request)}`;
  return transition(tx, deps.effects, {
    projectId: run.project_id,
    runId: run.run_id,
    event: "cancel",
    actor: request.approver,
    reason: detail,
    patch: { error_code: "E-APPR-REJECTED", error_detail: detail },
  });
}
