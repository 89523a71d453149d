import type { GateNumber } from "../gates/index.ts";
import type { Tx } from "../platform/database/index.ts";
import type { ErrorCode } from "../platform/errors.ts";
import type { RunRow } from "../runs/index.ts";
import type { ClientPeer, InputRequired, Round, RpcError } from "../toolservers/index.ts";

/** The question under which a call's end is kept for whoever asked for it. */
export interface KeptRef {
  projectId: string;
  runId: string;
  /** A UUID. */
  approvalId: string;
}

/** How a call ended, as the caller may know it. */
export type CallOutcome = Outcome & {
  /** Its end is kept for the client until `noteDelivered` says that it was sent: the approval that it was made under. */
  kept?: KeptRef;
};

type Outcome =
  /** The tool answered; `result` is its `CallToolResult` as it came (`isError` included). */
  | {
      kind: "result";
      callId: string;
      result: Record<string, unknown>;
      simulated: boolean;
      /** What was executed in the place of the arguments asked for: a person has edited them. */
      editedArgs?: Record<string, unknown>;
    }
  /** A gate stopped it; nothing was sent. */
  | { kind: "blocked"; callId: string; gate: GateNumber; code: ErrorCode; reason: string }
  /** A person has to decide first; nothing was sent. */
  | {
      kind: "waiting";
      callId: string;
      /** The question's. */
      runId: string;
      approvalId: string;
      expiresAt: string;
    }
  /** A write that may or may not have happened; it is never sent again by itself. */
  | { kind: "unknown"; callId: string; code: "E-CALL-UNKNOWN"; reason: string }
  /** The tool server asks the client first; the call is still executing, and goes on with `CallRequest.resume`. */
  | (InputRequired & ResumedCall)
  /**
   * It failed on the way; `sent` is false only when it certainly did not reach the tool server. `rpc` is the error that
   * the tool server itself answered with.
   */
  | {
      kind: "error";
      callId: string;
      code: ErrorCode;
      reason: string;
      sent: boolean;
      rpc?: RpcError;
    };

/** A call that goes on with its client's answers. */
export interface ResumedCall {
  callId: string;
  /** How many answers have been sent on before; each is sent once, whoever repeats it. */
  round: number;
}

/** An outcome after which nothing more comes. */
export type SettledOutcome = Exclude<CallOutcome, { kind: "waiting" | "input_required" }>;

export interface CallRequest {
  projectId: string;
  runId: string;
  /** A client's run as it was read last; without it the call is decided in a transaction of its own. */
  run?: RunRow | undefined;
  /** What the run was pinned to when it began, where that is known: it can be read while the run is being locked. */
  pinned?: Pick<RunRow, "agent_id" | "revision_id"> | undefined;
  /** What the call is for within its run: a runbook's step key, or one name for all calls of a client. */
  callKey: string;
  /** The tool server's contract id; left out by MCP clients, who know tools by the gateway's names. */
  server?: string | undefined;
  /** The tool's name; of a reading, its method. */
  tool: string;
  args: Record<string, unknown>;
  /** It is no tool that is called, but a resource, a prompt or a completion that is asked for. */
  isReading?: boolean | undefined;
  /** The agent's own words, unchecked. */
  agentReason?: string | undefined;
  /** A worker's call: its lease's fence. */
  fence?: number | undefined;
  /** A client's call: the key it came with, which must be the one that opened the run. */
  keyId?: string | undefined;
  /** Its run was not named: where the key has asked about this very call in another of its runs, it is made in that one. */
  mayMove?: boolean | undefined;
  /** The question that has to answer the call, a UUID; no other is opened for it. */
  approvalId?: string | undefined;
  /** The journal step the call belongs to. */
  stepId?: string | undefined;
  signal?: AbortSignal | undefined;
  /** W3C trace context for the tool server. */
  meta?: Record<string, unknown> | undefined;
  /** The client, for what the tool server asks and says while the call is under way. */
  peer?: ClientPeer | undefined;
  /** The client's answers to what the tool server asked. */
  round?: Round | undefined;
  /** The call that ended in `input_required` and goes on with this request. */
  resume?: ResumedCall | undefined;
  /** Runs in the transaction that records the call's end, so that a journal step ends with it or not at all. */
  onSettled?:
    | ((tx: Tx, outcome: SettledOutcome, figures: CallFigures) => Promise<void>)
    | undefined;
}

/** Milliseconds from the request to its end, and US dollars spent. */
export interface CallFigures {
  latencyMs: number;
  costUsd: number;
}
