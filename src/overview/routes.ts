import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { sql } from "kysely";
import { PLATFORM_PROJECT } from "../audit/index.ts";
import {
  type ApiEnv,
  type Caller,
  projectsTable,
  requireRole,
  scopeOf,
  unknownProject,
} from "../identity/index.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { answers, newApi, problems } from "../platform/http/index.ts";
import { readProject } from "../tenants/index.ts";
import { type Overview, type OverviewQuery, overviewAnswer, overviewQuery } from "./contract.ts";
import { partMinutes } from "./parts.ts";
import {
  readChangedTools,
  readFailedRuns,
  readFreezes,
  readQuestions,
  readSpend,
  readStops,
  readUnhealthyServers,
  readWorking,
} from "./queries.ts";
import { readLatency, readRunsByPart } from "./time-queries.ts";

const route = createRoute({
  method: "get",
  path: "/overview",
  tags: ["overview"],
  summary: "What is going on, what is wrong, and what has been: counts of the last hours",
  request: { query: overviewQuery },
  responses: { 200: answers("The overview", overviewAnswer), ...problems(401, 403, 404, 422) },
});

/** `GET /overview`: all of it is of one moment. */
export function overviewRoutes(deps: { db: Database }): OpenAPIHono<ApiEnv> {
  return newApi<ApiEnv>().openapi(route, async (c) => {
    const { caller } = c.var;
    requireRole(caller, "viewer");
    const query = c.req.valid("query");
    const read = (tx: Tx) => readOverview(tx, caller, query);
    return c.json(await deps.db.transaction(scopeOf(caller), read, { snapshot: true }), 200);
  });
}

async function readOverview(
  tx: Tx,
  caller: Caller,
  { project_id, hours }: OverviewQuery,
): Promise<Overview> {
  if (project_id !== undefined && !(await readProject(tx, project_id)))
    throw unknownProject(project_id);
  const minutes = partMinutes(hours);
  const time = await readTime(tx, hours, minutes);
  const projects = projectsTable(caller, project_id);
  const wanted = { projects, minutes, ...time };
  const [byPart, working, failed_runs, stops, questions, servers, tools, freezes, spend, latency] =
    await Promise.all([
      readRunsByPart(tx, wanted),
      readWorking(tx, wanted),
      readFailedRuns(tx, wanted),
      readStops(tx, wanted),
      readQuestions(tx, wanted),
      readUnhealthyServers(tx, wanted),
      readChangedTools(tx, wanted),
      readFreezes(tx, wanted, PLATFORM_PROJECT),
      readSpend(tx, wanted),
      readLatency(tx, wanted),
    ]);
  return {
    since: time.since,
    part_minutes: minutes,
    is_complete: byPart.isComplete,
    working,
    runs: byPart.runs,
    failed_runs,
    stops,
    questions,
    unhealthy_servers: servers,
    changed_tools: tools,
    freezes,
    spend,
    latency,
  };
}

/** The database's time, and where the first of the parts begins: on a full one, so that parts stay the same for a while. */
async function readTime(tx: Tx, hours: number, minutes: number) {
  const part = sql`make_interval(mins => ${minutes}::int)`;
  const { rows } = await sql<{ since: string; parts: number }>`
    select clock.since, floor(extract(epoch from clock.now - clock.since) / 60 / ${minutes}::int)::int + 1 as parts
    from (
      select now, date_bin(${part}, now - make_interval(hours => ${hours}::int), timestamptz '2026-01-01T00:00:00Z') + ${part}
        as since
      from clock_timestamp() as now
    ) clock`.execute(tx);
  const [time] = rows;
  if (!time) throw new Error("the database has no time");
  return time;
}
