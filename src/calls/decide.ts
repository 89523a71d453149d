import {
  type ApprovalRow,
  expireQuestionsOf,
  lockApproval,
  markAnswered,
  openQuestion,
  redeem,
} from "../approvals/index.ts";
import { appendAudit } from "../audit/index.ts";
import { accountKey, holdAccounts, reserve } from "../budgets/index.ts";
import { holdUnretired, type ToolGrant } from "../contracts/index.ts";
import { askGates, type GateDecision, type Verdict } from "../gates/index.ts";
import type { Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { lockRun, type RunRow, requireFence, touchClientRun } from "../runs/index.ts";
import { holdFreezes, readProjectToStart } from "../tenants/index.ts";
import type { ToolServerRef, UpstreamError } from "../toolservers/index.ts";
import type { CallDeps } from "./deps.ts";
import {
  answerFromEarlier,
  auditRefusal,
  type Context,
  refusedBy,
  rowOf,
  unknownOutcome,
} from "./earlier.ts";
import { runAskedIn } from "./elsewhere.ts";
import { readFacts, readGround } from "./facts.ts";
import type { CallOutcome, CallRequest, SettledOutcome } from "./outcome.ts";
import { agentActor, questionOf } from "./question.ts";
import { callsOfStep, insertCall, type NewCall } from "./records.ts";
import { demandOf, risksOf } from "./risks.ts";
import { simulatedResult } from "./simulate.ts";

/** What the deciding transaction came to. */
export type Decided =
  /** The tool server's list has to be compared with the pins first; nothing was written. */
  | { kind: "refresh"; ref: ToolServerRef }
  /** The key has asked about this very call in another of its open runs, and goes on there; nothing was written. */
  | { kind: "elsewhere"; runId: string }
  | { kind: "done"; outcome: CallOutcome }
  /** The call is `executing` in the database and may be sent. */
  | {
      kind: "execute";
      callId: string;
      ref: ToolServerRef;
      grant: ToolGrant;
      args: Record<string, unknown>;
      /** A person has put these arguments in the place of those the agent asked for. */
      isEdited: boolean;
      /** The tool's, as it is pinned; of a reading there is none. */
      inputSchema: Record<string, unknown> | undefined;
      /** The approval that it is made under. */
      approvalId: string | null;
    };

/** How much longer than its time-out a call may be executing before it counts as lost, in seconds. */
export const GRACE_SECONDS = 15;

/**
 * Asks the gates and writes what follows, in one transaction: a blocked or asking call's row, or the executing one with
 * its redeemed approval and its reserved money.
 *
 * @param listed undefined at the first try; then whether the tool server could be asked for its tools
 */
export async function decideCall(
  tx: Tx,
  deps: CallDeps,
  request: CallRequest,
  started: number,
  listed: { failure: UpstreamError | undefined } | undefined,
): Promise<Decided> {
  const readAt = Date.now();
  const freezes = holdFreezes(tx, request.projectId);
  const locked = lockRunAsItIs(tx, deps, request);
  // Sent after the locks, so read under them.
  const { pinned } = request;
  const ground = pinned && readGround(tx, deps, request.projectId, pinned);
  const [run] = await Promise.all([locked, freezes, ground]);
  if (!run) throw new AppError("E-NOT-FOUND", "There is no such run.");
  if (request.fence !== undefined) requireFence(run, request.fence);
  const { project_id: projectId, run_id: runId } = run;
  const [facts, earlier] = await Promise.all([
    readFacts(tx, deps, request, run, questionNamedBy(request), ground),
    request.stepId ? callsOfStep(tx, projectId, runId, request.stepId) : [],
    run.driver === "client" && touchClientRun(tx, projectId, runId),
  ]);
  const { ref, grant } = facts;
  if (!listed && ref && grant && !request.isReading && !deps.catalog.isFresh(ref, readAt)) {
    const early = askGates(facts.exact, { ...facts.gates, pin: "pinned" }, 2);
    if (early.decision === "pass") return { kind: "refresh", ref };
  }
  const unknown = earlier.find((call) => call.result_status === "unknown");
  const attempt = 1 + earlier.filter((call) => call.result_status === "error").length;
  const context: Context = { tx, deps, request, run, facts, started, attempt };
  if (unknown) return settled(context, unknownOutcome(unknown.call_id, unknown.tool_name), 0);
  if (listed?.failure && ref && !facts.pin) return unreachable(context, listed.failure);
  const decision = askGates(facts.exact, facts.gates);
  if (decision.decision === "block") return block(context, decision);
  if (decision.decision === "ask") return ask(context, decision);
  return proceed(context, decision.verdicts);
}

/** The run, locked; what nobody has answered in time is closed, though no sweeper may have come by since. */
async function lockRunAsItIs(
  tx: Tx,
  { effects }: CallDeps,
  { projectId, runId }: CallRequest,
): Promise<RunRow | undefined> {
  const run = await lockRun(tx, projectId, runId);
  const isOther = run !== undefined && (await expireQuestionsOf(tx, effects, run));
  return isOther ? lockRun(tx, projectId, runId) : run;
}

/** How the question that a request names is found; undefined for the newest one about the same call. */
function questionNamedBy({ projectId, approvalId }: CallRequest) {
  if (approvalId === undefined) return undefined;
  return (tx: Tx) => lockApproval(tx, projectId, approvalId);
}

/** A tool that was never seen, on a server that can't be asked: nothing can be decided about it. */
async function unreachable(context: Context, failure: UpstreamError): Promise<Decided> {
  const { code, message: reason } = failure;
  const { verdicts } = askGates(context.facts.exact, context.facts.gates, 1);
  const row = rowOf(context, verdicts);
  const latencyMs = performance.now() - context.started;
  await insertCall(context.tx, { ...row, status: "error", errorCode: code, reason, latencyMs });
  return settled(context, { kind: "error", callId: row.callId, code, reason, sent: false }, 0);
}

async function settled(
  context: Context,
  outcome: SettledOutcome,
  costUsd: number,
): Promise<Decided> {
  const latencyMs = performance.now() - context.started;
  await context.request.onSettled?.(context.tx, outcome, { latencyMs, costUsd });
  return { kind: "done", outcome };
}

async function block(context: Context, decision: GateDecision): Promise<Decided> {
  const { tx, facts } = context;
  const row = rowOf(context, decision.verdicts);
  await insertCall(tx, {
    ...row,
    status: "blocked",
    latencyMs: performance.now() - context.started,
  });
  const { gate, code, reason } = decision.last;
  if (facts.question && gate === 5) {
    await markAnswered(tx, facts.question);
    await auditRefusal(context, row.callId, decision.last);
  }
  return settled(
    context,
    { kind: "blocked", callId: row.callId, gate, code: code ?? "E-INTERNAL", reason },
    0,
  );
}

async function ask(context: Context, decision: GateDecision): Promise<Decided> {
  const { tx, deps, request, run, facts, started } = context;
  const { question, grant } = facts;
  const { policy } = facts.gates;
  if (!grant) throw new Error("a call without a grant can't have reached gate 5");
  const row = rowOf(context, decision.verdicts);
  const earlier = await answerFromEarlier(context, decision);
  if (earlier) return { kind: "done", outcome: earlier };
  if (question?.status === "open") {
    // The same call again joins the question; the row of the one that asked stands for it.
    return {
      kind: "done",
      outcome: waiting(question.call_id, question),
    };
  }
  const elsewhere = await askedElsewhere(context);
  if (elsewhere !== undefined) return { kind: "elsewhere", runId: elsewhere };
  // Whoever deactivates the project voids the questions they see: either they see this one, or it is not opened.
  const project = await readProjectToStart(tx, run.project_id);
  // The same with whoever retires the contract.
  const standing = await holdUnretired(tx, run.project_id, run.revision_id);
  const again = askGates(facts.exact, {
    ...facts.gates,
    project: { ...facts.gates.project, ...project },
    contract: { ...facts.gates.contract, ...standing },
  });
  if (again.decision === "block") return block(context, again);
  const approvalId = newId();
  const latencyMs = performance.now() - started;
  await insertCall(tx, { ...row, approvalId, status: "pending", latencyMs });
  const opened = await openQuestion(tx, deps, {
    approvalId,
    run,
    callId: row.callId,
    stepId: row.stepId,
    call: facts.exact,
    args: request.args,
    rule: decision.last.reason,
    demand: demandOf(decision),
    risks: await risksOf(tx, facts, request.args),
    verdicts: decision.verdicts,
    policyHash: policy.decision === "permit" ? policy.hash : undefined,
    actor: agentActor(run.agent_id),
    ...questionOf(grant, request.args, run.driver),
    ...(request.agentReason ? { agentReason: request.agentReason } : {}),
  });
  return { kind: "done", outcome: waiting(row.callId, { ...run, ...opened }) };
}

/** A client that lost its session repeats its call in a new run: it is one question all the same, and one answer. */
async function askedElsewhere({ tx, request, run, facts }: Context): Promise<string | undefined> {
  const { keyId, mayMove } = request;
  if (run.driver !== "client" || keyId === undefined || !mayMove) return undefined;
  return runAskedIn(tx, facts.exact, keyId);
}

function waiting(
  callId: string,
  question: Pick<ApprovalRow, "run_id" | "approval_id" | "expires_at">,
): CallOutcome {
  const { run_id: runId, approval_id: approvalId, expires_at: expiresAt } = question;
  return { kind: "waiting", callId, runId, approvalId, expiresAt };
}

async function proceed(context: Context, verdicts: Verdict[]): Promise<Decided> {
  const { tx, run, facts } = context;
  const { grant, ref, exact, question } = facts;
  if (!grant || !ref)
    throw new Error("a call without a grant and a tool server can't have passed gate 2");
  const row = rowOf(context, verdicts);
  const isSimulated = run.is_shadow && grant.effect === "write";
  // Also where nobody demands it any more: what a person has put in its place is executed as their approval says, once.
  const isApproved = facts.isApproved || verdicts.some((verdict) => verdict.outcome === "approved");
  const held = await holdAccounts(tx, facts.accounts);
  // Other runs count against the same accounts: what gate 4 saw before they were held may be over by now.
  const budget = facts.accounts.flatMap((account) => held.get(accountKey(account)) ?? []);
  const again = askGates(exact, { ...facts.gates, budget }, 4);
  if (again.decision === "block") return block(context, again);
  if (isApproved && question) {
    const refusal = await tryRedeem(context, question, row.callId);
    if (refusal) return block(context, refusal);
  }
  const amountUsd = isSimulated ? 0 : grant.cost_per_call;
  const { run_id: runId, project_id: projectId } = run;
  const reserved = [{ projectId, runId, callId: row.callId, amountUsd, held: budget }];
  if (isSimulated) {
    await reserve(tx, reserved);
    return simulate(context, row, grant);
  }
  const deadlineSeconds = grant.timeout_seconds + GRACE_SECONDS;
  const approvalId = isApproved ? (question?.approval_id ?? null) : null;
  // On their way together: a person's answer is waited for by somebody.
  await Promise.all([
    reserve(tx, reserved),
    insertCall(tx, { ...row, status: "executing", deadlineSeconds }),
    grant.effect === "write" && auditExecution(context, row.callId, approvalId),
  ]);
  const { args, isEdited, pin } = facts;
  const inputSchema = pin?.definition.inputSchema;
  return {
    kind: "execute",
    callId: row.callId,
    ref,
    grant,
    args,
    isEdited,
    inputSchema,
    approvalId,
  };
}

function auditExecution(
  { tx, run, facts }: Context,
  callId: string,
  approvalId: string | null,
): Promise<void> {
  const { server, tool, argsHash: args_hash } = facts.exact;
  return appendAudit(tx, {
    projectId: run.project_id,
    actor: agentActor(run.agent_id),
    action: "call.execute",
    subject: { kind: "call", id: callId },
    details: { run_id: run.run_id, server, tool, args_hash, approval_id: approvalId },
  });
}

/** Redeems the approval; a refusal is gate 5's last word and is recorded like any other block. */
async function tryRedeem(
  { tx, deps, facts }: Context,
  question: ApprovalRow,
  callId: string,
): Promise<GateDecision | undefined> {
  try {
    if (facts.mismatch !== undefined) throw new AppError("E-APPR-MISMATCH", facts.mismatch);
    await redeem(tx, deps.signer, question, facts.exact, callId);
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const decision = askGates(facts.exact, facts.gates);
    const last = refusedBy(decision.last, { code: error.code, problem: error.message });
    return { decision: "block", last, verdicts: [...decision.verdicts.slice(0, -1), last] };
  }
}

async function simulate(
  context: Context,
  row: Omit<NewCall, "status">,
  grant: ToolGrant,
): Promise<Decided> {
  const { tx, deps, facts } = context;
  const result = simulatedResult(deps.checker, grant, facts.pin?.definition.outputSchema);
  const latencyMs = performance.now() - context.started;
  await insertCall(tx, { ...row, status: "simulated", result, latencyMs });
  return settled(context, { kind: "result", callId: row.callId, result, simulated: true }, 0);
}
