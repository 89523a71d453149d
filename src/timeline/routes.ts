import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { type ApiEnv, type Caller, scopeOf } from "../identity/index.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { answers, type Cursors, newApi, problems } from "../platform/http/index.ts";
import {
  LIST_MAX,
  type RunAnswer,
  runAnswer,
  runParams,
  runQuery,
  type TimelineKind,
  timelineAnswer,
  timelineQuery,
} from "./contract.ts";
import { itemOf } from "./item.ts";
import { readRecords } from "./records.ts";
import {
  type FoundRun,
  findRun,
  readCalls,
  readEvents,
  readMessages,
  readSteps,
  shownRun,
} from "./run-query.ts";
import {
  countItems,
  findPosition,
  type Order,
  type Position,
  readTimeline,
  type TimelineRow,
  tally,
} from "./timeline-query.ts";
import type { Language } from "./titles.ts";

interface TimelineDeps {
  db: Database;
  cursors: Cursors;
}

const runRoute = createRoute({
  method: "get",
  path: "/runs/{run_id}",
  tags: ["runs"],
  summary: "Read a run with its steps, events, messages, calls and timeline",
  request: { params: runParams, query: runQuery },
  responses: { 200: answers("The run", runAnswer), ...problems(401, 403, 404, 422) },
});

const timelineRoute = createRoute({
  method: "get",
  path: "/runs/{run_id}/timeline",
  tags: ["runs"],
  summary: "Page through all of a run's timeline, in both directions",
  request: { params: runParams, query: timelineQuery },
  responses: { 200: answers("A page of items", timelineAnswer), ...problems(401, 403, 404, 422) },
});

/** `GET /runs/{run_id}` and `GET /runs/{run_id}/timeline`; each answer is of one moment. */
export function timelineRoutes(deps: TimelineDeps): OpenAPIHono<ApiEnv> {
  return newApi<ApiEnv>()
    .openapi(runRoute, async (c) => {
      const caller = c.get("caller");
      const { run_id } = c.req.valid("param");
      const { project_id } = c.req.valid("query");
      const read = await deps.db.transaction(
        scopeOf(caller),
        (tx) => readRunPage(tx, run_id, project_id),
        { snapshot: true },
      );
      return c.json(answerOf(requireRun(caller, read.found), read, c.get("language")), 200);
    })
    .openapi(timelineRoute, async (c) => {
      const caller = c.get("caller");
      const { run_id } = c.req.valid("param");
      const query = c.req.valid("query");
      const { project_id, order, kind, records, around, cursor, limit = LIST_MAX } = query;
      const binding = ["timeline", run_id, order, kind ?? null, caller.keyId];
      const place =
        cursor === undefined ? undefined : placeOf(deps.cursors.decode(binding, cursor));
      const [run, counted, page, behind] = await deps.db.transaction(
        scopeOf(caller),
        async (tx) => {
          const [found, tallied, read] = await Promise.all([
            findRun(tx, run_id, project_id),
            tally(tx, run_id, kind),
            around === undefined
              ? readPage(tx, run_id, { order, kind, place, limit })
              : readAround(tx, run_id, around, { order, kind, limit }),
          ]);
          const isWanted = records === "true" && read !== undefined && read.rows.length > 0;
          const all = isWanted ? await readRecords(tx, run_id, read.rows) : null;
          return [found, tallied, read, all] as const;
        },
        { snapshot: true },
      );
      requireRun(caller, run);
      if (!page) throw new AppError("E-NOT-FOUND", "The run's timeline has no such item.");
      const cursorAt = (row: TimelineRow | undefined, back: boolean) =>
        row === undefined
          ? null
          : deps.cursors.encode(binding, [Number(back), row.ts, row.rank, row.ord_at, row.ord_key]);
      return c.json(
        {
          items: page.rows.map((row) => itemOf(row, c.get("language"))),
          records: behind,
          next_cursor: cursorAt(page.hasNext ? page.rows.at(-1) : undefined, false),
          prev_cursor: cursorAt(page.hasPrevious ? page.rows[0] : undefined, true),
          total: countItems(counted, kind),
          total_is_exact: true,
        },
        200,
      );
    });
}
/**
 * The run, if the caller may read it: a person's key that opens its project, or the agent's key that opened it.
 *
 * @throws AppError E-NOT-FOUND, for every other run, as if there were none
 */
function requireRun(caller: Caller, found: FoundRun | undefined): FoundRun {
  const isReadable =
    found !== undefined && (caller.role !== "agent" || found.openedBy === caller.keyId);
  if (!isReadable) throw new AppError("E-NOT-FOUND", "There is no such run.");
  return found;
}

/** All that the page of a run shows; asked at once, none waits for another. */
async function readRunPage(tx: Tx, runId: string, projectId: string | undefined) {
  const [found, counted, timeline, steps, inbound_events, outbound_messages, mcp_calls] =
    await Promise.all([
      findRun(tx, runId, projectId),
      tally(tx, runId),
      readTimeline(tx, runId, { order: "asc", limit: LIST_MAX }),
      readSteps(tx, runId),
      readEvents(tx, runId),
      readMessages(tx, runId),
      readCalls(tx, runId),
    ]);
  return {
    found,
    counted,
    timeline,
    lists: { steps, inbound_events, outbound_messages, mcp_calls },
  };
}

function answerOf(
  found: FoundRun,
  { counted, timeline, lists }: Awaited<ReturnType<typeof readRunPage>>,
  language: Language,
): RunAnswer {
  const counts = {
    steps: counted.steps,
    inbound_events: counted.inbound_events,
    outbound_messages: counted.outbound_messages,
    mcp_calls: counted.mcp_calls,
    timeline: countItems(counted),
  };
  return {
    run: shownRun(found, language),
    ...lists,
    timeline: timeline.map((row) => itemOf(row, language)),
    counts,
    truncated: {
      steps: counts.steps > LIST_MAX,
      inbound_events: counts.inbound_events > LIST_MAX,
      outbound_messages: counts.outbound_messages > LIST_MAX,
      mcp_calls: counts.mcp_calls > LIST_MAX,
      timeline: counts.timeline > LIST_MAX,
    },
  };
}

/** A page's beginning: beyond an item, in the order asked for or back from it. */
interface Place {
  back: boolean;
  position: Position;
}

function placeOf([back, ts, rank, ord_at, ord_key]: (string | number)[]): Place {
  return {
    back: back === 1,
    position: {
      ts: String(ts),
      rank: Number(rank),
      ord_at: String(ord_at),
      ord_key: String(ord_key),
    },
  };
}

interface PageRequest {
  order: Order;
  kind: TimelineKind | undefined;
  place: Place | undefined;
  limit: number;
}

/** A page in the order asked for, and whether there is more on either side of it. */
async function readPage(tx: Tx, runId: string, { order, kind, place, limit }: PageRequest) {
  const opposite: Order = order === "asc" ? "desc" : "asc";
  const [along, against] = place?.back ? [opposite, order] : [order, opposite];
  const item = place?.position;
  const [found, behind] = await Promise.all([
    readTimeline(tx, runId, { order: along, kind, from: item && { item }, limit: limit + 1 }),
    // What lies behind a page is the item it goes on from, and those before that.
    item
      ? readTimeline(tx, runId, { order: against, kind, from: { item, inclusive: true }, limit: 1 })
      : [],
  ]);
  const rows = found.slice(0, limit);
  const hasFurther = found.length > limit;
  return place?.back
    ? { rows: rows.reverse(), hasNext: behind.length > 0, hasPrevious: hasFurther }
    : { rows, hasNext: hasFurther, hasPrevious: behind.length > 0 };
}

/** The page with an item in its middle; undefined where the run has none such. */
async function readAround(
  tx: Tx,
  runId: string,
  itemId: string,
  { order, kind, limit }: Omit<PageRequest, "place">,
) {
  const item = await findPosition(tx, runId, itemId);
  if (!item) return undefined;
  const before = Math.floor(limit / 2);
  const opposite: Order = order === "asc" ? "desc" : "asc";
  const [ahead, behind] = await Promise.all([
    readTimeline(tx, runId, {
      order,
      kind,
      from: { item, inclusive: true },
      limit: limit - before + 1,
    }),
    readTimeline(tx, runId, { order: opposite, kind, from: { item }, limit: before + 1 }),
  ]);
  return {
    rows: [...behind.slice(0, before).reverse(), ...ahead.slice(0, limit - before)],
    hasNext: ahead.length > limit - before,
    hasPrevious: behind.length > before,
  };
}
