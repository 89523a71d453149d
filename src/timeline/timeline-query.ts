import { type RawBuilder, sql } from "kysely";
import type { Tx } from "../platform/database/index.ts";
import { isUuid } from "../platform/ids.ts";
import { isFinal, RUN_STATES } from "../runs/index.ts";
import type { TimelineKind } from "./contract.ts";
import type { ItemFacts } from "./item.ts";

/** What the queries need to know of a run. */
export interface RunRef {
  project_id: string;
  run_id: string;
  trigger_ref: string | null;
}

/**
 * Where an item stands: by its time, then by its row in the table of kinds, then by the order of its own list (a time
 * and the rest of that list's key).
 */
export interface Position {
  ts: string;
  rank: number;
  ord_at: string;
  ord_key: string;
}

/** An item as it comes from the database, with its place and what it is made from. */
export interface TimelineRow extends Position {
  id: string;
  facts: ItemFacts;
}

export type Order = "asc" | "desc";

interface Branch {
  kinds: readonly TimelineKind[];
  /** Each selects ts, rank, ord_at, ord_key, id and facts. */
  selects(run: RunRef): RawBuilder<unknown>[];
}

const FINAL_STATES = sql`(${sql.join(RUN_STATES.filter(isFinal).map((state) => sql.lit(state)))})`;
const DECISION_PREFIX = "operator_console.";

function ofRun(run: RunRef): RawBuilder<boolean> {
  return sql<boolean>`project_id = ${run.project_id} and run_id = ${run.run_id}::uuid`;
}

/** Whether a step is a person's decision. */
const isDecision = sql`coalesce(starts_with(tool_name, ${sql.lit(DECISION_PREFIX)}), false)`;

/**
 * Which events belong to a run, within its project: those tied to it by run_id, and those its trigger_ref names as an
 * event_id or as a provider_event_id. The conditions exclude each other, so each event is found once, and each has its
 * own index.
 */
function eventConditions(run: RunRef): RawBuilder<unknown>[] {
  const ref = run.trigger_ref;
  if (ref === null) return [ofRun(run)];
  const named = sql`project_id = ${run.project_id} and run_id is distinct from ${run.run_id}::uuid`;
  const eventId = isUuid(ref) ? ref : null;
  const byProvider = sql`${named} and provider_event_id = ${ref} and event_id is distinct from ${eventId}::uuid`;
  return eventId === null
    ? [ofRun(run), byProvider]
    : [ofRun(run), sql`${named} and event_id = ${eventId}::uuid`, byProvider];
}

/** The events that belong to a run, each once, as a table. */
export function eventsOf(run: RunRef): RawBuilder<unknown> {
  const parts = eventConditions(run).map(
    (
      condition,
    ) => sql`select event_id, channel_type, provider_event_id, content_preview, is_duplicate, received_at,
      channel_id, fingerprint from channel_events where ${condition}`,
  );
  return sql`(${sql.join(parts, sql` union all `)})`;
}

/** The changes of state after a run's creation and its start, before its end. */
function furtherChanges(run: RunRef): RawBuilder<unknown> {
  return sql`${ofRun(run)} and from_state is not null and to_state not in ${FINAL_STATES}
    and transition_id is distinct from ${firstClaim(run, "transition_id")}`;
}

function firstClaim(run: RunRef, column: "transition_id" | "actor_id"): RawBuilder<unknown> {
  return sql`(select ${sql.ref(column)} from run_transitions where ${ofRun(run)} and event = 'claim'
    order by at, transition_id limit 1)`;
}

const NO_KEY = sql`''::text collate "C"`;

const creation: Branch = {
  kinds: ["run"],
  selects: (run) => [
    sql`
    select created_at as ts, 1 as rank, created_at as ord_at, ${NO_KEY} as ord_key, 'run:created' as id, json_build_object(
      'kind', 'run', 'moment', 'created', 'trigger_type', trigger_type, 'agent_id', agent_id, 'trace_id', trace_id,
      'trigger_ref', trigger_ref, 'state', coalesce(
        (select to_state from run_transitions where ${ofRun(run)} and from_state is null
          order by at, transition_id limit 1),
        case driver when 'client' then 'running' else 'pending' end)) as facts
    from runs where ${ofRun(run)}`,
  ],
};

// A run's own worker_id is its present holder; who started it is in the first claim.
const start: Branch = {
  kinds: ["run"],
  selects: (run) => [
    sql`
    select started_at as ts, 2 as rank, started_at as ord_at, ${NO_KEY} as ord_key, 'run:started' as id, json_build_object(
      'kind', 'run', 'moment', 'started', 'worker_id', coalesce(${firstClaim(run, "actor_id")}, worker_id)) as facts
    from runs where ${ofRun(run)} and started_at is not null`,
  ],
};

const changes: Branch = {
  kinds: ["run"],
  selects: (run) => [
    sql`
    select at as ts, 3 as rank, at as ord_at, transition_id::text collate "C" as ord_key, 'run:' || transition_id as id,
      json_build_object('kind', 'run', 'moment', 'changed', 'state', to_state, 'event', event, 'from_state', from_state,
        'actor_id', actor_id, 'reason', reason) as facts
    from run_transitions where ${furtherChanges(run)}`,
  ],
};

const inbound: Branch = {
  kinds: ["inbound"],
  selects: (run) =>
    eventConditions(run).map(
      (condition) => sql`
        select received_at as ts, 4 as rank, received_at as ord_at, event_id::text collate "C" as ord_key,
          'inbound:' || event_id as id, json_build_object('kind', 'inbound', 'channel_type', channel_type, 'is_duplicate',
            is_duplicate, 'content_preview', content_preview, 'provider_event_id', provider_event_id) as facts
        from channel_events where ${condition}`,
    ),
};

/** Steps and decisions lie in one table and one index; what a decision is, is found on the way. */
const steps: Branch = {
  kinds: ["step", "approval"],
  selects: (run) => [
    sql`
    select coalesce(completed_at, created_at) as ts, case when ${isDecision} then 6 else 5 end as rank,
      coalesce(completed_at, created_at) as ord_at, lpad(step_seq::text, 10, '0') collate "C" as ord_key,
      'step:' || step_id as id, json_build_object(
        'kind', case when ${isDecision} then 'approval' else 'step' end, 'tool_name', tool_name, 'step_key', step_key,
        'step_kind', kind, 'result_status', result_status, 'block_reason', block_reason, 'error_code', error_code,
        'was_blocked', was_blocked, 'latency_ms', latency_ms, 'call_id', call_id, 'step_id', step_id,
        'approval_id', approval_id) as facts
    from run_steps where ${ofRun(run)}`,
  ],
};

const mcp: Branch = {
  kinds: ["mcp"],
  selects: (run) => [
    sql`
    select created_at as ts, 7 as rank, created_at as ord_at, call_id::text collate "C" as ord_key, 'mcp:' || call_id as id,
      json_build_object('kind', 'mcp', 'tool_name', tool_name, 'result_status', result_status, 'block_reason', block_reason,
        'block_gate', block_gate, 'latency_ms', latency_ms, 'call_id', call_id, 'step_id', step_id, 'server', server,
        'effect', effect, 'verdicts', verdicts, 'approval_id', approval_id, 'cost_usd', cost_usd) as facts
    from mcp_calls where ${ofRun(run)}`,
  ],
};

const outbound: Branch = {
  kinds: ["outbound"],
  selects: (run) => [
    sql`
    select coalesce(sent_at, queued_at) as ts, 8 as rank, queued_at as ord_at, message_id::text collate "C" as ord_key,
      'outbound:' || message_id as id, json_build_object('kind', 'outbound', 'channel_type', channel_type, 'message_type',
        message_type, 'subject_kind', subject_kind, 'content_preview', content_preview, 'send_status', send_status,
        'send_error', send_error, 'provider_message_id', provider_message_id, 'triggered_by_state', triggered_by_state,
        'channel_id', channel_id) as facts
    from outbound_messages where ${ofRun(run)}`,
  ],
};

const end: Branch = {
  kinds: ["run"],
  selects: (run) => [
    sql`
    select completed_at as ts, 9 as rank, completed_at as ord_at, ${NO_KEY} as ord_key, 'run:ended' as id, json_build_object(
      'kind', 'run', 'moment', 'ended', 'state', state, 'error_detail', error_detail, 'error_code', error_code,
      'from_state', (select from_state from run_transitions where ${ofRun(run)} and to_state in ${FINAL_STATES}
        order by at desc, transition_id desc limit 1)) as facts
    from runs where ${ofRun(run)} and completed_at is not null`,
  ],
};

/** One for each row of the table of kinds (a step and a decision share one). */
const BRANCHES: readonly Branch[] = [creation, start, changes, inbound, steps, mcp, outbound, end];

/**
 * Reads at most `limit` items beyond a position (from the beginning, or in descending order from the end, without
 * one). Every branch gives its own first `limit` from its index, so a page of a long run costs as much as of a short one.
 */
export async function readTimeline(
  tx: Tx,
  run: RunRef,
  page: {
    order: Order;
    beyond?: Position | undefined;
    limit: number;
    kind?: TimelineKind | undefined;
  },
): Promise<TimelineRow[]> {
  const { kind } = page;
  const way = sql.raw(page.order);
  const beyond = beyondOf(page.order, page.beyond);
  const order = sql`order by ts ${way}, rank ${way}, ord_at ${way}, ord_key ${way} limit ${page.limit}`;
  const ofKind = kind === "step" ? sql`rank = 5` : kind === "approval" ? sql`rank = 6` : sql`true`;
  const parts = BRANCHES.filter((branch) => kind === undefined || branch.kinds.includes(kind))
    .flatMap((branch) => branch.selects(run))
    .map((rows) => sql`(select * from (${rows}) as branch where ${ofKind} and ${beyond} ${order})`);
  const { rows } = await sql<TimelineRow>`
    select * from (${sql.join(parts, sql` union all `)}) as timeline ${order}`.execute(tx);
  return rows;
}

function beyondOf(order: Order, from: Position | undefined): RawBuilder<unknown> {
  if (from === undefined) return sql`true`;
  const sign = sql.raw(order === "asc" ? ">" : "<");
  // The first comparison is the one an index can serve, the second settles ties.
  return sql`ts ${sign}= ${from.ts}::timestamptz and (ts ${sign} ${from.ts}::timestamptz
    or (rank, ord_at, ord_key) ${sign} (${from.rank}::int, ${from.ord_at}::timestamptz, ${from.ord_key}::text collate "C"))`;
}

/** How many of each there are; `steps` counts decisions too. */
interface Tally {
  steps: number;
  decisions: number;
  inbound_events: number;
  outbound_messages: number;
  mcp_calls: number;
  run_items: number;
}

/** Counts all that belongs to a run. */
export async function tally(tx: Tx, run: RunRef): Promise<Tally> {
  const { rows } = await sql<Tally>`
    select s.steps, s.decisions,
      (select count(*) from ${eventsOf(run)} as events) as inbound_events,
      (select count(*) from outbound_messages where ${ofRun(run)}) as outbound_messages,
      (select count(*) from mcp_calls where ${ofRun(run)}) as mcp_calls,
      (select 1 + count(started_at) + count(completed_at) from runs where ${ofRun(run)})
        + (select count(*) from run_transitions where ${furtherChanges(run)}) as run_items
    from (select count(*) as steps, count(*) filter (where ${isDecision}) as decisions
      from run_steps where ${ofRun(run)}) as s`.execute(tx);
  const found = rows[0];
  if (!found) throw new Error("a count without a row");
  return found;
}

/** How many items the timeline has, of one kind or of all. */
export function countItems(counted: Tally, kind?: TimelineKind): number {
  const byKind: Record<TimelineKind, number> = {
    run: counted.run_items,
    inbound: counted.inbound_events,
    step: counted.steps - counted.decisions,
    approval: counted.decisions,
    mcp: counted.mcp_calls,
    outbound: counted.outbound_messages,
  };
  if (kind !== undefined) return byKind[kind];
  return Object.values(byKind).reduce((sum, count) => sum + count, 0);
}
