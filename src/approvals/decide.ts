import { sql } from "kysely";
import { type Actor, appendAudit } from "../audit/index.ts";
import { answerOnce, type Role } from "../identity/index.ts";
import { announce } from "../platform/database/changes.ts";
import {
  breaks,
  type Database,
  jsonb,
  type Scope,
  type Timestamp,
  type Tx,
} from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { redact } from "../platform/redact.ts";
import type { Sealer } from "../platform/sealing.ts";
import { appendStep, lockRun, type RunRow, transition } from "../runs/index.ts";
import { type Decider, neededOf, type People } from "./approvers.ts";
import { currentHash, exactCallOf } from "./arguments.ts";
import { closeQuestion, expiredMeanwhile, resumeIfAnswered } from "./close.ts";
import type { DecideAnswer, Decision } from "./contract.ts";
import { type CheckEdit, editQuestion } from "./edit.ts";
import type { ApprovalEffects } from "./effects.ts";
import { holdPeople, ruleOf } from "./people.ts";
import { type ApprovalRow, decisionsOf } from "./queries.ts";
import { type Allowed, allow, requireRight } from "./right.ts";
import { decisionLine, outcomeOf } from "./rules.ts";
import { keepSeen, readSeen, type Seen, type Shown } from "./seen.ts";
import type { Signer } from "./signing.ts";
import { decided, questionAsked, requireOpen } from "./standing.ts";
import type { WhyVoid } from "./void.ts";

export interface DecideRequest {
  scope: Scope;
  projectId: string;
  runId: string;
  decision: Decision;
  reason: string;
  approvalId?: string | undefined;
  /** What is to be executed; for an edit. */
  args?: Record<string, unknown> | undefined;
  /** The hash of the arguments the person has seen; where it is given, it has to be what the question is about. */
  argsHash?: string | undefined;
  /** Who decides. */
  approver: Actor;
  /** The role of their key; undefined where a key that may act for others speaks for them. */
  role?: Role | undefined;
  /** The key the request came with, and its holder: the same as the approver unless it acts for others. */
  via: { keyId: string; actor: Actor };
  /** `console`, `api`, `cli`, `telegram`, `slack`. */
  surface: string;
  /** In which the question was shown; English unless said otherwise. */
  language?: "en" | "zh-TW" | undefined;
  /** The message that showed them the question, where they decide by one. */
  shown?: Shown | undefined;
  idempotencyKey?: string | undefined;
}

export interface DecideDeps {
  db: Database;
  effects: ApprovalEffects;
  signer: Signer;
  sealer: Sealer;
  checkEdit: CheckEdit;
  whyVoid: WhyVoid;
}

/**
 * Decides about a question: decision, token, journal step, audit entry, transition and follow-up job in one
 * transaction, all or nothing. A repeat with the same Idempotency-Key gets the first answer.
 *
 * @throws AppError E-NOT-FOUND, E-INPUT (several open questions), E-APPR-NOT-APPROVER and E-APPR-SELF (403), E-APPR-EXPIRED (410), E-APPR-DECIDED, E-APPR-CHANGED
 *   and E-RUN-STATE (409 with the standing decision), E-IDEMPOTENCY, and what a gate says of edited arguments
 */
export async function decide(deps: DecideDeps, request: DecideRequest): Promise<DecideAnswer> {
  return deps.db.transaction(request.scope, async (tx) => {
    const run = await lockRun(tx, request.projectId, request.runId);
    if (!run) throw unknownRun();
    return answerOnce(tx, repeatable(request), async () => {
      const question = await questionAsked(tx, run, request.approvalId);
      const people = await holdPeople(tx, run.project_id, request.approver.id);
      const decider = { id: request.approver.id, role: request.role };
      requireRight(question, people, decider, request.decision);
      await requireOpen(tx, run, question, deps.whyVoid);
      requireSeen(run, question, request.argsHash);
      return applyDecision(tx, deps, { run, question, request, people, decider });
    });
  });
}

/** The answer for a run that does not exist, is another project's, or that the caller may not know of. */
export function unknownRun(): AppError {
  return new AppError("E-NOT-FOUND", "There is no such run in this project.");
}

/** The same question asked through another surface is the same request. */
function repeatable(request: DecideRequest): Parameters<typeof answerOnce>[1] {
  const { projectId, runId, decision, reason, approvalId, args, argsHash, approver } = request;
  return {
    projectId,
    keyId: request.via.keyId,
    idempotencyKey: request.idempotencyKey,
    request: {
      decide: { projectId, runId, decision, reason, approver: approver.id },
      ...(approvalId === undefined ? {} : { approvalId }),
      ...(args === undefined ? {} : { args }),
      ...(argsHash === undefined ? {} : { argsHash }),
    },
  };
}

function requireSeen(run: RunRow, question: ApprovalRow, argsHash: string | undefined): void {
  if (argsHash === undefined || argsHash === currentHash(question)) return;
  throw new AppError(
    "E-APPR-CHANGED",
    "The question is about other arguments than these by now: a person has edited them. Look at it again.",
    { extra: { state: run.state, standing: null, args_hash: currentHash(question) } },
  );
}

interface Deciding {
  run: RunRow;
  question: ApprovalRow;
  request: DecideRequest;
  people: People;
  decider: Decider;
}

async function applyDecision(tx: Tx, deps: DecideDeps, asked: Deciding): Promise<DecideAnswer> {
  const { run, request } = asked;
  await requireFirst(tx, asked);
  const seen = await readSeen(tx, asked.question, request.language ?? "en", request.shown);
  const args = request.args;
  const question = args
    ? await editQuestion(tx, deps, { ...asked, args, editor: request.approver.id })
    : asked.question;
  const now = { ...asked, question };
  await recordDecision(tx, now, seen);
  const decisions = await decisionsInRound(tx, question);
  // A decision that does not count is a no, or an edit that another person has to agree to.
  const outcome = outcomeOf(
    decisions.flatMap(({ decision, counts_for }) =>
      decision === "edit" && counts_for === null ? [] : [decision as Decision],
    ),
    neededOf(ruleOf(question), now.people),
  );
  const answer = { run_id: run.run_id, decision: request.decision };
  if (outcome === "open") {
    const { project_id, run_id, approval_id } = question;
    await announce(tx, { project_id, kind: "approval", id: approval_id });
    if (question.round !== asked.question.round)
      await deps.effects.send(tx, "approval.opened", { project_id, run_id, approval_id });
    return { ...answer, new_state: run.state, approval_token_jti: null };
  }
  const jti = outcome === "approved" ? newId() : null;
  if (jti === null) await closeRefused(tx, deps, now);
  else await approve(tx, deps, now, jti);
  const { state } = await moveRun(tx, deps, now);
  return { ...answer, new_state: state, approval_token_jti: jti };
}

/** The decisions about the arguments that the question is about now. */
async function decisionsInRound(tx: Tx, question: ApprovalRow) {
  const decisions = await decisionsOf(tx, question.project_id, question.approval_id);
  return decisions.filter(({ round }) => round === question.round);
}

/** Where several people have to agree, each of them counts once; an edit to other arguments asks all of them anew. */
async function requireFirst(tx: Tx, { run, question, request }: Deciding): Promise<void> {
  const { approver } = request;
  const decisions = await decisionsInRound(tx, question);
  const mine = decisions.find(({ actor_id }) => actor_id === approver.id);
  if (!mine) return;
  const detail = `${approver.id} has decided about this question already; each approver counts once.`;
  throw decided(run, detail, mine);
}

async function insertDecision(
  tx: Tx,
  { run, question, request }: Deciding,
  { countsFor, delegationId, allowedBy }: Allowed,
  seen: Seen,
): Promise<string> {
  const { approver, decision, reason, via, surface } = request;
  const decisionId = newId();
  const row = {
    decision_id: decisionId,
    project_id: run.project_id,
    approval_id: question.approval_id,
    run_id: run.run_id,
    actor_kind: approver.kind,
    actor_id: approver.id,
    via_key_id: via.keyId,
    decision,
    reason: reason === "" ? null : reason,
    surface,
    round: question.round,
    counts_for: countsFor,
    delegation_id: delegationId,
    allowed_by: jsonb(allowedBy),
    seen_hash: seen.hash,
    args_hash_confirmed: request.argsHash !== undefined,
  };
  try {
    await tx.insertInto("approval_decisions").values(row).execute();
  } catch (error) {
    if (breaks(error, "approval_decisions_open")) throw expiredMeanwhile(question);
    throw error;
  }
  const { project_id, run_id } = run;
  await keepSeen(tx, { project_id, run_id, decision_id: decisionId }, seen);
  return decisionId;
}

async function recordDecision(tx: Tx, deciding: Deciding, seen: Seen): Promise<void> {
  const { run, question, request } = deciding;
  const { approver, decision, reason, via, surface } = request;
  const allowed = await allow(tx, { ...deciding, decision });
  const decisionId = await insertDecision(tx, deciding, allowed, seen);
  await appendStep(tx, {
    projectId: run.project_id,
    runId: run.run_id,
    stepKey: `operator_console.${decision}:${decisionId}`,
    kind: "decision",
    toolName: `operator_console.${decision}`,
    status: "success",
    // Before it is cut: of half a secret nobody would see that it is one.
    blockReason: decisionLine(approver.id, decision, redact(reason)),
    approvalId: question.approval_id,
  });
  const isYes = decision === "approve" || decision === "edit";
  await appendAudit(tx, {
    projectId: run.project_id,
    actor: approver,
    action: `run.approval.${decision}`,
    subject: { kind: "run", id: run.run_id },
    details: {
      approval_id: question.approval_id,
      tool: question.tool_name,
      args_hash: question.asked_hash,
      ...(isYes ? { approved_hash: currentHash(question) } : {}),
      surface,
      via_key_id: via.keyId,
      via: via.actor.id,
      ...(allowed.allowedBy.delegated_by ? { for: allowed.allowedBy.delegated_by } : {}),
    },
    ...(reason ? { private: { reason } } : {}),
  });
}

async function approve(
  tx: Tx,
  deps: DecideDeps,
  { question, request }: Deciding,
  jti: string,
): Promise<void> {
  const { rows } = await sql<{ redeem_by: Timestamp }>`
    select clock_timestamp() + make_interval(secs => ${question.redeem_seconds}) as redeem_by`.execute(
    tx,
  );
  // The moment that is signed is the one that the row names.
  const redeem_by = rows[0]?.redeem_by ?? question.expires_at;
  const token = await deps.signer.sign(tx, {
    approvalId: question.approval_id,
    jti,
    redeemBy: redeem_by,
    call: exactCallOf(question),
  });
  const isEdited = currentHash(question) !== question.asked_hash;
  const reason = `approved ${isEdited ? "with edited arguments " : ""}by ${request.approver.id}`;
  const approval = { jti, token, redeem_by };
  await closeQuestion(tx, deps.effects, question, { status: "approved", reason }, approval);
}

async function closeRefused(
  tx: Tx,
  deps: DecideDeps,
  { question, request }: Deciding,
): Promise<void> {
  const status = request.decision === "reject" ? "rejected" : "changes_requested";
  const reason = refusalText(request);
  await closeQuestion(tx, deps.effects, question, { status, reason });
}

function refusalText({ decision, approver, reason }: DecideRequest): string {
  const what = decision === "reject" ? "rejected by" : "changes requested by";
  return `${what} ${approver.id}${reason ? `: ${redact(reason)}` : ""}`;
}

/** A rejection ends the run where the contract says so; after any other answer it goes on, once none is awaited. */
async function moveRun(
  tx: Tx,
  deps: DecideDeps,
  { run, question, request }: Deciding,
): Promise<RunRow> {
  if (request.decision !== "reject" || question.on_reject === "return") {
    const reason = `${request.decision} by ${request.approver.id}`;
    return resumeIfAnswered(tx, deps.effects, run, request.approver, reason);
  }
  const detail = `${question.tool_name} was ${refusalText(request)}`;
  return transition(tx, deps.effects, {
    projectId: run.project_id,
    runId: run.run_id,
    event: "cancel",
    actor: request.approver,
    reason: detail,
    patch: { error_code: "E-APPR-REJECTED", error_detail: detail },
  });
}
