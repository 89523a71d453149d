import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { type RawBuilder, sql } from "kysely";
import {
  type ApiEnv,
  type Caller,
  projectsTable,
  requireRole,
  scopeOf,
} from "../identity/index.ts";
import type { Database } from "../platform/database/index.ts";
import { type List, planForValues, readList } from "../platform/database/list.ts";
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
  type ChannelEvent,
  type ChannelEventsQuery,
  channelEventsAnswer,
  channelEventsQuery,
} from "./contract.ts";
import { afterPrefix } from "./prefix.ts";

const route = createRoute({
  method: "get",
  path: "/channel-events",
  tags: ["channels"],
  summary: "List what came in on channels, newest first",
  request: { query: channelEventsQuery },
  responses: { 200: answers("A page of events", channelEventsAnswer), ...problems(401, 403, 422) },
});

/** `GET /channel-events`. */
export function channelRoutes(deps: { db: Database; cursors: Cursors }): OpenAPIHono<ApiEnv> {
  return newApi<ApiEnv>().openapi(route, async (c) => {
    const { caller } = c.var;
    requireRole(caller, "viewer");
    const { cursor, limit, ...filters } = c.req.valid("query");
    const binding = ["channel-events", filters, caller.keyId];
    const paging = openPage(deps.cursors, { binding, cursor, limit, position: timeAndId });
    const { rows, total } = await deps.db.transaction(
      scopeOf(caller),
      async (tx) => {
        if (filters.provider_prefix) await planForValues(tx);
        return readList<ChannelEvent>(tx, eventList(caller, filters), paging.place);
      },
      { snapshot: true },
    );
    const page = paging.cut(rows, (event) => [event.received_at, event.event_id]);
    return c.json(
      {
        events: page.rows.map(shown),
        total: total.count,
        limit,
        total_is_exact: total.isExact,
        next_cursor: page.next_cursor,
        prev_cursor: page.prev_cursor,
      },
      200,
    );
  });
}

type Filters = Omit<ChannelEventsQuery, "limit" | "cursor">;

const eventList = (caller: Caller, filters: Filters): List => ({
  table: "channel_events",
  projects: projectsTable(caller, filters.project_id),
  columns: sql`event_id, project_id, channel_type, provider_event_id, channel_chat_id, content_preview, is_duplicate,
    received_at, channel_id, run_id, case_id`,
  from: sql`channel_events where project_id = p.project_id and ${conditionOf(filters)}`,
  by: { received_at: sql`received_at`, event_id: sql`event_id` },
  order: "desc",
});

function conditionOf({ channel_type, provider_prefix, case_id }: Filters): RawBuilder<unknown> {
  const parts = [sql`true`];
  if (case_id !== undefined) parts.push(sql`case_id = ${case_id}::uuid`);
  if (channel_type !== undefined) parts.push(sql`channel_type = ${channel_type}`);
  if (provider_prefix !== undefined && provider_prefix !== "") {
    parts.push(sql`provider_event_id >= ${provider_prefix}`);
    const end = afterPrefix(provider_prefix);
    if (end !== undefined) parts.push(sql`provider_event_id < ${end}`);
  }
  return sql.join(parts, sql` and `);
}

function shown(event: ChannelEvent): ChannelEvent {
  return { ...event, content_preview: redact(event.content_preview) };
}
