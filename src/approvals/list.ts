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
import { type ApprovalListQuery, approvalListAnswer, approvalListQuery } from "./list-contract.ts";
import { inFull } from "./question.ts";
import { type QuestionRow, questionColumns } from "./question-rows.ts";

const PER_PAGE = 50;

const route = createRoute({
  method: "get",
  path: "/approvals",
  tags: ["approvals"],
  summary: "List what waits for a person, oldest question first, or what was decided, newest first",
  request: { query: approvalListQuery },
  responses: {
    200: answers("A page of questions", approvalListAnswer),
    ...problems(401, 403, 422),
  },
});

/** `GET /approvals`. */
export function approvalListRoutes(deps: { db: Database; cursors: Cursors }): OpenAPIHono<ApiEnv> {
  return newApi<ApiEnv>().openapi(route, async (c) => {
    const { caller } = c.var;
    requireRole(caller, "viewer");
    const { cursor, limit = PER_PAGE, ...filters } = c.req.valid("query");
    const binding = ["approvals", filters, caller.keyId];
    const paging = openPage(deps.cursors, { binding, cursor, limit, position: timeAndId });
    const { page, total, approvals } = await deps.db.transaction(
      scopeOf(caller),
      async (tx) => {
        const isOpen = filters.status === "open";
        const list = isOpen ? openQuestions(caller, filters) : closedQuestions(caller, filters);
        const { rows, total } = await readList<QuestionRow>(tx, list, paging.place);
        const page = paging.cut(rows, (row) => [
          (isOpen ? row.asked_at : row.decided_at) ?? "",
          row.approval_id,
        ]);
        return { page, total, approvals: await inFull(tx, page.rows, c.var.language, caller) };
      },
      { snapshot: true },
    );
    return c.json(
      {
        approvals,
        total: total.count,
        items: approvals,
        total_is_exact: total.isExact,
        next_cursor: page.next_cursor,
        prev_cursor: page.prev_cursor,
      },
      200,
    );
  });
}

type Filters = Pick<ApprovalListQuery, "project_id" | "run_id">;

const inRun = (run_id: string | undefined) =>
  run_id === undefined ? sql`true` : sql`a.run_id = ${run_id}::uuid`;

/** The open questions of waiting runs, oldest first. */
const openQuestions = (caller: Caller, { project_id, run_id }: Filters): List => ({
  table: "approvals",
  projects: projectsTable(caller, project_id),
  columns: questionColumns,
  // Each question's run is looked up by itself: so they come in their order, and no more than are wanted.
  from: sql`approvals a cross join lateral (
      select title, created_at, timeout_at, cost_usd, is_shadow from runs
      where project_id = a.project_id and run_id = a.run_id and state = 'waiting_approval' limit 1
    ) r
    where a.project_id = p.project_id and a.status = 'open' and ${inRun(run_id)}`,
  by: { asked_at: sql`a.created_at`, approval_id: sql`a.approval_id` },
  order: "asc",
});

/** The questions that are open no more, whatever became of them, newest first. */
const closedQuestions = (caller: Caller, { project_id, run_id }: Filters): List => ({
  table: "approvals",
  projects: projectsTable(caller, project_id),
  columns: questionColumns,
  from: sql`approvals a cross join lateral (
      select title, created_at, timeout_at, cost_usd, is_shadow from runs
      where project_id = a.project_id and run_id = a.run_id limit 1
    ) r
    where a.project_id = p.project_id and a.decided_at is not null and ${inRun(run_id)}`,
  by: { decided_at: sql`a.decided_at`, approval_id: sql`a.approval_id` },
  order: "desc",
});
