import { type RawBuilder, sql } from "kysely";
import { fixedQuery } from "../platform/database/fixed-query.ts";
import type { Tx } from "../platform/database/index.ts";
import { redact } from "../platform/redact.ts";
import { LIST_MAX, type RunAnswer } from "./contract.ts";
import { EVENTS_OF_RUN, OF_RUN, theRun } from "./timeline-query.ts";

/** JSON longer than this, in characters, is not sent whole. */
const JSON_MAX = 16_384;
const BEGINNING = 2_000;

type Run = RunAnswer["run"];

/** A run with what only the server needs of it. */
export interface FoundRun {
  run: Run;
  openedBy: string | null;
}

type RunRow = Omit<Run, "budget"> & Run["budget"] & { opened_by: string | null };

const runQuery = fixedQuery<{ run_id: string }, RunRow>(
  (slot) => sql<RunRow>`
    select r.run_id, r.project_id, r.agent_id, r.state, r.is_shadow, r.trace_id, r.trigger_type, r.trigger_ref, r.cost_usd,
      r.step_count, r.attempt_count, r.max_attempts, r.error_code, r.error_detail, r.created_at, r.started_at,
      r.completed_at, r.timeout_at, r.heartbeat_at, r.title, r.driver, r.revision_id,
      v.version_major || '.' || v.version_minor as contract_version, r.retry_of, r.result,
      r.payload_erased_at, r.worker_id,
      b.calls_limit, coalesce(b.calls_used, 0) as calls_used, b.cost_limit_usd,
      coalesce(b.reserved_usd, 0) as reserved_usd, r.opened_by
    from runs r
      join contract_revisions v using (project_id, revision_id)
      left join run_budgets b using (project_id, run_id)
    where r.run_id = ${slot("run_id")}::uuid`,
);

/** Reads a run the transaction may see; undefined when there is none, or when it is another project's. */
export async function findRun(
  tx: Tx,
  runId: string,
  projectId: string | undefined,
): Promise<FoundRun | undefined> {
  const [row] = await runQuery(tx, { run_id: runId });
  if (row === undefined || (projectId !== undefined && row.project_id !== projectId)) {
    return undefined;
  }
  const { calls_limit, calls_used, cost_limit_usd, reserved_usd, opened_by, ...run } = row;
  const budget = { calls_limit, calls_used, cost_limit_usd, reserved_usd };
  return { run: { ...run, budget }, openedBy: opened_by };
}

/** The run as it is shown: without secrets, and with no more of its result than a page can bear. */
export function shownRun(run: Run): Run {
  const { result, ...rest } = run;
  return { ...(redact(rest) as typeof rest), result: bounded(result) };
}

/** The first rows of a table that are a run's. */
const firstOfRun = <R>(columns: string, table: RawBuilder<unknown>, order: string) =>
  fixedQuery<{ run_id: string }, R>(
    (slot) => sql<R>`with ${theRun(slot("run_id"))} select item.* from r cross join lateral (
      select ${sql.raw(columns)} from ${table} order by ${sql.raw(order)} limit ${sql.lit(LIST_MAX)}) as item
      order by ${sql.raw(order)}`,
  );

const stepsQuery = firstOfRun<RunAnswer["steps"][number]>(
  `step_id, step_seq, tool_name, result_status, was_blocked, block_reason, error_code, latency_ms, created_at,
    completed_at, step_key, kind, input, output, call_id, approval_id, summary`,
  sql`run_steps where ${OF_RUN}`,
  "step_seq",
);

/** The first steps of a run, by step_seq. */
export async function readSteps(tx: Tx, runId: string): Promise<RunAnswer["steps"]> {
  const rows = await stepsQuery(tx, { run_id: runId });
  return rows.map(({ input, output, ...row }) => {
    const texts = redact(row) as typeof row;
    return { ...texts, input: bounded(input), output: bounded(output) };
  });
}

const eventsQuery = firstOfRun<RunAnswer["inbound_events"][number]>(
  `event_id, channel_type, provider_event_id, content_preview, is_duplicate, received_at, channel_id, fingerprint`,
  sql`${EVENTS_OF_RUN} as events`,
  "received_at, event_id",
);

/** The first events of a run, by received_at. */
export async function readEvents(tx: Tx, runId: string): Promise<RunAnswer["inbound_events"]> {
  const rows = await eventsQuery(tx, { run_id: runId });
  return redact(rows) as typeof rows;
}

const messagesQuery = firstOfRun<RunAnswer["outbound_messages"][number]>(
  `message_id, channel_type, message_type, content_preview, send_status, send_error, provider_message_id, queued_at,
    sent_at, triggered_by_state, channel_id, subject_kind`,
  sql`outbound_messages where ${OF_RUN}`,
  "queued_at, message_id",
);

/** The first messages of a run, by queued_at. */
export async function readMessages(tx: Tx, runId: string): Promise<RunAnswer["outbound_messages"]> {
  const rows = await messagesQuery(tx, { run_id: runId });
  return redact(rows) as typeof rows;
}

const callsQuery = firstOfRun<RunAnswer["mcp_calls"][number]>(
  `call_id, tool_name, result_status, block_gate, block_reason, latency_ms, created_at, server, effect, args, args_hash,
    result, flags, verdicts, agent_reason, step_id, approval_id, attempt, cost_usd, upstream_ms, completed_at, block_code,
    is_shadow, error_code`,
  sql`mcp_calls where ${OF_RUN}`,
  "created_at, call_id",
);

/** The first calls of a run, by created_at. */
export async function readCalls(tx: Tx, runId: string): Promise<RunAnswer["mcp_calls"]> {
  const rows = await callsQuery(tx, { run_id: runId });
  return rows.map(({ args, result, ...row }) => {
    const texts = redact(row) as RunAnswer["mcp_calls"][number];
    return { ...texts, args: bounded(args), result: bounded(result) };
  });
}

/**
 * JSON without secrets and not longer than a page can bear; of a longer one, how long it is and how it begins.
 * (Redacted first: a secret cut in half would not be known for one.)
 */
function bounded(value: unknown): unknown {
  const redacted = redact(value);
  const text = JSON.stringify(redacted) ?? "null";
  if (text.length <= JSON_MAX) return redacted;
  return { truncated: true, characters: text.length, beginning: text.slice(0, BEGINNING) };
}
