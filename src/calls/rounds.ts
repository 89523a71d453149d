import { sql } from "kysely";
import { settle } from "../budgets/index.ts";
import { askGates } from "../gates/index.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { addCost, lockRun, touchClientRun } from "../runs/index.ts";
import type { ClientPeer, InputRequired } from "../toolservers/index.ts";
import { type Decided, GRACE_SECONDS } from "./decide.ts";
import type { CallDeps } from "./deps.ts";
import { readFacts } from "./facts.ts";
import type { CallOutcome, CallRequest, ResumedCall } from "./outcome.ts";
import { finishCall } from "./records.ts";

type Execute = Extract<Decided, { kind: "execute" }>;
type Executing = Pick<Execute, "callId" | "grant">;

/** How long a client may take to answer a tool server, in seconds; it may have to ask a person or a model. */
const ANSWER_SECONDS = 600;

/**
 * Gives an executing call the time that the client may take for its answer.
 *
 * @param after takes up the call after this round, if nobody has done so already
 */
async function extendDeadline(
  tx: Tx,
  projectId: string,
  callId: string,
  timeoutSeconds: number,
  after?: number,
): Promise<boolean> {
  const seconds = timeoutSeconds + GRACE_SECONDS + ANSWER_SECONDS;
  const done = await tx
    .updateTable("mcp_calls")
    .set({
      deadline_at: sql<string>`clock_timestamp() + make_interval(secs => ${seconds})`,
      ...(after === undefined ? {} : { round: after + 1 }),
    })
    .where("project_id", "=", projectId)
    .where("call_id", "=", callId)
    .where("result_status", "=", "executing")
    .$if(after !== undefined, (query) => query.where("round", "=", after ?? 0))
    .returning("call_id")
    .executeTakeFirst();
  return done !== undefined;
}

async function extend(db: Database, projectId: string, call: Executing): Promise<void> {
  const scope = { role: "app", projects: [projectId] } as const;
  const isExecuting = await db.transaction(scope, (tx) =>
    extendDeadline(tx, projectId, call.callId, call.grant.timeout_seconds),
  );
  if (!isExecuting) {
    throw new AppError("E-RUN-FENCED", "The call was declared lost before its answer came.");
  }
}

/**
 * The same client, whose answers the call is given time for.
 *
 * @param recorded makes sure that the call is in the record
 */
export function timedPeer(
  db: Database,
  { projectId }: Pick<CallRequest, "projectId">,
  call: Executing,
  peer: ClientPeer,
  recorded: () => Promise<unknown> = async () => undefined,
): ClientPeer {
  return {
    capabilities: peer.capabilities,
    logLevel: peer.logLevel,
    wantsProgress: peer.wantsProgress,
    takesRounds: peer.takesRounds,
    notify: (method, params) => peer.notify(method, params),
    async request(method, params, signal) {
      await recorded();
      await extend(db, projectId, call);
      return peer.request(method, params, signal);
    },
  };
}

/** Leaves the call executing until the client comes back with its answers, to this process or to another. */
export async function keepOpen(
  db: Database,
  { projectId, resume }: Pick<CallRequest, "projectId" | "resume">,
  call: Executing,
  asked: InputRequired,
): Promise<CallOutcome> {
  await extend(db, projectId, call);
  return { ...asked, callId: call.callId, round: resume ? resume.round + 1 : 0 };
}

/**
 * Takes up an executing call again. Its gates have been passed, its approval redeemed and its money reserved; but what
 * was frozen, ended or withdrawn meanwhile sends nothing more.
 */
export async function resumeCall(
  tx: Tx,
  deps: CallDeps,
  request: CallRequest,
  { callId, round }: ResumedCall,
): Promise<Exclude<Decided, { kind: "refresh" | "elsewhere" }>> {
  const { projectId, runId } = request;
  const run = await lockRun(tx, projectId, runId);
  if (!run) throw new AppError("E-NOT-FOUND", "There is no such run.");
  if (run.driver === "client") await touchClientRun(tx, projectId, runId);
  const facts = await readFacts(tx, deps, request, run);
  const { grant, ref, args, isEdited, pin, question } = facts;
  const inputSchema = pin?.definition.inputSchema;
  const approvalId = question?.redeemed_call_id === callId ? question.approval_id : null;
  const { decision, last } = askGates(facts.exact, facts.gates, 2);
  const timeout = grant?.timeout_seconds ?? 0;
  if (!(await extendDeadline(tx, projectId, callId, timeout, round))) {
    const reason =
      "The call has ended, or these answers were sent on already; they are not sent again.";
    return ended({ kind: "error", callId, code: "E-CALL-LOST", reason, sent: true });
  }
  if (decision === "pass" && grant && ref)
    return { kind: "execute", callId, ref, grant, args, isEdited, inputSchema, approvalId };
  const { gate, code, reason } = last;
  const spent = (await settle(tx, [{ projectId, callId, how: "spent" }])).get(callId) ?? 0;
  await finishCall(tx, {
    projectId,
    runId,
    callId,
    status: "error",
    errorCode: code ?? "E-INTERNAL",
    reason,
    costUsd: spent,
  });
  await addCost(tx, projectId, runId, spent);
  return ended({ kind: "blocked", callId, gate, code: code ?? "E-INTERNAL", reason });
}

function ended(outcome: CallOutcome): Extract<Decided, { kind: "done" }> {
  return { kind: "done", outcome };
}
