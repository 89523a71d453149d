import { type Selectable, sql } from "kysely";
import type { Verdict } from "../gates/index.ts";
import { announce } from "../platform/database/changes.ts";
import { type DB, jsonb, type Tx } from "../platform/database/index.ts";
import type { ErrorCode } from "../platform/errors.ts";
import { redact } from "../platform/redact.ts";

export type CallRow = Selectable<DB["mcp_calls"]>;
export type CallStatus =
  | "pending"
  | "executing"
  | "success"
  | "error"
  | "blocked"
  | "simulated"
  | "unknown";

const SHOWN_MAX = 64 * 1024;

/** A redacted copy for people, cut when it is too long to show; the hash beside it names the whole. */
export function shown(value: unknown): unknown {
  const masked = redact(value);
  const text = JSON.stringify(masked);
  if (text === undefined || text.length <= SHOWN_MAX) return masked;
  return { truncated: true, length: text.length, beginning: text.slice(0, SHOWN_MAX / 4) };
}

export interface NewCall {
  callId: string;
  projectId: string;
  runId: string;
  stepId: string | null;
  approvalId?: string | null;
  callKey: string;
  server: string | null;
  tool: string;
  args: unknown;
  argsHash: string;
  effect: "read" | "write";
  isShadow: boolean;
  status: CallStatus;
  verdicts: readonly Verdict[];
  agentReason: string | null;
  attempt: number;
  fence: number | null;
  /** How long the call may take before its fate is unknown, in seconds; for an executing one. */
  deadlineSeconds?: number;
  result?: unknown;
  resultHash?: string;
  errorCode?: string;
  reason?: string;
  latencyMs?: number;
}

/** Writes a call's row; it exists for every call, before anything is sent. */
export async function insertCall(tx: Tx, call: NewCall): Promise<void> {
  const block = call.status === "blocked" ? call.verdicts.at(-1) : undefined;
  const isOpen = call.status === "executing" || call.status === "pending";
  const inserted = tx
    .insertInto("mcp_calls")
    .values({
      call_id: call.callId,
      project_id: call.projectId,
      run_id: call.runId,
      step_id: call.stepId,
      approval_id: call.approvalId ?? null,
      call_key: call.callKey,
      server: call.server,
      tool_name: call.tool,
      args: jsonb(shown(call.args)),
      args_hash: call.argsHash,
      effect: call.effect,
      is_shadow: call.isShadow,
      result_status: call.status,
      result: call.result === undefined ? null : jsonb(shown(call.result)),
      result_hash: call.resultHash ?? null,
      block_gate: block?.gate ?? null,
      block_code: block?.code ?? null,
      block_reason: block?.reason ?? call.reason ?? null,
      error_code: call.errorCode ?? block?.code ?? null,
      verdicts: jsonb(call.verdicts),
      agent_reason: call.agentReason,
      attempt: call.attempt,
      fence: call.fence,
      latency_ms: call.latencyMs === undefined ? null : Math.round(call.latencyMs),
      completed_at: isOpen ? null : sql<string>`clock_timestamp()`,
      deadline_at:
        call.deadlineSeconds === undefined
          ? null
          : sql<string>`clock_timestamp() + make_interval(secs => ${call.deadlineSeconds})`,
    })
    .execute();
  const { projectId: project_id } = call;
  const changed = announce(tx, [
    { project_id, kind: "call", id: call.callId },
    { project_id, kind: "run", id: call.runId },
  ]);
  await Promise.all([inserted, changed]);
}

export interface CallEnd {
  projectId: string;
  runId: string;
  callId: string;
  status: Exclude<CallStatus, "pending" | "executing">;
  result?: unknown;
  resultHash?: string;
  /** What reads oddly in the result. */
  flags?: readonly string[];
  errorCode?: string;
  reason?: string;
  latencyMs?: number;
  upstreamMs?: number;
  costUsd?: number;
}

/**
 * Writes how an executing call ended.
 *
 * @returns false when it was no longer executing: somebody else has declared it lost
 */
export async function finishCall(tx: Tx, end: CallEnd): Promise<boolean> {
  const done = await tx
    .updateTable("mcp_calls")
    .set({
      result_status: end.status,
      result: end.result === undefined ? null : jsonb(shown(end.result)),
      result_hash: end.resultHash ?? null,
      flags: [...(end.flags ?? [])],
      error_code: end.errorCode ?? null,
      block_reason: end.reason ?? null,
      latency_ms: end.latencyMs === undefined ? null : Math.round(end.latencyMs),
      upstream_ms: end.upstreamMs === undefined ? null : Math.round(end.upstreamMs),
      cost_usd: end.costUsd ?? 0,
      completed_at: sql<string>`clock_timestamp()`,
    })
    .where("project_id", "=", end.projectId)
    .where("call_id", "=", end.callId)
    .where("result_status", "=", "executing")
    .returning("call_id")
    .executeTakeFirst();
  await announce(tx, { project_id: end.projectId, kind: "call", id: end.callId });
  await announce(tx, { project_id: end.projectId, kind: "run", id: end.runId });
  return done !== undefined;
}

/** Ends the rows of a project's calls that asked a person, once the questions are closed; what ran is a call of its own. */
export async function endAskedCalls(
  tx: Tx,
  questions: readonly { project_id: string; call_id: string }[],
  ending: { code: ErrorCode; reason: string },
): Promise<void> {
  const [first] = questions;
  if (!first) return;
  const ids = questions.map(({ call_id }) => call_id);
  await tx
    .updateTable("mcp_calls")
    .set({
      result_status: "blocked",
      block_gate: 5,
      block_code: ending.code,
      block_reason: ending.reason,
      error_code: ending.code,
      completed_at: sql<string>`clock_timestamp()`,
    })
    .where("project_id", "=", first.project_id)
    .where("call_id", "=", sql<string>`any (${ids}::uuid[])`)
    .where("result_status", "=", "pending")
    .execute();
  const kind = "call" as const;
  await announce(
    tx,
    ids.map((id) => ({ project_id: first.project_id, kind, id })),
  );
}

/** Earlier calls of the same journal step, newest first. */
export async function callsOfStep(
  tx: Tx,
  projectId: string,
  runId: string,
  stepId: string,
): Promise<CallRow[]> {
  return tx
    .selectFrom("mcp_calls")
    .selectAll()
    .where("project_id", "=", projectId)
    .where("run_id", "=", runId)
    .where("step_id", "=", stepId)
    .orderBy("created_at", "desc")
    .limit(100)
    .execute();
}
