import { type RawBuilder, sql } from "kysely";
import { fixedQuery } from "../platform/database/fixed-query.ts";
import type { Tx } from "../platform/database/index.ts";
import { isFinal, RUN_STATES } from "../runs/index.ts";
import type { TimelineKind } from "./contract.ts";
import type { ItemFacts } from "./item.ts";

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
  /** Each selects ts, rank, ord_at, ord_key, id and facts; `r` is the run. */
  selects: readonly RawBuilder<unknown>[];
}

const FINAL_STATES = sql`(${sql.join(RUN_STATES.filter(isFinal).map((state) => sql.lit(state)))})`;
const DECISION_PREFIX = "operator_console.";

/**
 * The run that is asked about as a table `r`, of one row or none, beside which the others are read. So everything about a
 * run can be asked at once, by its id alone.
 *
 * @param runId the run's id, as an expression
 */
export function theRun(runId: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`r as materialized (
    select project_id, run_id, agent_id, state, driver, trace_id, trigger_type, trigger_ref, worker_id, error_code,
      error_detail, created_at, started_at, completed_at,
      case when trigger_ref ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then trigger_ref::uuid end as trigger_id
    from runs where run_id = ${runId}::uuid)`;
}

/** The rows of a table that are the run's. */
export const OF_RUN = sql<boolean>`project_id = r.project_id and run_id = r.run_id`;

/** Whether a step is a person's decision. */
const isDecision = sql`coalesce(starts_with(tool_name, ${sql.lit(DECISION_PREFIX)}), false)`;

/**
 * Which events belong to a run, within its project: those tied to it by run_id, and those its trigger_ref names as an
 * event_id or as a provider_event_id. The conditions exclude each other, so each event is found once, and each has its
 * own index.
 */
const NAMED = sql`project_id = r.project_id and run_id is distinct from r.run_id`;
const EVENT_CONDITIONS: readonly RawBuilder<unknown>[] = [
  OF_RUN,
  sql`${NAMED} and event_id = r.trigger_id`,
  sql`${NAMED} and provider_event_id = r.trigger_ref and event_id is distinct from r.trigger_id`,
];

/** The events that belong to a run, each once, as a table. */
export const EVENTS_OF_RUN = sql`(${sql.join(
  EVENT_CONDITIONS.map(
    (
      condition,
    ) => sql`select event_id, channel_type, provider_event_id, content_preview, is_duplicate, received_at,
      channel_id, fingerprint from channel_events where ${condition}`,
  ),
  sql` union all `,
)})`;

const firstClaim = (column: "transition_id" | "actor_id") =>
  sql`(select ${sql.ref(column)} from run_transitions where ${OF_RUN} and event = 'claim' order by at, transition_id limit 1)`;

/** The changes of state after a run's creation and its start, before its end. */
const FURTHER_CHANGES = sql`${OF_RUN} and from_state is not null and to_state not in ${FINAL_STATES}
  and transition_id is distinct from ${firstClaim("transition_id")}`;

const NO_KEY = sql`''::text collate "C"`;

const creation: Branch = {
  kinds: ["run"],
  selects: [
    sql`
    select r.created_at as ts, 1 as rank, r.created_at as ord_at, ${NO_KEY} as ord_key, 'run:created' as id,
      json_build_object('kind', 'run', 'moment', 'created', 'trigger_type', r.trigger_type, 'agent_id', r.agent_id,
        'trace_id', r.trace_id, 'trigger_ref', r.trigger_ref, 'state', coalesce(
          (select to_state from run_transitions where ${OF_RUN} and from_state is null order by at, transition_id limit 1),
          case r.driver when 'client' then 'running' else 'pending' end)) as facts`,
  ],
};

// A run's own worker_id is its present holder; who started it is in the first claim.
const start: Branch = {
  kinds: ["run"],
  selects: [
    sql`
    select r.started_at as ts, 2 as rank, r.started_at as ord_at, ${NO_KEY} as ord_key, 'run:started' as id,
      json_build_object('kind', 'run', 'moment', 'started', 'worker_id', coalesce(${firstClaim("actor_id")}, r.worker_id))
        as facts
    where r.started_at is not null`,
  ],
};

const changes: Branch = {
  kinds: ["run"],
  selects: [
    sql`
    select at as ts, 3 as rank, at as ord_at, transition_id::text collate "C" as ord_key, 'run:' || transition_id as id,
      json_build_object('kind', 'run', 'moment', 'changed', 'state', to_state, 'event', event, 'from_state', from_state,
        'actor_id', actor_id, 'reason', reason) as facts
    from run_transitions where ${FURTHER_CHANGES}`,
  ],
};

const inbound: Branch = {
  kinds: ["inbound"],
  selects: EVENT_CONDITIONS.map(
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
  selects: [
    sql`
    select coalesce(completed_at, created_at) as ts, case when ${isDecision} then 6 else 5 end as rank,
      coalesce(completed_at, created_at) as ord_at, lpad(step_seq::text, 10, '0') collate "C" as ord_key,
      'step:' || step_id as id, json_build_object(
        'kind', case when ${isDecision} then 'approval' else 'step' end, 'tool_name', tool_name, 'step_key', step_key,
        'step_kind', kind, 'result_status', result_status, 'block_reason', block_reason, 'error_code', error_code,
        'was_blocked', was_blocked, 'latency_ms', latency_ms, 'call_id', call_id, 'step_id', step_id,
        'approval_id', approval_id) as facts
    from run_steps where ${OF_RUN}`,
  ],
};

const mcp: Branch = {
  kinds: ["mcp"],
  selects: [
    sql`
    select created_at as ts, 7 as rank, created_at as ord_at, call_id::text collate "C" as ord_key, 'mcp:' || call_id as id,
      json_build_object('kind', 'mcp', 'tool_name', tool_name, 'result_status', result_status, 'block_reason', block_reason,
        'block_gate', block_gate, 'latency_ms', latency_ms, 'call_id', call_id, 'step_id', step_id, 'server', server,
        'effect', effect, 'verdicts', verdicts, 'approval_id', approval_id, 'cost_usd', cost_usd) as facts
    from mcp_calls where ${OF_RUN}`,
  ],
};

const outbound: Branch = {
  kinds: ["outbound"],
  selects: [
    sql`
    select coalesce(sent_at, queued_at) as ts, 8 as rank, queued_at as ord_at, message_id::text collate "C" as ord_key,
      'outbound:' || message_id as id, json_build_object('kind', 'outbound', 'channel_type', channel_type, 'message_type',
        message_type, 'subject_kind', subject_kind, 'content_preview', content_preview, 'send_status', send_status,
        'send_error', send_error, 'provider_message_id', provider_message_id, 'triggered_by_state', triggered_by_state,
        'channel_id', channel_id) as facts
    from outbound_messages where ${OF_RUN}`,
  ],
};

const end: Branch = {
  kinds: ["run"],
  selects: [
    sql`
    select r.completed_at as ts, 9 as rank, r.completed_at as ord_at, ${NO_KEY} as ord_key, 'run:ended' as id,
      json_build_object('kind', 'run', 'moment', 'ended', 'state', r.state, 'error_detail', r.error_detail,
        'error_code', r.error_code, 'from_state', (select from_state from run_transitions
          where ${OF_RUN} and to_state in ${FINAL_STATES} order by at desc, transition_id desc limit 1)) as facts
    where r.completed_at is not null`,
  ],
};

/** One for each row of the table of kinds (a step and a decision share one). */
const BRANCHES: readonly Branch[] = [creation, start, changes, inbound, steps, mcp, outbound, end];

/** Which part of a timeline is read. */
interface Part {
  order: Order;
  /** Beyond this item, or from it on; from the beginning (in descending order the end) without it. */
  from?: { item: Position; inclusive?: boolean } | undefined;
  limit: number;
  kind?: TimelineKind | undefined;
}

type PartValues = { run_id: string; limit: number } & Partial<Position>;
type PartQuery = (tx: Tx, values: PartValues) => Promise<TimelineRow[]>;

/** Made when they are first asked for; there is one for each order, kind and way to begin. */
const partQueries = new Map<string, PartQuery>();

/**
 * Reads part of a run's timeline. Every branch gives its own first `limit` items from its index, so a page of a long run
 * costs as much as of a short one.
 */
export function readTimeline(tx: Tx, runId: string, part: Part): Promise<TimelineRow[]> {
  const { order, from, limit, kind } = part;
  const beginning = from === undefined ? "end" : from.inclusive ? "at" : "beyond";
  const key = `${order} ${beginning} ${kind}`;
  const query = partQueries.get(key) ?? partQuery(order, beginning, kind);
  partQueries.set(key, query);
  return query(tx, { run_id: runId, limit, ...from?.item });
}

function partQuery(
  order: Order,
  beginning: "end" | "at" | "beyond",
  kind: TimelineKind | undefined,
): PartQuery {
  return fixedQuery<PartValues, TimelineRow>((slot) => {
    const way = sql.raw(order);
    const ordered = sql`order by ts ${way}, rank ${way}, ord_at ${way}, ord_key ${way} limit ${slot("limit")}::int`;
    const ofKind =
      kind === "step" ? sql`rank = 5` : kind === "approval" ? sql`rank = 6` : sql`true`;
    const sign = sql.raw((order === "asc" ? ">" : "<") + (beginning === "at" ? "=" : ""));
    const ts = sql`${slot("ts")}::timestamptz`;
    // The first comparison is the one an index can serve, the second settles ties.
    const fromHere =
      beginning === "end"
        ? sql`true`
        : sql`ts ${sql.raw(order === "asc" ? ">=" : "<=")} ${ts} and (ts, rank, ord_at, ord_key) ${sign}
            (${ts}, ${slot("rank")}::int, ${slot("ord_at")}::timestamptz, ${slot("ord_key")}::text collate "C")`;
    const parts = BRANCHES.filter(({ kinds }) => kind === undefined || kinds.includes(kind))
      .flatMap(({ selects }) => selects)
      .map(
        (rows) =>
          sql`(select * from (${rows}) as branch where ${ofKind} and ${fromHere} ${ordered})`,
      );
    return sql<TimelineRow>`with ${theRun(slot("run_id"))}
      select item.* from r cross join lateral (${sql.join(parts, sql` union all `)}) as item ${ordered}`;
  });
}

/** Which items' ids begin with what; those of one branch share it. */
const ID_PREFIXES: ReadonlyMap<string, readonly Branch[]> = new Map([
  ["run", [creation, start, changes, end]],
  ["inbound", [inbound]],
  ["step", [steps]],
  ["mcp", [mcp]],
  ["outbound", [outbound]],
]);

/** Where the item of an id stands in a run's timeline; undefined where the run has none such. */
export async function findPosition(
  tx: Tx,
  runId: string,
  itemId: string,
): Promise<Position | undefined> {
  const branches = ID_PREFIXES.get(itemId.split(":", 1)[0] ?? "") ?? [];
  if (branches.length === 0) return undefined;
  const parts = branches
    .flatMap(({ selects }) => selects)
    .map((rows) => sql`(select * from (${rows}) as branch where id = ${itemId})`);
  const { rows } = await sql<Position>`with ${theRun(sql`${runId}`)}
    select item.ts, item.rank, item.ord_at, item.ord_key
    from r cross join lateral (${sql.join(parts, sql` union all `)}) as item limit 1`.execute(tx);
  return rows[0];
}

/** How many of each there are; `steps` counts decisions too. */
interface Tally {
  steps: number;
  /** Counted when they are asked for: that takes a look at each step. */
  decisions: number;
  inbound_events: number;
  outbound_messages: number;
  mcp_calls: number;
  run_items: number;
}

const tallyQuery = (decisions: RawBuilder<unknown>) =>
  fixedQuery<{ run_id: string }, Tally>(
    (slot) => sql<Tally>`
    with ${theRun(slot("run_id"))}
    select (select count(*) from run_steps where ${OF_RUN}) as steps, ${decisions} as decisions,
      (select count(*) from ${EVENTS_OF_RUN} as events) as inbound_events,
      (select count(*) from outbound_messages where ${OF_RUN}) as outbound_messages,
      (select count(*) from mcp_calls where ${OF_RUN}) as mcp_calls,
      1 + num_nonnulls(r.started_at, r.completed_at)
        + (select count(*) from run_transitions where ${FURTHER_CHANGES}) as run_items
    from r`,
  );
const countAll = tallyQuery(sql`0`);
const countDecisionsToo = tallyQuery(
  sql`(select count(*) from run_steps where ${OF_RUN} and ${isDecision})`,
);

const NOTHING: Tally = {
  steps: 0,
  decisions: 0,
  inbound_events: 0,
  outbound_messages: 0,
  mcp_calls: 0,
  run_items: 0,
};

/**
 * Counts all that belongs to a run; nothing when the transaction sees no such run.
 *
 * @param kind what is counted for: decisions are told from other steps only where that matters
 */
export async function tally(tx: Tx, runId: string, kind?: TimelineKind): Promise<Tally> {
  const query = kind === "step" || kind === "approval" ? countDecisionsToo : countAll;
  const [counted] = await query(tx, { run_id: runId });
  return counted ?? NOTHING;
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
