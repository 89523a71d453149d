import { sql } from "kysely";
import type { Timestamp, Tx } from "../platform/database/index.ts";
import type { ToolDefinition } from "../toolservers/index.ts";

const MOST_RUNS = 500;
const MOST_CALLS = 5_000;
/** Longer arguments say nothing that a contract could be made of. */
const LONGEST_ARGS = 2_000;
/** Recorded like calls, under their methods: what an agent read beside calling tools. A contract lists it by itself. */
const READINGS = ["resources/read", "prompts/get", "completion/complete"];
/** The most names that are looked up among the project's tools. */
const MOST_NAMES = 200;

/** One call as it was recorded. */
export interface CalledRow {
  run_id: string;
  server: string | null;
  tool_name: string;
  effect: "read" | "write";
  result_status: string;
  block_gate: number | null;
  /** Secrets masked; null where they were too long, or were erased since. */
  args: Record<string, unknown> | null;
  /** Seconds since 1970. */
  at: number;
}

/** What an agent called, newest runs first. */
export interface Called {
  since: Timestamp;
  until: Timestamp;
  runs: { run_id: string; cost_usd: number }[];
  calls: CalledRow[];
  isComplete: boolean;
}

/**
 * The calls of an agent's newest runs, at most 500 runs and 5,000 calls.
 *
 * @param since RFC 3339; by default a week before now
 */
export async function readCalled(
  tx: Tx,
  projectId: string,
  agentId: string,
  since: string | undefined,
): Promise<Called> {
  const { rows } = await sql<{ since: Timestamp; until: Timestamp }>`
    select coalesce(${since ?? null}::timestamptz, now() - interval '7 days') as since, now() as until`.execute(
    tx,
  );
  const [span] = rows;
  if (!span) throw new Error("the database did not say what time it is");
  const runs = await tx
    .selectFrom("runs")
    .select(["run_id", "cost_usd"])
    .where("project_id", "=", projectId)
    .where("agent_id", "=", agentId)
    .where("created_at", ">=", span.since)
    .orderBy("created_at", "desc")
    .orderBy("run_id", "desc")
    .limit(MOST_RUNS + 1)
    .execute();
  const looked = runs.slice(0, MOST_RUNS);
  const calls = await callsOf(
    tx,
    projectId,
    looked.map(({ run_id }) => run_id),
  );
  return {
    ...span,
    runs: looked,
    calls: calls.slice(0, MOST_CALLS),
    isComplete: runs.length <= MOST_RUNS && calls.length <= MOST_CALLS,
  };
}

async function callsOf(tx: Tx, projectId: string, runs: readonly string[]): Promise<CalledRow[]> {
  const { rows } = await sql<CalledRow>`
    select call.* from unnest(${runs}::uuid[]) with ordinality as run (run_id, nth)
      cross join lateral (
        select c.run_id, c.server, c.tool_name, c.effect, c.result_status, c.block_gate,
          case when length(c.args::text) <= ${LONGEST_ARGS} then c.args end as args,
          extract(epoch from c.created_at)::float8 as at
        from mcp_calls c
        where c.project_id = ${projectId} and c.run_id = run.run_id
          and c.tool_name <> all (${READINGS}::text[])
        order by c.created_at, c.call_id
        limit ${MOST_CALLS + 1}) call
    order by run.nth, call.at
    limit ${MOST_CALLS + 1}`.execute(tx);
  return rows;
}

/** A pinned tool of one of the project's active tool servers. */
export interface KnownTool {
  server_id: string;
  tool_name: string;
  definition: ToolDefinition;
  is_changed: boolean;
  flags: string[];
}

/** The tools with these names that active tool servers of the project have. */
export async function toolsNamed(
  tx: Tx,
  projectId: string,
  names: readonly string[],
): Promise<KnownTool[]> {
  const { rows } = await sql<KnownTool>`
    select pin.server_id, pin.tool_name, pin.definition, pin.changed_hash is not null as is_changed, pin.flags
    from contract_revisions server
      join tool_pins pin on pin.project_id = server.project_id and pin.server_id = server.contract_id
    where server.project_id = ${projectId} and server.contract_family = 'tool_server'
      and server.lifecycle_status = 'active' and pin.tool_name = any (${names.slice(0, MOST_NAMES)}::text[])
      and pin.absent_since is null
    order by pin.server_id, pin.tool_name`.execute(tx);
  return rows;
}
