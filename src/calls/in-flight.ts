import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { sql } from "kysely";
import { type ApiEnv, requireRole, scopeOf } from "../identity/index.ts";
import { readCounted } from "../platform/database/count.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { directionOf, inOrder, isBeyond } from "../platform/database/seek.ts";
import {
  answers,
  type Cursors,
  newApi,
  openPage,
  type Place,
  problems,
  type TimeAndId,
  timeAndId,
} from "../platform/http/index.ts";
import type { FreezePlace, InFlightCall } from "../tenants/index.ts";
import { inFlightList, inFlightQuery } from "./in-flight-contract.ts";

const DEFAULT_LIMIT = 50;
const SHOWN_WITH_A_FREEZE = 200;

/** A page of the calls under way and one more, oldest first; there is an index of nothing but those. */
function readInFlight(tx: Tx, at: FreezePlace, place: Omit<Place<TimeAndId>, "offset">) {
  const direction = directionOf("asc", place.back);
  const by = [sql`c.created_at`, sql`c.call_id`];
  const ofAgent =
    at.agentId === undefined
      ? sql`true`
      : sql`exists (select from runs r where r.project_id = c.project_id and r.run_id = c.run_id
          and r.agent_id = ${at.agentId})`;
  const ofProject = at.projectId === undefined ? sql`true` : sql`c.project_id = ${at.projectId}`;
  const found = sql`mcp_calls c where c.result_status = 'executing' and ${ofProject} and ${ofAgent}`;
  return readCounted<InFlightCall>(tx, {
    table: "mcp_calls",
    page: sql<InFlightCall>`
      select c.call_id, c.project_id, c.run_id,
        (select r.agent_id from runs r where r.project_id = c.project_id and r.run_id = c.run_id) as agent_id,
        c.server, c.tool_name, c.effect, c.created_at as started_at, c.deadline_at
      from ${found} and ${isBeyond(by, direction, place.beyond)}
      ${inOrder(by, direction)} limit ${place.limit + 1}`,
    order: inOrder([sql`started_at`, sql`call_id`], direction),
    rowsOf: (limit) => sql`select 1 from ${found} ${limit}`,
  });
}

/** The calls that a freeze finds under way, oldest first: the first 200 of them, and how many there are. */
export async function callsInFlight(
  tx: Tx,
  at: FreezePlace,
): Promise<{ calls: InFlightCall[]; total: number }> {
  const limit = SHOWN_WITH_A_FREEZE;
  const { rows, total } = await readInFlight(tx, at, { limit, back: false, beyond: undefined });
  return { calls: rows.slice(0, limit), total: total.count };
}

const route = createRoute({
  method: "get",
  path: "/calls/in-flight",
  tags: ["calls"],
  summary: "Calls that tool servers have been sent and that have not come back, oldest first",
  request: { query: inFlightQuery },
  responses: { 200: answers("Calls under way", inFlightList), ...problems(401, 403, 422) },
});

/** `GET /calls/in-flight`. */
export function inFlightRoutes(deps: { db: Database; cursors: Cursors }): OpenAPIHono<ApiEnv> {
  return newApi<ApiEnv>().openapi(route, async (c) => {
    const { caller } = c.var;
    requireRole(caller, "viewer");
    const { project_id, agent_id, cursor, limit = DEFAULT_LIMIT } = c.req.valid("query");
    const binding = ["in-flight", project_id, agent_id, caller.keyId];
    const paging = { binding, cursor, limit, position: timeAndId };
    const { place, cut } = openPage<TimeAndId>(deps.cursors, paging);
    const at = { projectId: project_id, agentId: agent_id };
    const { rows, total } = await deps.db.transaction(
      scopeOf(caller),
      (tx) => readInFlight(tx, at, place),
      { snapshot: true },
    );
    const { rows: calls, ...more } = cut(rows, (row) => [row.started_at, row.call_id]);
    return c.json({ calls, total: total.count, total_is_exact: total.isExact, ...more }, 200);
  });
}
