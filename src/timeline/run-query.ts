import { type RawBuilder, sql } from "kysely";
import { fixedQuery } from "../platform/database/fixed-query.ts";
import type { Tx } from "../platform/database/index.ts";
import { redact } from "../platform/redact.ts";
import { readStart, startWords } from "../runs/index.ts";
import { LIST_MAX, type Records, type RunAnswer } from "./contract.ts";
import { EVENTS_OF_RUN, OF_RUN, theRun } from "./timeline-query.ts";

/** JSON longer than this, in characters, is not sent whole. */
const JSON_MAX = 16_384;
const BEGINNING = 2_000;

type Run = RunAnswer["run"];

/** A run with what only the server needs of it. */
export interface FoundRun {
  run: Omit<Run, "start">;
  /** With which reason it was created. */
  startReason: string | null;
  openedBy: string | null;
}

type RunRow = Omit<Run, "budget" | "start"> &
  Run["budget"] & { opened_by: string | null; start_reason: string | null };

const runQuery = fixedQuery<{ run_id: string }, RunRow>(
  (slot) => sql<RunRow>`
    select r.run_id, r.project_id, r.agent_id, r.state, r.is_shadow, r.trace_id, r.trigger_type, r.trigger_ref, r.cost_usd,
      r.step_count, r.attempt_count, r.max_attempts, r.error_code, r.error_detail, r.created_at, r.started_at,
      r.completed_at, r.timeout_at, r.heartbeat_at, r.title, r.driver, r.revision_id,
      v.version_major || '.' || v.version_minor as contract_version, r.retry_of, r.result,
      r.payload_erased_at, r.worker_id,
      b.calls_limit, coalesce(b.calls_used, 0) as calls_used, b.cost_limit_usd,
      coalesce(b.reserved_usd, 0) as reserved_usd, r.opened_by,
      (select t.reason from run_transitions t where t.project_id = r.project_id and t.run_id = r.run_id
        and t.from_state is null order by t.at, t.transition_id limit 1) as start_reason
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
  const { calls_limit, calls_used, cost_limit_usd, reserved_usd, opened_by, start_reason, ...run } =
    row;
  const budget = { calls_limit, calls_used, cost_limit_usd, reserved_usd };
  return { run: { ...run, budget }, openedBy: opened_by, startReason: start_reason };
}

/** The run as it is shown: without secrets, and with no more of its result than a page can bear. */
export function shownRun({ run, startReason }: FoundRun, language: "en" | "zh-TW"): Run {
  const { result, ...rest } = run;
  const start = readStart(startReason ?? "");
  return {
    ...(redact(rest) as typeof rest),
    result: bounded(result),
    start: start ? { ...start, text: startWords(start, language) } : null,
  };
}

interface Rows {
  columns: string;
  /** A table, and which of its rows are the run's. */
  from: RawBuilder<unknown>;
  order: string;
  id: string;
}

/** Reads a run's first rows of a table, or, where ids are given, those. */
function rowsOfRun<R>({ columns, from, order, id }: Rows) {
  const rows = (runId: RawBuilder<unknown>, which: RawBuilder<unknown>) =>
    sql<R>`with ${theRun(runId)} select item.* from r cross join lateral (
      select ${sql.raw(columns)} from ${from} ${which}) as item order by ${sql.raw(order)}`;
  const first = fixedQuery<{ run_id: string }, R>((slot) =>
    rows(slot("run_id"), sql`order by ${sql.raw(order)} limit ${sql.lit(LIST_MAX)}`),
  );
  const named = fixedQuery<{ run_id: string; ids: readonly string[] }, R>((slot) =>
    rows(slot("run_id"), sql`and ${sql.raw(id)} = any(${slot("ids")}::uuid[])`),
  );
  return (tx: Tx, run_id: string, ids?: readonly string[]) =>
    ids === undefined ? first(tx, { run_id }) : named(tx, { run_id, ids });
}

const stepRows = rowsOfRun<Records["steps"][number]>({
  columns: `step_id, step_seq, tool_name, result_status, was_blocked, block_reason, error_code, latency_ms, created_at,
    completed_at, step_key, kind, input, output, call_id, approval_id, summary`,
  from: sql`run_steps where ${OF_RUN}`,
  order: "step_seq",
  id: "step_id",
});

/** The first steps of a run or those that are named, by step_seq. */
export async function readSteps(...of: Parameters<typeof stepRows>): Promise<Records["steps"]> {
  const rows = await stepRows(...of);
  return rows.map(({ input, output, ...row }) => {
    const texts = redact(row) as typeof row;
    return { ...texts, input: bounded(input), output: bounded(output) };
  });
}

const eventRows = rowsOfRun<Records["inbound_events"][number]>({
  columns:
    "event_id, channel_type, provider_event_id, content_preview, is_duplicate, received_at, channel_id, fingerprint",
  from: sql`${EVENTS_OF_RUN} as events where true`,
  order: "received_at, event_id",
  id: "event_id",
});

/** The first events of a run or those that are named, by received_at. */
export async function readEvents(
  ...of: Parameters<typeof eventRows>
): Promise<Records["inbound_events"]> {
  const rows = await eventRows(...of);
  return redact(rows) as typeof rows;
}

const messageRows = rowsOfRun<Records["outbound_messages"][number]>({
  columns: `message_id, channel_type, message_type, content_preview, send_status, send_error, provider_message_id, queued_at,
    sent_at, triggered_by_state, channel_id, subject_kind`,
  from: sql`outbound_messages where ${OF_RUN}`,
  order: "queued_at, message_id",
  id: "message_id",
});

/** The first messages of a run or those that are named, by queued_at. */
export async function readMessages(
  ...of: Parameters<typeof messageRows>
): Promise<Records["outbound_messages"]> {
  const rows = await messageRows(...of);
  return redact(rows) as typeof rows;
}

const callRows = rowsOfRun<Records["mcp_calls"][number]>({
  columns: `call_id, tool_name, result_status, block_gate, block_reason, latency_ms, created_at, server, effect, args, args_hash,
    result, flags, verdicts, agent_reason, step_id, approval_id, attempt, cost_usd, upstream_ms, completed_at, block_code,
    is_shadow, error_code`,
  from: sql`mcp_calls where ${OF_RUN}`,
  order: "created_at, call_id",
  id: "call_id",
});

/** The first calls of a run or those that are named, by created_at. */
export async function readCalls(...of: Parameters<typeof callRows>): Promise<Records["mcp_calls"]> {
  const rows = await callRows(...of);
  return rows.map(({ args, result, ...row }) => {
    const texts = redact(row) as typeof row;
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
