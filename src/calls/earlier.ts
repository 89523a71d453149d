import { appendAudit } from "../audit/index.ts";
import type { GateDecision, Verdict } from "../gates/index.ts";
import type { Tx } from "../platform/database/index.ts";
import type { ErrorCode } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import type { RunRow } from "../runs/index.ts";
import type { CallDeps } from "./deps.ts";
import type { CallFacts } from "./facts.ts";
import { readUntold } from "./kept.ts";
import type { CallOutcome, CallRequest } from "./outcome.ts";
import { agentActor } from "./question.ts";
import { insertCall, type NewCall } from "./records.ts";

/** A call on its way through the deciding transaction. */
export interface Context {
  tx: Tx;
  deps: CallDeps;
  request: CallRequest;
  run: RunRow;
  facts: CallFacts;
  started: number;
  attempt: number;
}

export function rowOf(context: Context, verdicts: readonly Verdict[]): Omit<NewCall, "status"> {
  const { request, run, facts } = context;
  return {
    callId: newId(),
    projectId: run.project_id,
    runId: run.run_id,
    stepId: request.stepId ?? null,
    approvalId: facts.question?.approval_id ?? null,
    callKey: request.callKey,
    server: facts.exact.server === "" ? null : facts.exact.server,
    tool: facts.exact.tool,
    args: facts.args,
    argsHash: facts.exact.argsHash,
    effect: facts.grant?.effect ?? "write",
    isShadow: run.is_shadow,
    verdicts,
    agentReason: request.agentReason ?? null,
    attempt: context.attempt,
    fence: request.fence ?? null,
  };
}

/**
 * What a call is answered with that was asked about before, without a person being asked again: what its client has not
 * been told of, or that the question it names has nothing left to give. Undefined for a call that is a new question.
 */
export async function answerFromEarlier(
  context: Context,
  decision: GateDecision,
): Promise<CallOutcome | undefined> {
  const { request, facts } = context;
  if (request.approvalId !== undefined)
    return facts.question?.status === "open" ? undefined : refuseNamed(context, decision);
  return request.keyId === undefined ? undefined : answerUntold(context, decision);
}

/** The client has lost the answer to a call that was made; it is told now, and nothing is made twice. */
async function answerUntold(
  context: Context,
  decision: GateDecision,
): Promise<CallOutcome | undefined> {
  const { tx, deps, facts } = context;
  const { question } = facts;
  const untold = question && (await readUntold(tx, deps.sealer, question));
  if (!untold) return undefined;
  const { project_id: projectId, run_id: runId, approval_id: approvalId } = question;
  const kept = { projectId, runId, approvalId };
  if (untold.kind === "ended") return { ...untold.outcome, kept };
  if (untold.kind === "unknown")
    return { ...unknownOutcome(untold.callId, facts.exact.tool), kept };
  const problem =
    "This very call was approved and is under way. Repeat it in a while to be told how it ended.";
  return refuse(context, decision, { code: "E-APPR-USED", problem });
}

/** What is said of a write whose fate is unknown. */
export function unknownOutcome(callId: string, tool: string): CallOutcome & { kind: "unknown" } {
  const reason = `It is not known whether ${tool} happened: the connection or the server was lost on the way. It is not sent again by itself; look before you repeat it.`;
  return { kind: "unknown", callId, code: "E-CALL-UNKNOWN", reason };
}

/** Writes that a question's answer, or the want of a valid approval, kept a call from being made. */
export async function auditRefusal(
  { tx, run, facts, request }: Context,
  callId: string,
  { code }: Verdict,
): Promise<void> {
  const { server, tool, argsHash } = facts.exact;
  await appendAudit(tx, {
    projectId: run.project_id,
    actor: agentActor(run.agent_id),
    action: "call.refuse",
    subject: { kind: "call", id: callId },
    details: {
      run_id: run.run_id,
      server,
      tool,
      args_hash: argsHash,
      approval_id: facts.question?.approval_id ?? request.approvalId ?? null,
      code,
    },
  });
}

/**
 * A call in the name of a question that has nothing left to give: what was decided has been used or told already, or there
 * is no such question. Whoever waits for that question's call is told what became of it, not of this one.
 */
async function refuseNamed(context: Context, decision: GateDecision): Promise<CallOutcome> {
  const { facts } = context;
  const isKnown = facts.question !== undefined;
  const code = isKnown ? "E-APPR-USED" : "E-APPR-MISMATCH";
  const problem = isKnown
    ? "What was decided about the call has been used or told already."
    : "The approval that the call names is not one of this project.";
  return refuse(context, decision, { code, problem });
}

/** Refuses at the fifth gate what was asked about already, and says so in both logs. */
async function refuse(
  context: Context,
  { last, verdicts }: GateDecision,
  why: { code: ErrorCode; problem: string },
): Promise<CallOutcome> {
  const { tx, started } = context;
  const said: Verdict = refusedBy(last, why);
  const row = rowOf(context, [...verdicts.slice(0, -1), said]);
  await insertCall(tx, { ...row, status: "blocked", latencyMs: performance.now() - started });
  await auditRefusal(context, row.callId, said);
  const { code, problem: reason } = why;
  return { kind: "blocked", callId: row.callId, gate: 5, code, reason };
}

/** The fifth gate's verdict when an approval does not hold. */
export function refusedBy(
  last: Verdict,
  { code, problem }: { code: ErrorCode; problem: string },
): Verdict {
  return {
    ...last,
    outcome: "block",
    code,
    key: "approval_refused",
    params: { problem },
    reason: problem,
  };
}
