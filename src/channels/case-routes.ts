import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { sql } from "kysely";
import {
  type ApiEnv,
  type Caller,
  projectsTable,
  requireRole,
  scopeOf,
} from "../identity/index.ts";
import type { Database } from "../platform/database/index.ts";
import { type List, readList } from "../platform/database/list.ts";
import {
  answers,
  type Cursors,
  newApi,
  openPage,
  problems,
  timeAndId,
} from "../platform/http/index.ts";
import { redact } from "../platform/redact.ts";
import {
  type ChannelCase,
  type ChannelCasesQuery,
  channelCasesAnswer,
  channelCasesQuery,
} from "./contract.ts";

const PER_PAGE = 50;

const route = createRoute({
  method: "get",
  path: "/channel-cases",
  tags: ["channels"],
  summary: "List the cases that events were put together to, by their newest event",
  request: { query: channelCasesQuery },
  responses: { 200: answers("A page of cases", channelCasesAnswer), ...problems(401, 403, 422) },
});

/** `GET /channel-cases`. */
export function caseRoutes(deps: { db: Database; cursors: Cursors }): OpenAPIHono<ApiEnv> {
  return newApi<ApiEnv>().openapi(route, async (c) => {
    const { caller } = c.var;
    requireRole(caller, "viewer");
    const { cursor, limit = PER_PAGE, ...filters } = c.req.valid("query");
    const binding = ["channel-cases", filters, caller.keyId];
    const paging = openPage(deps.cursors, { binding, cursor, limit, position: timeAndId });
    const { rows, total } = await deps.db.transaction(
      scopeOf(caller),
      (tx) => readList<ChannelCase>(tx, caseList(caller, filters), paging.place),
      { snapshot: true },
    );
    const page = paging.cut(rows, (row) => [row.last_event_at, row.case_id]);
    return c.json(
      {
        cases: page.rows.map((row) => ({ ...row, title: redact(row.title) })),
        total: total.count,
        total_is_exact: total.isExact,
        next_cursor: page.next_cursor,
        prev_cursor: page.prev_cursor,
      },
      200,
    );
  });
}

type Filters = Pick<ChannelCasesQuery, "project_id" | "channel_id">;

const caseList = (caller: Caller, { project_id, channel_id }: Filters): List => ({
  table: "channel_cases",
  projects: projectsTable(caller, project_id),
  columns: sql`case_id, project_id, channel_id, run_id, title, event_count, resolved_count, opened_at, last_event_at,
    closes_at, storm_at`,
  from: sql`channel_cases where project_id = p.project_id
    and ${channel_id === undefined ? sql`true` : sql`channel_id = ${channel_id}`}`,
  by: { last_event_at: sql`last_event_at`, case_id: sql`case_id` },
  order: "desc",
});
