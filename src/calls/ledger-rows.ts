import { sql } from "kysely";
import { fixedQuery } from "../platform/database/fixed-query.ts";
import { jsonbText, type Tx } from "../platform/database/index.ts";
import { type CallEnd, type NewCall, shown } from "./records.ts";

/** A call's row, as it is written together with many others. */
export interface LedgerRow extends Omit<NewCall, "stepId" | "approvalId" | "fence"> {
  /** How long ago the call came, in milliseconds. */
  ageMs: number;
  end?: Omit<CallEnd, "projectId" | "runId" | "callId">;
}

/** A row as `jsonb_to_recordset` reads it: the columns' names and types stand in INSERTED. */
function columnsOf(call: LedgerRow) {
  const { end } = call;
  const block = call.status === "blocked" ? call.verdicts.at(-1) : undefined;
  return {
    call_id: call.callId,
    project_id: call.projectId,
    run_id: call.runId,
    call_key: call.callKey,
    server: call.server,
    tool_name: call.tool,
    args: shown(call.args),
    args_hash: call.argsHash,
    effect: call.effect,
    is_shadow: call.isShadow,
    verdicts: call.verdicts,
    agent_reason: call.agentReason,
    attempt: call.attempt,
    age: call.ageMs / 1_000,
    deadline: call.deadlineSeconds,
    result_status: end?.status ?? call.status,
    block_gate: block?.gate,
    block_code: block?.code,
    block_reason: block?.reason,
    error_code: block?.code,
    ...(block ? { latency_ms: Math.round(call.ageMs), completed: true } : {}),
    ...(end ? endColumnsOf(end) : {}),
  };
}

function endColumnsOf(end: NonNullable<LedgerRow["end"]>) {
  return {
    result_status: end.status,
    result: end.result === undefined ? undefined : shown(end.result),
    result_hash: end.resultHash,
    flags: end.flags,
    error_code: end.errorCode,
    block_reason: end.reason,
    latency_ms: end.latencyMs === undefined ? undefined : Math.round(end.latencyMs),
    upstream_ms: end.upstreamMs === undefined ? undefined : Math.round(end.upstreamMs),
    cost_usd: end.costUsd ?? 0,
    completed: true,
  };
}

const INSERTED = sql.raw(
  `call_id uuid, project_id text, run_id uuid, call_key text, server text, tool_name text, args jsonb, args_hash text,
  effect text, is_shadow boolean, verdicts jsonb, flags text[], agent_reason text, attempt integer, age double precision,
  deadline double precision, result_status text, result jsonb, result_hash text, block_gate smallint, block_code text,
  block_reason text, error_code text, latency_ms integer, upstream_ms integer, cost_usd numeric, completed boolean`,
);

const insertQuery = fixedQuery<{ calls: string }, unknown>(
  (slot) => sql`
    insert into mcp_calls (call_id, project_id, run_id, call_key, server, tool_name, args, args_hash, effect,
      is_shadow, verdicts, flags, agent_reason, attempt, result_status, result, result_hash, block_gate, block_code,
      block_reason, error_code, latency_ms, upstream_ms, cost_usd, created_at, completed_at, deadline_at)
    select r.call_id, r.project_id, r.run_id, r.call_key, r.server, r.tool_name, r.args, r.args_hash, r.effect,
      r.is_shadow, r.verdicts, coalesce(r.flags, '{}'), r.agent_reason, r.attempt, r.result_status, r.result,
      r.result_hash, r.block_gate, r.block_code, r.block_reason, r.error_code, r.latency_ms, r.upstream_ms,
      coalesce(r.cost_usd, 0), now_is.at - make_interval(secs => r.age), case when r.completed then now_is.at end,
      now_is.at + make_interval(secs => r.deadline)
    from (select clock_timestamp() as at) as now_is, jsonb_to_recordset(${slot("calls")}::jsonb) as r (${INSERTED})`,
);

/**
 * Writes many calls' rows in one statement, in the order of their runs: what refers to a run holds it, and everybody holds
 * runs in this order.
 */
export async function insertCalls(tx: Tx, calls: readonly LedgerRow[]): Promise<void> {
  if (calls.length === 0) return;
  const inOrder = calls.toSorted((a, b) => (a.runId < b.runId ? -1 : 1));
  await insertQuery(tx, { calls: jsonbText(inOrder.map(columnsOf)) });
}

/** The end of a call whose row says `executing`. */
export type LedgerEnd = Pick<LedgerRow, "callId" | "projectId"> & {
  end: NonNullable<LedgerRow["end"]>;
};

const finishQuery = fixedQuery<{ ends: string }, { call_id: string }>(
  (slot) => sql`
    update mcp_calls c set result_status = r.result_status, result = r.result, result_hash = r.result_hash,
      flags = coalesce(r.flags, '{}'), error_code = r.error_code, block_reason = r.block_reason,
      latency_ms = r.latency_ms, upstream_ms = r.upstream_ms, cost_usd = coalesce(r.cost_usd, 0),
      completed_at = clock_timestamp()
    from jsonb_to_recordset(${slot("ends")}::jsonb) as r (call_id uuid, project_id text, result_status text, result jsonb,
      result_hash text, flags text[], error_code text, block_reason text, latency_ms integer, upstream_ms integer,
      cost_usd numeric)
    where c.project_id = r.project_id and c.call_id = r.call_id and c.result_status = 'executing'
    returning c.call_id`,
);

/**
 * Writes how many executing calls ended, in one statement.
 *
 * @returns the calls that were still executing; the others somebody has declared lost
 */
export async function finishCalls(tx: Tx, ends: readonly LedgerEnd[]): Promise<Set<string>> {
  if (ends.length === 0) return new Set();
  const given = ends.map(({ callId, projectId, end }) => ({
    call_id: callId,
    project_id: projectId,
    ...endColumnsOf(end),
  }));
  const rows = await finishQuery(tx, { ends: jsonbText(given) });
  return new Set(rows.map(({ call_id }) => call_id));
}

/** What the rows of some calls say, for whoever does not know whether they were written. */
export async function statusesOf(
  tx: Tx,
  calls: readonly Pick<LedgerRow, "callId" | "projectId">[],
): Promise<Map<string, string>> {
  const ids = calls.map(({ callId }) => callId);
  const projects = [...new Set(calls.map(({ projectId }) => projectId))];
  const rows = await tx
    .selectFrom("mcp_calls")
    .select(["call_id", "result_status"])
    .where("project_id", "=", sql<string>`any (${projects}::text[])`)
    .where("call_id", "=", sql<string>`any (${ids}::uuid[])`)
    .execute();
  return new Map(rows.map((row) => [row.call_id, row.result_status]));
}
