import { canonicalHash } from "../platform/canonical.ts";
import { Unreachable } from "../platform/database/unreachable.ts";
import { cleanResult, type ToolResult, type UpstreamError } from "../toolservers/index.ts";
import { unknownOutcome } from "./earlier.ts";
import type { SettledOutcome } from "./outcome.ts";
import type { CallEnd } from "./records.ts";

/** How a call that was sent ended: what is written of it, what becomes of its money, what its caller learns. */
export interface Ending {
  end: Omit<CallEnd, "projectId" | "runId" | "callId">;
  outcome: SettledOutcome;
  money: "spent" | "released";
}

interface SentCall {
  callId: string;
  tool: string;
  isWrite: boolean;
  /** What was executed in the place of the arguments asked for. */
  editedArgs?: Record<string, unknown> | undefined;
}

/** Milliseconds: from the request to now, and from when it was sent. */
interface Figures {
  latencyMs: number;
  upstreamMs: number;
}

/** What follows from a tool server's answer, or from its failure. */
export function endingOf(
  call: SentCall,
  answer: ToolResult | UpstreamError,
  figures: Figures,
): Ending {
  if (answer.kind === "upstream_error") return failed(call, answer, figures);
  const { result, flags } = cleanResult(answer.result);
  const isError = result.isError === true;
  return {
    end: {
      status: isError ? "error" : "success",
      result,
      // Of what the tool server sent, not of what was made of it.
      resultHash: canonicalHash(answer.result),
      flags,
      ...(isError ? { errorCode: "E-UPSTREAM-TOOL" } : {}),
      ...figures,
    },
    outcome: {
      kind: "result",
      callId: call.callId,
      result,
      simulated: false,
      ...(call.editedArgs ? { editedArgs: call.editedArgs } : {}),
    },
    money: "spent",
  };
}

/**
 * Of a write that was sent nobody says that it may be made again when the database was away as its end was to be
 * recorded: its row will say that its fate is unknown.
 *
 * @throws Unreachable for a read: that may be made again
 */
export async function orUnrecorded<O>(
  recorded: Promise<O>,
  { callId, tool, isWrite }: SentCall,
): Promise<O | SettledOutcome> {
  try {
    return await recorded;
  } catch (error) {
    if (!isWrite || !(error instanceof Unreachable)) throw error;
    const outcome = unknownOutcome(callId, tool);
    const why = "The database can't be reached, so its end could not be recorded.";
    return { ...outcome, reason: `${why} ${outcome.reason}` };
  }
}

function failed(call: SentCall, failure: UpstreamError, figures: Figures): Ending {
  const money = failure.sent ? "spent" : "released";
  if (call.isWrite && failure.sent && !failure.answered) {
    const outcome = unknownOutcome(call.callId, call.tool);
    const reason = `${failure.message} ${outcome.reason}`;
    return {
      end: { status: "unknown", errorCode: outcome.code, reason, ...figures },
      outcome: { ...outcome, reason },
      money,
    };
  }
  const { code, message: reason, sent, rpc } = failure;
  return {
    end: { status: "error", errorCode: code, reason, ...figures },
    outcome: { kind: "error", callId: call.callId, code, reason, sent, ...(rpc ? { rpc } : {}) },
    money,
  };
}
