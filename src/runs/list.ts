import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { sql } from "kysely";
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
import { filtersOf } from "./filters.ts";
import { type ListedRun, type RunListQuery, runListAnswer, runListQuery } from "./list-contract.ts";

const PER_PAGE = 50;

const route = createRoute({
  method: "get",
  path: "/runs",
  tags: ["runs"],
  summary: "List runs, newest first",
  request: { query: runListQuery },
  responses: { 200: answers("A page of runs", runListAnswer), ...problems(401, 403, 422) },
});

/** `GET /runs`. */
export function runListRoutes(deps: { db: Database; cursors: Cursors }): OpenAPIHono<ApiEnv> {
  return newApi<ApiEnv>().openapi(route, async (c) => {
    const caller = c.get("caller");
    requireRole(caller, "viewer");
    const query = c.req.valid("query");
    const binding = bindingOf(query, caller);
    const place = placeOf(query, deps.cursors, binding);
    const wanted = { caller, query, place };
    const { rows, total } = await deps.db.transaction(
      scopeOf(caller),
      async (tx) => ({ rows: await readPage(tx, wanted), total: await countRuns(tx, wanted) }),
      { snapshot: true },
    );
    const runs = rows.slice(0, place.size).map(listed);
    const last = rows.length > place.size ? runs.at(-1) : undefined;
    return c.json(
      {
        runs,
        total: total.count,
        page: place.page,
        per_page: place.size,
        total_is_exact: total.isExact,
        next_cursor: last
          ? deps.cursors.encode(binding, [last.created_at, last.run_id, place.page + 1])
          : null,
      },
      200,
    );
  });
}

/** Where a page begins: after a run, or a number of runs down the list. */
interface Place {
  size: number;
  page: number;
  offset: number;
  after: { created_at: string; run_id: string } | undefined;
}

interface Wanted {
  caller: Caller;
  query: RunListQuery;
  place: Place;
}

function bindingOf(query: RunListQuery, caller: Caller): unknown {
  const { page: _page, per_page: _size, limit: _limit, cursor: _cursor, ...filters } = query;
  return ["runs", filters, caller.keyId];
}

function placeOf(query: RunListQuery, cursors: Cursors, binding: unknown): Place {
  const size = query.limit ?? query.per_page ?? PER_PAGE;
  if (query.cursor === undefined) {
    const page = query.page ?? 1;
    return { size, page, offset: (page - 1) * size, after: undefined };
  }
  const [created_at, run_id, page] = cursors.decode(binding, query.cursor);
  const after = { created_at: String(created_at), run_id: String(run_id) };
  return { size, page: Number(page), offset: 0, after };
}

const projectsOf = ({ caller, query }: Wanted) => projectsTable(caller, query.project_id);
const PROJECT = sql`p.project_id`;

type Row = Omit<ListedRun, "last_call"> & {
  last_tool_name: string | null;
  last_result_status: string;
  last_block_gate: number | null;
  last_verdicts: Record<string, unknown>[];
};

/**
 * One page and one run more. Each project gives its newest runs from its own index, then the newest of those are
 * taken: sorting all runs of all projects would cost a hundred times as much.
 */
async function readPage(tx: Tx, wanted: Wanted): Promise<Row[]> {
  const { size, offset, after } = wanted.place;
  const fromHere = after
    ? sql`and (created_at, run_id) < (${after.created_at}::timestamptz, ${after.run_id}::uuid)`
    : sql.raw("");
  const { rows } = await sql<Row>`
    select r.run_id, r.project_id, r.agent_id, r.state, r.is_shadow, r.cost_usd, r.step_count, r.created_at, r.timeout_at,
      r.title, r.started_at, r.completed_at, r.trigger_type, r.error_code, r.driver, c.tool_name as last_tool_name,
      c.result_status as last_result_status, c.block_gate as last_block_gate, c.verdicts as last_verdicts
    from (
      select newest.* from ${projectsOf(wanted)} cross join lateral (
        select project_id, run_id, created_at from runs
        where project_id = p.project_id and ${filtersOf(wanted.query, PROJECT)} ${fromHere}
        order by created_at desc, run_id desc limit ${offset + size + 1}
      ) newest
      order by created_at desc, run_id desc limit ${size + 1} offset ${offset}
    ) page
    join runs r on r.project_id = page.project_id and r.run_id = page.run_id
    left join lateral (
      select tool_name, result_status, block_gate, verdicts from mcp_calls
      where project_id = r.project_id and run_id = r.run_id
      order by created_at desc, call_id desc limit 1
    ) c on true
    order by r.created_at desc, r.run_id desc`.execute(tx);
  return rows;
}

function countRuns(tx: Tx, wanted: Wanted): Promise<{ count: number; isExact: boolean }> {
  return countRows(
    tx,
    (limit) => sql`select 1 from ${projectsOf(wanted)} cross join lateral (
      select 1 from runs where project_id = p.project_id and ${filtersOf(wanted.query, PROJECT)} ${limit}) matching`,
  );
}

function listed(row: Row): ListedRun {
  const { last_tool_name, last_result_status, last_block_gate, last_verdicts, ...run } = row;
  return {
    ...run,
    title: redact(run.title),
    last_call:
      last_tool_name === null
        ? null
        : {
            tool_name: last_tool_name,
            result_status: last_result_status,
            block_gate: last_block_gate,
            verdicts: redact(last_verdicts) as Record<string, unknown>[],
          },
  };
}
