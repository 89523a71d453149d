import { settle } from "../budgets/index.ts";
import { AppError } from "../platform/errors.ts";
import { addCost, lockRun } from "../runs/index.ts";
import { paramHeaders, type UpstreamError } from "../toolservers/index.ts";
import { type Decided, decideCall } from "./decide.ts";
import type { CallDeps } from "./deps.ts";
import { type Ending, endingOf, orUnrecorded } from "./ending.ts";
import { makeFastCall } from "./fast.ts";
import { keepOutcome } from "./kept.ts";
import type { CallOutcome, CallRequest, SettledOutcome } from "./outcome.ts";
import { sendReading } from "./reading.ts";
import { finishCall } from "./records.ts";
import { keepOpen, resumeCall, timedPeer } from "./rounds.ts";

type Execute = Extract<Decided, { kind: "execute" }>;

/**
 * Makes one tool call: through the gates, recorded before it is sent and after it ended.
 *
 * The deciding transaction commits before anything is sent, so a process that dies in between leaves an `executing` row
 * behind, which becomes `unknown` for a write.
 *
 * @throws AppError E-NOT-FOUND for a run the project does not have, E-RUN-FENCED for a worker that lost its lease
 */
export async function makeCall(deps: CallDeps, request: CallRequest): Promise<CallOutcome> {
  const started = performance.now();
  const scope = { role: "app", projects: [request.projectId] } as const;
  const { resume } = request;
  if (resume) {
    const resumed = await deps.db.transaction(scope, (tx) => resumeCall(tx, deps, request, resume));
    return resumed.kind === "done" ? resumed.outcome : execute(deps, request, resumed, started);
  }
  const { run } = request;
  const made = run && !request.isReading && (await makeFastCall(deps, request, run, started));
  if (made) return made;
  const decide = (listed?: { failure: UpstreamError | undefined }) =>
    deps.db.transaction(scope, (tx) => decideCall(tx, deps, request, started, listed));
  let decided = await decide();
  if (decided.kind === "refresh") {
    const failure = await deps.catalog.refresh(decided.ref);
    if (failure)
      deps.log.warn({ server: decided.ref.serverId, code: failure.code }, failure.message);
    decided = await decide({ failure });
  }
  if (decided.kind === "refresh") throw new Error("the catalog was asked twice");
  if (decided.kind === "elsewhere") {
    const { runId } = decided;
    return makeCall(deps, { ...request, runId, run: undefined, mayMove: false });
  }
  return decided.kind === "done" ? decided.outcome : execute(deps, request, decided, started);
}

async function execute(
  deps: CallDeps,
  request: CallRequest,
  call: Execute,
  started: number,
): Promise<CallOutcome> {
  const sentAt = performance.now();
  const isWrite = call.grant.effect === "write";
  const options = {
    timeoutMs: call.grant.timeout_seconds * 1_000,
    // A client that goes away may give up a read; a write that is on its way is seen to its end.
    signal: isWrite ? undefined : request.signal,
    meta: request.meta,
    headers: paramHeaders(call.inputSchema, call.args),
    peer: request.peer && timedPeer(deps.db, request, call, request.peer),
    round: request.round,
  };
  const answer = request.isReading
    ? await sendReading(deps.pool, call, options)
    : await deps.pool.callTool(call.ref, call.grant.tool, call.args, options);
  const now = performance.now();
  const { callId, args } = call;
  const editedArgs = call.isEdited ? args : undefined;
  const sent = { callId, tool: call.grant.tool, isWrite, editedArgs };
  const figures = { latencyMs: now - started, upstreamMs: now - sentAt };
  const recorded =
    answer.kind === "input_required"
      ? keepOpen(deps.db, request, call, answer)
      : finish(deps, request, call, endingOf(sent, answer, figures));
  // A worker is not told: it takes the run up again, and sees what the record says.
  return request.keyId === undefined ? recorded : orUnrecorded(recorded, sent);
}

async function finish(
  deps: CallDeps,
  request: CallRequest,
  call: Execute,
  { end, outcome, money }: Ending,
): Promise<SettledOutcome> {
  const { projectId, runId } = request;
  const { callId, approvalId } = call;
  // A task keeps its end by itself.
  const isKept = request.keyId !== undefined && request.approvalId === undefined;
  const kept = isKept && approvalId !== null ? { projectId, runId, approvalId } : undefined;
  await deps.db.transaction({ role: "app", projects: [projectId] }, async (tx) => {
    // The run first, as everywhere: two that lock in different orders would wait for each other.
    await lockRun(tx, projectId, runId);
    const costUsd = money === "spent" ? call.grant.cost_per_call : 0;
    const wasExecuting = await finishCall(tx, { ...end, projectId, runId, callId, costUsd });
    if (!wasExecuting) {
      throw new AppError("E-RUN-FENCED", "The call was declared lost before its answer came.");
    }
    const settled = await settle(tx, [{ projectId, callId, how: money }]);
    const spent = settled.get(callId) ?? 0;
    await addCost(tx, projectId, runId, spent);
    await request.onSettled?.(tx, outcome, { latencyMs: end.latencyMs ?? 0, costUsd: spent });
    if (kept) await keepOutcome(tx, deps.sealer, kept, outcome);
  });
  return kept ? { ...outcome, kept } : outcome;
}
