import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { type ApiEnv, requireRole, scopeOf } from "../identity/index.ts";
import type { Database } from "../platform/database/index.ts";
import { planForValues } from "../platform/database/list.ts";
import { answers, type Cursors, newApi, openPage, problems } from "../platform/http/index.ts";
import { redact } from "../platform/redact.ts";
import { type ListedRun, type RunListQuery, runListAnswer, runListQuery } from "./list-contract.ts";
import { type ListedRow, type RunPosition, readRuns } from "./list-query.ts";

const PER_PAGE = 50;

const position: z.ZodType<RunPosition> = z.tuple([z.string(), z.uuid(), z.number().int().min(1)]);

const route = createRoute({
  method: "get",
  path: "/runs",
  tags: ["runs"],
  summary: "Find runs; newest first unless asked for in another order",
  request: { query: runListQuery },
  responses: { 200: answers("A page of runs", runListAnswer), ...problems(401, 403, 422) },
});

/** `GET /runs`. */
export function runListRoutes(deps: { db: Database; cursors: Cursors }): OpenAPIHono<ApiEnv> {
  return newApi<ApiEnv>().openapi(route, async (c) => {
    const { caller } = c.var;
    requireRole(caller, "viewer");
    const query = c.req.valid("query");
    const { page: number = 1, per_page, limit: size, cursor, ...asked } = query;
    const limit = size ?? per_page ?? PER_PAGE;
    const binding = ["runs", asked, caller.keyId];
    const offset = (number - 1) * limit;
    const { place, cut } = openPage(deps.cursors, { binding, cursor, limit, offset, position });
    const page = place.beyond?.[2] ?? number;
    const { rows, total } = await deps.db.transaction(
      scopeOf(caller),
      async (tx) => {
        if (offset > 0 || !isPlain(query)) await planForValues(tx);
        return readRuns(tx, { caller, query, place });
      },
      { snapshot: true },
    );
    const found = cut(rows, (row, step) => [row.sort_key, row.run_id, Math.max(page + step, 1)]);
    return c.json(
      {
        runs: found.rows.map(listed),
        total: total.count,
        page,
        per_page: limit,
        total_is_exact: total.isExact,
        next_cursor: found.next_cursor,
        prev_cursor: found.prev_cursor,
      },
      200,
    );
  });
}

/** Whether one index has both the order and all that is filtered by, so that one plan suits all values. */
function isPlain({
  sort,
  q,
  state,
  agent_id,
  is_shadow,
  trigger_type,
  ...more
}: RunListQuery): boolean {
  const filters = [state, agent_id, is_shadow, trigger_type].filter((value) => value !== undefined);
  const times = [more.created_after, more.created_before].filter((value) => value !== undefined);
  if (q !== undefined) return false;
  return sort === "created_at" ? filters.length <= 1 : filters.length + times.length === 0;
}

function listed(row: ListedRow): ListedRun {
  const { page_key: _, sort_key: __, last_tool_name: tool_name, last_result_status, ...more } = row;
  const { last_block_gate: block_gate, last_verdicts, ...run } = more;
  const verdicts = redact(last_verdicts) as Record<string, unknown>[];
  const last_call =
    tool_name === null
      ? null
      : { tool_name, result_status: last_result_status, block_gate, verdicts };
  return { ...run, title: redact(run.title), last_call };
}
