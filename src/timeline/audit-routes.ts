import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { type RawBuilder, sql } from "kysely";
import type { z } from "zod";
import {
  type AuditListQuery,
  auditListAnswer,
  auditListQuery,
  listAudit,
  PLATFORM_PROJECT,
} from "../audit/index.ts";
import {
  type ApiEnv,
  type Caller,
  projectsTable,
  requireRole,
  scopeOf,
} from "../identity/index.ts";
import type { Database } from "../platform/database/index.ts";
import { planForValues } from "../platform/database/list.ts";
import {
  answers,
  type Cursors,
  newApi,
  openPage,
  problems,
  timeAndId,
} from "../platform/http/index.ts";
import { redact } from "../platform/redact.ts";

const DEFAULT_LIMIT = 50;

const list = createRoute({
  method: "get",
  path: "/audit-log",
  tags: ["audit"],
  summary: "Who did what to what, newest first",
  description:
    "Everything that changed something, of the projects one may see. What was erased about a person stays erased: the entry keeps its hash alone.",
  request: { query: auditListQuery },
  responses: { 200: answers("A page of entries", auditListAnswer), ...problems(401, 403, 422) },
});

/** `GET /audit-log`; the log itself is written by whoever changes something, in the same transaction. */
export function auditRoutes(deps: { db: Database; cursors: Cursors }): OpenAPIHono<ApiEnv> {
  return newApi<ApiEnv>().openapi(list, async (c) => {
    requireRole(c.var.caller, "viewer");
    return c.json(await readPage(deps, c.var.caller, c.req.valid("query")), 200);
  });
}

async function readPage(
  { db, cursors }: { db: Database; cursors: Cursors },
  caller: Caller,
  query: AuditListQuery,
): Promise<z.input<typeof auditListAnswer>> {
  const { limit = DEFAULT_LIMIT, cursor, ...asked } = query;
  const binding = ["audit-log", asked, caller.keyId];
  const { place, cut } = openPage(cursors, { binding, cursor, limit, position: timeAndId });
  const { rows, total } = await db.transaction(
    scopeOf(caller),
    async (tx) => {
      // Each filter has an index of its own; which one serves depends on what is asked for.
      await planForValues(tx);
      return listAudit(tx, projectsOf(caller, query.project_id), query, place);
    },
    { snapshot: true },
  );
  const page = cut(rows, (row) => [row.at, row.audit_id]);
  return {
    entries: page.rows.map((row) => ({
      ...row,
      details: redact(row.details) as Record<string, unknown>,
      private: redact(row.private) as Record<string, unknown> | null,
    })),
    total: total.count,
    total_is_exact: total.isExact,
    next_cursor: page.next_cursor,
    prev_cursor: page.prev_cursor,
  };
}

/** As for any list; an operator of the platform sees what belongs to no tenant as well. */
function projectsOf(caller: Caller, projectId: string | undefined): RawBuilder<unknown> {
  if (projectId !== undefined || caller.projects !== "all") return projectsTable(caller, projectId);
  return sql`(select project_id from projects union all select ${PLATFORM_PROJECT}) as p`;
}
