import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import type { CallOutcome, SettledOutcome } from "../calls/index.ts";
import { canonicalHash } from "../platform/canonical.ts";
import type { WhenSent } from "../platform/http/index.ts";
import type { ClientPeer, InputRequired, Round } from "../toolservers/index.ts";
import { answerOf, pendingAnswer, readingAnswer, type ToolAnswer } from "./answers.ts";
import type { McpCall, McpCaller } from "./deps.ts";
import type { EdgeDeps } from "./edgedeps.ts";
import type { CallFacts } from "./facts.ts";
import { LAST_LEG, legMs, openState, type RequestState, sealState } from "./legs.ts";
import { Talk } from "./talk.ts";
import { createTask, takesTasks } from "./tasks.ts";

type Waiting = Extract<CallOutcome, { kind: "waiting" }>;

/** One request on its way, whatever era it is of. */
export interface Exchange<C extends McpCaller> {
  caller: C;
  era: "legacy" | "modern";
  /** The `requestState` a 2026-07-28 client sent back. */
  requestState: string | undefined;
  /** The `inputResponses` of a 2026-07-28 client. */
  inputResponses: Record<string, unknown> | undefined;
  /** The client, for what a tool server says and asks while the request is worked on (`createPeer`). */
  peer: ClientPeer;
  signal: AbortSignal;
  /** Calls back once the whole answer has been sent. */
  whenSent: WhenSent;
}

/** Decisions that came while a request was held; more of them than this in one request is no person's doing. */
const MAX_DECISIONS = 5;

/**
 * Answers a tool call or a reading: the tool's result, why there is none, that a person has to decide first, or what the tool server
 * wants to know of the client. A call that waits for a person is held as long as the client's era and key allow, then
 * answered in a way that lets the client come back.
 *
 * @throws ProtocolError -32602 for a `requestState` that is not ours, or not for this call; and those of the tool
 *   server that a client has to see as they are
 */
export async function answerCall<C extends McpCaller>(
  deps: EdgeDeps<C>,
  exchange: Exchange<C>,
  facts: CallFacts,
): Promise<ToolAnswer> {
  const { caller } = exchange;
  const callHash = once(() => canonicalHash([facts.tool, facts.args]));
  const state = stateOf(deps, exchange, callHash);
  if (state?.kind === "held") return goOn(deps, exchange, callHash, state.heldId);
  const leg = (state?.kind === "wait" ? state.leg : 0) + 1;
  const heldAs = exchange.era === "modern" ? leg : 1;
  const deadline = Date.now() + legMs(caller.holdSeconds, heldAs, deps.longestHoldMs);
  const answerLater = (waiting: Waiting) => {
    if (exchange.era === "legacy" || caller.holdSeconds === 0 || leg >= LAST_LEG)
      return pending(waiting, facts.isReading);
    const { callId, runId, approvalId, expiresAt } = waiting;
    const { keyId } = caller;
    return inputRequired(deps, {
      state: {
        kind: "wait",
        keyId,
        runId,
        callHash: callHash(),
        callId,
        approvalId,
        expiresAt,
        leg,
      },
    });
  };
  if (state?.kind === "wait" && (await hold(deps, exchange, state, deadline)) === "open") {
    return answerLater({ ...state, kind: "waiting" });
  }
  const talk = new Talk(exchange);
  const call = await callOf(deps, exchange, facts, state, talk);
  for (let decisions = 0; ; decisions++) {
    const isAnswered = decisions > 0 || state?.kind === "wait";
    const now = isAnswered ? { ...call, isAnswered } : call;
    const outcome = await perform(deps, exchange, { callHash, call: now, talk });
    if (outcome.kind === "answered") return outcome.answer;
    const asTask = exchange.era === "modern" && !facts.isReading;
    if (asTask && takesTasks(exchange.peer.capabilities)) return createTask(deps, caller, outcome);
    if (decisions >= MAX_DECISIONS) return answerLater(outcome);
    const standing = await hold(deps, exchange, outcome, deadline);
    // Nobody would see the result: it is executed when the client asks again.
    if (standing === "open" || exchange.signal.aborted) return answerLater(outcome);
  }
}

/** Worked out when it is asked for, and then kept: most calls never need it. */
function once<T>(work: () => T): () => T {
  let known: { value: T } | undefined;
  return () => {
    known ??= { value: work() };
    return known.value;
  };
}

/** The call as it is handed on: a new one, or one that a tool server waits to go on with. */
async function callOf<C extends McpCaller>(
  deps: EdgeDeps<C>,
  exchange: Exchange<C>,
  facts: CallFacts,
  state: RequestState | undefined,
  talk: Talk,
): Promise<McpCall<C>> {
  const { caller, era, inputResponses } = exchange;
  const wish = state ? { ...facts.run, runId: state.runId } : facts.run;
  const { runId } = state?.kind === "round" ? state : await deps.openRun(caller, wish);
  const round = roundOf(state, inputResponses);
  return {
    caller,
    runId,
    mayMove: facts.run.runId === undefined,
    tool: facts.tool,
    args: facts.args,
    isReading: facts.isReading,
    signal: era === "modern" ? talk.signal : exchange.signal,
    peer: era === "modern" ? talk.peer : exchange.peer,
    ...(facts.agentReason === undefined ? {} : { agentReason: facts.agentReason }),
    ...(facts.traceMeta === undefined ? {} : { meta: facts.traceMeta }),
    ...(round && { round }),
    ...(state?.kind === "round" ? { resume: { callId: state.callId, round: state.round } } : {}),
  };
}

function roundOf(
  state: RequestState | undefined,
  inputResponses: Record<string, unknown> | undefined,
): Round | undefined {
  if (state?.kind === "round")
    return { inputResponses: inputResponses ?? {}, requestState: state.requestState };
  return inputResponses && { inputResponses, requestState: undefined };
}

interface Performing<C extends McpCaller> {
  callHash: () => string;
  call: McpCall<C>;
  talk: Talk;
  /** The call, if it is under way already. */
  work?: Promise<CallOutcome>;
}

/** Makes the call, or goes on with it, until it has an answer for the client or waits for a person. */
async function perform<C extends McpCaller>(
  deps: EdgeDeps<C>,
  { caller, whenSent }: Exchange<C>,
  { callHash, call, talk, work = deps.callTool(call) }: Performing<C>,
): Promise<Waiting | { kind: "answered"; answer: ToolAnswer }> {
  const { keyId } = caller;
  const { runId } = call;
  const outcome = await talk.next(work);
  if (outcome === "asked") {
    const inputRequests = talk.leave();
    const heldId = deps.held.keep({ callHash: callHash(), call, work, talk });
    if (heldId === undefined) return answered(endOf(call, settled(await work)));
    const state = { kind: "held", keyId, runId, callHash: callHash(), heldId } as const;
    return answered(inputRequired(deps, { inputRequests, state }));
  }
  if (outcome.kind === "waiting") return outcome;
  talk.leave();
  const { kept } = outcome;
  if (kept) whenSent(() => deps.noteDelivered(kept));
  if (outcome.kind !== "input_required") return answered(endOf(call, outcome));
  const { callId, round, inputRequests, requestState } = outcome;
  const state = { kind: "round", keyId, runId, callHash: callHash(), callId, round } as const;
  const sealed = requestState === undefined ? state : { ...state, requestState };
  return answered(inputRequired(deps, { inputRequests, state: sealed }));
}

function endOf<C extends McpCaller>(call: McpCall<C>, outcome: SettledOutcome): ToolAnswer {
  return call.isReading ? readingAnswer(outcome, call.args) : answerOf(outcome);
}

/** A reading has no result that could say it in words, so it is an error. */
function pending(waiting: Waiting, isReading: boolean): ToolAnswer {
  const answer = pendingAnswer(waiting);
  if (!isReading) return answer;
  const [said] = answer.content as { text: string }[];
  throw new ProtocolError(ProtocolErrorCode.InvalidRequest, said?.text ?? "", answer._meta);
}

function settled(outcome: CallOutcome): SettledOutcome {
  if (outcome.kind === "waiting" || outcome.kind === "input_required")
    throw new Error("a call that was ended can't wait");
  return outcome;
}

/** The client is back at a call that went on meanwhile. */
async function goOn<C extends McpCaller>(
  deps: EdgeDeps<C>,
  exchange: Exchange<C>,
  callHash: () => string,
  heldId: string,
): Promise<ToolAnswer> {
  const held = deps.held.take(heldId);
  if (!held) throw invalidState();
  held.talk.attach(exchange);
  held.talk.answer(exchange.inputResponses ?? {});
  const outcome = await perform(deps, exchange, { ...held, callHash });
  return outcome.kind === "answered" ? outcome.answer : pending(outcome, held.call.isReading);
}

function answered(answer: ToolAnswer) {
  return { kind: "answered", answer } as const;
}

/** The answer that sends a 2026-07-28 client away, to come back with what is asked and with the sealed state. */
function inputRequired<C extends McpCaller>(
  deps: EdgeDeps<C>,
  more: { state: RequestState; inputRequests?: InputRequired["inputRequests"] },
): ToolAnswer {
  const { inputRequests = {} } = more;
  const asked = Object.keys(inputRequests).length === 0 ? {} : { inputRequests };
  const requestState = sealState(deps.sealer, more.state);
  return { resultType: "input_required", ...asked, requestState };
}

function stateOf<C extends McpCaller>(
  deps: EdgeDeps<C>,
  exchange: Exchange<C>,
  callHash: () => string,
): RequestState | undefined {
  if (exchange.requestState === undefined) return undefined;
  const { keyId } = exchange.caller;
  const state = openState(deps.sealer, exchange.requestState, { keyId, callHash: callHash() });
  if (state) return state;
  throw invalidState();
}

function invalidState(): ProtocolError {
  const data = { reason: "invalid_request_state" };
  return new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    "Invalid or expired requestState",
    data,
  );
}

async function hold<C extends McpCaller>(
  deps: EdgeDeps<C>,
  exchange: Exchange<C>,
  question: { approvalId: string; expiresAt: string },
  deadline: number,
): Promise<"decided" | "open" | "not_found"> {
  const timeoutMs = deadline - Date.now();
  if (timeoutMs <= 0 || exchange.signal.aborted) return "open";
  return holding(exchange, `waiting for a person's decision, until ${question.expiresAt}`, () =>
    deps.waitForDecision(exchange.caller, question.approvalId, {
      timeoutMs,
      signal: exchange.signal,
    }),
  );
}

const PROGRESS_MS = 2000;

/** Waits, and tells a client that asked for it every two seconds that it does. */
export async function holding<C extends McpCaller, T>(
  { peer, signal }: Exchange<C>,
  message: string,
  wait: () => Promise<T>,
): Promise<T> {
  const started = performance.now();
  const tell = () => {
    if (!peer.wantsProgress || signal.aborted) return;
    // Seconds, because progress has to grow and nobody knows its end.
    const progress = Math.round(performance.now() - started) / 1000;
    peer.notify("notifications/progress", { progress, message });
  };
  tell();
  const timer = setInterval(tell, PROGRESS_MS);
  try {
    return await wait();
  } finally {
    clearInterval(timer);
  }
}
