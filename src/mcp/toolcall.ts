import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import type { CallOutcome } from "../calls/index.ts";
import { canonicalHash } from "../platform/canonical.ts";
import { answerOf, pendingAnswer, type ToolAnswer } from "./answers.ts";
import type { McpCall, McpCaller, McpDeps } from "./deps.ts";
import type { CallFacts } from "./facts.ts";
import { LAST_LEG, legMs, openState, sealState, type WaitState } from "./legs.ts";

type Waiting = Extract<CallOutcome, { kind: "waiting" }>;

/** One request on its way, whatever era it is of. */
export interface Exchange<C extends McpCaller> {
  caller: C;
  era: "legacy" | "modern";
  /** The `requestState` a 2026-07-28 client sent back. */
  requestState: string | undefined;
  /** Tells a client that asked for it that the request is still alive. */
  progress(message: string): void;
  signal: AbortSignal;
}

/** Decisions that came while a request was held; more of them than this in one request is no person's doing. */
const MAX_DECISIONS = 5;

/**
 * Answers a tool call: the tool's result, why there is none, or that a person has to decide first. A call that waits is
 * held as long as the client's era and key allow, then answered in a way that lets the client come back.
 *
 * @throws ProtocolError -32602 for a `requestState` that is not ours, or not for this call
 */
export async function answerCall<C extends McpCaller>(
  deps: McpDeps<C>,
  exchange: Exchange<C>,
  facts: CallFacts,
): Promise<ToolAnswer> {
  const { caller, signal } = exchange;
  const callHash = canonicalHash([facts.tool, facts.args]);
  const state = stateOf(deps, exchange, callHash);
  const leg = (state?.leg ?? 0) + 1;
  const deadline = Date.now() + legMs(caller.holdSeconds, exchange.era === "modern" ? leg : 1);
  const answerLater = (waiting: Waiting, runId: string) => {
    if (exchange.era === "legacy" || caller.holdSeconds === 0 || leg >= LAST_LEG)
      return pendingAnswer(waiting);
    const next = { ...waiting, keyId: caller.keyId, runId, callHash, leg };
    return { resultType: "input_required", requestState: sealState(deps.sealer, next) };
  };

  if (state && (await hold(deps, exchange, state, deadline)) === "open") {
    return answerLater({ ...state, kind: "waiting" }, state.runId);
  }
  const wish = state ? { ...facts.run, runId: state.runId } : facts.run;
  const { runId } = await deps.openRun(caller, wish);
  const call: McpCall<C> = {
    caller,
    runId,
    tool: facts.tool,
    args: facts.args,
    signal,
    ...(facts.agentReason === undefined ? {} : { agentReason: facts.agentReason }),
    ...(facts.traceMeta === undefined ? {} : { meta: facts.traceMeta }),
  };
  for (let decisions = 0; ; decisions++) {
    const outcome = await deps.callTool(call);
    if (outcome.kind !== "waiting") return answerOf(outcome);
    if (decisions >= MAX_DECISIONS) return answerLater(outcome, runId);
    const standing = await hold(deps, exchange, outcome, deadline);
    // Nobody would see the result: it is executed when the client asks again.
    if (standing === "open" || signal.aborted) return answerLater(outcome, runId);
  }
}

function stateOf<C extends McpCaller>(
  deps: McpDeps<C>,
  exchange: Exchange<C>,
  callHash: string,
): WaitState | undefined {
  if (exchange.requestState === undefined) return undefined;
  const { keyId } = exchange.caller;
  const state = openState(deps.sealer, exchange.requestState, { keyId, callHash });
  if (state) return state;
  const data = { reason: "invalid_request_state" };
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, "Invalid or expired requestState", data);
}

async function hold<C extends McpCaller>(
  deps: McpDeps<C>,
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

/** Waits, and tells the client every two seconds that it does. */
export async function holding<C extends McpCaller, T>(
  exchange: Exchange<C>,
  message: string,
  wait: () => Promise<T>,
): Promise<T> {
  exchange.progress(message);
  const timer = setInterval(() => exchange.progress(message), PROGRESS_MS);
  try {
    return await wait();
  } finally {
    clearInterval(timer);
  }
}
