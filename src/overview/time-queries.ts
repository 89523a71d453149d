import { type RawBuilder, sql } from "kysely";
import type { Timestamp, Tx } from "../platform/database/index.ts";
import type { Overview, RunsOfPart } from "./contract.ts";

/** Where the overview looks: projects, as a table `p`, and a time in equal parts. */
export interface Wanted {
  projects: RawBuilder<unknown>;
  /** Where the first part begins, and how long each is. */
  since: Timestamp;
  minutes: number;
  parts: number;
}

/** What is counted for one answer, shared out among the projects; more would take a second and longer. */
const MOST_ROWS = 100_000;
const LEAST_OF_A_PROJECT = 1_000;

/** How many rows of each project are counted. */
export const shareOf = (projects: RawBuilder<unknown>) =>
  sql`(select greatest(${LEAST_OF_A_PROJECT}, ${MOST_ROWS} / greatest(count(*), 1)) from ${projects})`;

const lengthOf = ({ minutes }: Wanted) => sql`make_interval(mins => ${minutes}::int)`;

/** Runs by the part in which they were created and the state they are in, as an index of just that has them. */
export async function readRunsByPart(
  tx: Tx,
  wanted: Wanted,
): Promise<{ runs: RunsOfPart[]; isComplete: boolean }> {
  const { rows } = await sql<RunsOfPart & { is_cut: boolean }>`
    with counted as (
      select p.project_id, s.state, found.created_at
      from ${wanted.projects}
      cross join unnest(array['pending', 'running', 'waiting_approval', 'completed', 'failed', 'cancelled', 'timed_out'])
        as s (state)
      cross join lateral (
        select created_at from runs
        where project_id = p.project_id and runs.state = s.state and created_at >= ${wanted.since}::timestamptz
        order by created_at desc limit ${shareOf(wanted.projects)}
      ) found
    ),
    cut as (
      select coalesce(bool_or(n >= ${shareOf(wanted.projects)}), false) as is_cut
      from (select count(*) as n from counted group by project_id, state) counts
    )
    select part.at, cut.is_cut, ${byState("pending")}, ${byState("running")}, ${byState("waiting_approval")},
      ${byState("completed")}, ${byState("failed")}, ${byState("cancelled")}, ${byState("timed_out")}
    from cut, ${partsOf(wanted)}
    left join counted on date_bin(${lengthOf(wanted)}, counted.created_at, ${wanted.since}::timestamptz) = part.at
    group by part.at, cut.is_cut order by part.at`.execute(tx);
  return { runs: rows.map(({ is_cut: _, ...part }) => part), isComplete: !rows[0]?.is_cut };
}

const byState = (state: string) =>
  sql`count(*) filter (where state = ${sql.lit(state)}) as ${sql.id(state)}`;

const partsOf = (wanted: Wanted) => sql`
  (select ${wanted.since}::timestamptz + n * ${lengthOf(wanted)} as at
    from generate_series(0, ${wanted.parts}::int - 1) n) as part`;

const MOST_SERVERS = 30;
const CALLS_OF_EACH = 40;

/**
 * How long calls took, from a sample: an index has the calls of each tool server by time, and of each server and part the
 * newest 40 are taken, of the 30 servers that were heard of last.
 */
export async function readLatency(tx: Tx, wanted: Wanted): Promise<Overview["latency"]> {
  const { rows } = await sql<Overview["latency"][number]>`
    with servers as materialized (
      select h.project_id, h.server_id, max(h.observed_at) as heard
      from ${wanted.projects} join tool_server_health h on h.project_id = p.project_id
      group by 1, 2 order by heard desc limit ${MOST_SERVERS}
    )
    select part.at, count(*) as sampled_calls,
      percentile_disc(0.5) within group (order by latency_ms) as p50_ms,
      percentile_disc(0.95) within group (order by latency_ms) as p95_ms,
      percentile_disc(0.5) within group (order by own_ms) as own_p50_ms,
      percentile_disc(0.95) within group (order by own_ms) as own_p95_ms
    from ${partsOf(wanted)} cross join servers cross join lateral (
      select latency_ms, greatest(latency_ms - upstream_ms, 0) as own_ms from mcp_calls
      where project_id = servers.project_id and server = servers.server_id
        and created_at >= part.at and created_at < part.at + ${lengthOf(wanted)}
        and upstream_ms is not null and latency_ms is not null and approval_id is null
      order by created_at desc limit ${CALLS_OF_EACH}
    ) sample
    group by part.at order by part.at`.execute(tx);
  return rows;
}
