import { voidReason } from "../approvals/index.ts";
import type { GateNumber } from "../gates/index.ts";
import type { Timestamp } from "../platform/database/index.ts";
import type { ErrorCode } from "../platform/errors.ts";
import type { SettledOutcome } from "./outcome.ts";

/** A call that waits for a person, as a task: how it stands, for whoever asked for it. */
export type TaskState = {
  createdAt: Timestamp;
  updatedAt: Timestamp;
  /** Until then it is known; later perhaps not. */
  knownUntil: Timestamp;
} & (
  | { status: "waiting"; approvalId: string }
  | { status: "executing" }
  /** A person has answered, but somebody has frozen the agent: the call is made after the thaw. */
  | { status: "held"; reason: string }
  | { status: "ended"; outcome: SettledOutcome }
  | { status: "withdrawn"; reason: string }
);

/** What the tables say of a task. */
export interface TaskRow {
  approval_id: string;
  status: "open" | "approved" | "rejected" | "changes_requested" | "expired" | "voided";
  created_at: Timestamp;
  expires_at: Timestamp;
  decided_at: Timestamp | null;
  redeem_by: Timestamp | null;
  void_reason: string | null;
  is_past: boolean;
  /** The agent was told of the answer by another way. */
  is_answered: boolean;
  is_redeemed: boolean;
  claimed_at: Timestamp | null;
  /** Whoever set about making the call has not come far. */
  is_claim_stale: boolean;
  is_withdrawn: boolean;
  ended_at: Timestamp;
  /** A day after its end. */
  known_until: Timestamp;
  /** The call that was made with the approval, or the one that asked. */
  call: {
    call_id: string;
    result_status: string;
    error_code: string | null;
    block_gate: number | null;
    block_reason: string | null;
  };
}

/**
 * How a task stands.
 *
 * @param outcome what was kept of its end
 * @returns `due` when a person has answered, and the call is now to be made, or refused for their reason
 */
export function taskState(row: TaskRow, outcome: SettledOutcome | undefined): TaskState | "due" {
  const base = { createdAt: row.created_at };
  const over = { ...base, updatedAt: row.ended_at, knownUntil: row.known_until };
  if (row.is_withdrawn) {
    return { ...over, status: "withdrawn", reason: voidReason("call_withdrawn") };
  }
  if (outcome) return { ...over, status: "ended", outcome };
  if (row.status === "voided") {
    return { ...over, status: "withdrawn", reason: row.void_reason ?? "the question is void" };
  }
  if (row.status === "open" && !row.is_past) {
    const { approval_id: approvalId, created_at: updatedAt, expires_at: knownUntil } = row;
    return { ...base, updatedAt, knownUntil, status: "waiting", approvalId };
  }
  const executing: TaskState = {
    ...base,
    updatedAt: row.claimed_at ?? row.decided_at ?? row.created_at,
    knownUntil: row.redeem_by ?? row.expires_at,
    status: "executing",
  };
  if (row.is_redeemed) {
    if (row.call.result_status === "executing") return executing;
    return { ...over, status: "ended", outcome: outcomeOfCall(row) };
  }
  if (row.claimed_at !== null && !row.is_claim_stale) return executing;
  // A rejection stands, so that can be asked again; all other answers are told once.
  const isTold = row.is_answered && row.status !== "rejected";
  return isTold ? { ...over, status: "ended", outcome: outcomeOfCall(row) } : "due";
}

/** What a call's row says of its end; the tool's own result is not in there. */
function outcomeOfCall(row: TaskRow): SettledOutcome {
  const { call, status } = row;
  const callId = call.call_id;
  const reason = call.block_reason ?? `The call has ended: ${call.result_status}.`;
  const code = (call.error_code ?? "E-APPR-USED") as ErrorCode;
  if (call.result_status === "unknown") {
    return { kind: "unknown", callId, code: "E-CALL-UNKNOWN", reason };
  }
  if (call.result_status === "blocked" && status !== "approved") {
    return { kind: "blocked", callId, gate: (call.block_gate ?? 5) as GateNumber, code, reason };
  }
  if (!row.is_redeemed) {
    return { kind: "blocked", callId, gate: 5, code: "E-APPR-EXPIRED", reason: TOO_LATE };
  }
  if (call.result_status === "error") return { kind: "error", callId, code, reason, sent: true };
  return { kind: "error", callId, code: "E-APPR-USED", reason: ELSEWHERE, sent: true };
}

const TOO_LATE = "The question was not answered, or its approval not used, in time.";
const ELSEWHERE =
  "The approved call was made once, by an identical request; its result went to that request.";
