import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { type RawBuilder, sql } from "kysely";
import {
  type ApiEnv,
  type Caller,
  projectsTable,
  requireRole,
  scopeOf,
} from "../identity/index.ts";
import { countRows } from "../platform/database/count.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { answers, type Cursors, newApi, problems } from "../platform/http/index.ts";
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
    const caller = c.get("caller");
    requireRole(caller, "viewer");
    const query = c.req.valid("query");
    const { cursor, limit, ...filters } = query;
    const binding = ["channel-events", filters, caller.keyId];
    const after = cursor === undefined ? undefined : deps.cursors.decode(binding, cursor);
    const wanted = { caller, query, after };
    const { rows, total } = await deps.db.transaction(
      scopeOf(caller),
      async (tx) => ({ rows: await readPage(tx, wanted), total: await countEvents(tx, wanted) }),
      { snapshot: true },
    );
    const events = rows.slice(0, limit).map(shown);
    const last = rows.length > limit ? events.at(-1) : undefined;
    return c.json(
      {
        events,
        total: total.count,
        limit,
        total_is_exact: total.isExact,
        next_cursor: last ? deps.cursors.encode(binding, [last.received_at, last.event_id]) : null,
      },
      200,
    );
  });
}

interface Wanted {
  caller: Caller;
  query: ChannelEventsQuery;
  /** The last event seen: its time and id. */
  after: (string | number)[] | undefined;
}

const projectsOf = ({ caller, query }: Wanted) => projectsTable(caller, query.project_id);

function filtersOf({ query }: Wanted): RawBuilder<unknown> {
  const parts = [sql`true`];
  if (query.channel_type !== undefined) parts.push(sql`channel_type = ${query.channel_type}`);
  if (query.provider_prefix !== undefined && query.provider_prefix !== "") {
    parts.push(sql`provider_event_id >= ${query.provider_prefix}`);
    const end = afterPrefix(query.provider_prefix);
    if (end !== undefined) parts.push(sql`provider_event_id < ${end}`);
  }
  return sql.join(parts, sql` and `);
}

/** One page and one event more; each project gives its newest from its own index, then the newest of those are taken. */
async function readPage(tx: Tx, wanted: Wanted): Promise<ChannelEvent[]> {
  const size = wanted.query.limit + 1;
  const fromHere = wanted.after
    ? sql`and (received_at, event_id) < (${wanted.after[0]}::timestamptz, ${wanted.after[1]}::uuid)`
    : sql.raw("");
  const { rows } = await sql<ChannelEvent>`
    select newest.* from ${projectsOf(wanted)} cross join lateral (
      select event_id, project_id, channel_type, provider_event_id, channel_chat_id, content_preview, is_duplicate,
        received_at, channel_id, run_id
      from channel_events where project_id = p.project_id and ${filtersOf(wanted)} ${fromHere}
      order by received_at desc, event_id desc limit ${size}
    ) newest
    order by received_at desc, event_id desc limit ${size}`.execute(tx);
  return rows;
}

function countEvents(tx: Tx, wanted: Wanted): Promise<{ count: number; isExact: boolean }> {
  return countRows(
    tx,
    (limit) => sql`select 1 from ${projectsOf(wanted)} cross join lateral (
      select 1 from channel_events where project_id = p.project_id and ${filtersOf(wanted)} ${limit}) matching`,
  );
}

function shown(event: ChannelEvent): ChannelEvent {
  return { ...event, content_preview: redact(event.content_preview) };
}
