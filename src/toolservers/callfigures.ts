import { sql } from "kysely";
import type { Tx } from "../platform/database/index.ts";
import type { ToolServerDetail } from "./page-contract.ts";

type Figures = ToolServerDetail["calls"];
type FiguresRow = Omit<Figures["hours"][number], "hour"> & {
  hour: string | null;
  first: string | null;
};

/** More than that are not counted for one page: it would take a second and longer. */
const MOST_CALLS = 200_000;

/**
 * A tool server's calls of the last 24 hours, hour by hour and together. The newest 200,000 are counted; where there are
 * more, `since` says when those begin.
 */
export async function readCallFigures(
  tx: Tx,
  projectId: string,
  serverId: string,
): Promise<Figures> {
  const { rows } = await sql<FiguresRow>`
    with counted as (
      select created_at, result_status, latency_ms, upstream_ms from mcp_calls
      where project_id = ${projectId} and server = ${serverId} and created_at > clock_timestamp() - interval '24 hours'
      order by created_at desc limit ${sql.raw(String(MOST_CALLS))}
    )
    select date_trunc('hour', created_at, 'UTC') as hour, count(*)::int as calls, min(created_at) as first,
      count(*) filter (where result_status in ('error', 'unknown'))::int as errors,
      count(*) filter (where result_status = 'blocked')::int as blocked,
      percentile_disc(0.5) within group (order by latency_ms) filter (where upstream_ms is not null) as latency_p50_ms,
      percentile_disc(0.95) within group (order by latency_ms) filter (where upstream_ms is not null) as latency_p95_ms
    from counted group by grouping sets ((1), ()) order by 1 nulls first`.execute(tx);
  const [all, ...hours] = rows;
  const { rows: day } = await sql<{ since: string }>`
    select clock_timestamp() - interval '24 hours' as since`.execute(tx);
  if (!all) throw new Error("a sum of nothing is still one row");
  const isCut = all.calls >= MOST_CALLS && all.first !== null;
  return {
    ...figures(all),
    since: (isCut ? all.first : undefined) ?? day[0]?.since ?? "",
    hours: hours.map((row) => ({ hour: row.hour ?? "", ...figures(row) })),
  };
}

function figures({ calls, errors, blocked, latency_p50_ms, latency_p95_ms }: FiguresRow) {
  return { calls, errors, blocked, latency_p50_ms, latency_p95_ms };
}
