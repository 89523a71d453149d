import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import {
  type ApiEnv,
  requireProject,
  requireRole,
  scopeOf,
  unknownProject,
} from "../identity/index.ts";
import type { Database } from "../platform/database/index.ts";
import {
  answers,
  type Cursors,
  newApi,
  openPage,
  problems,
  timeAndId,
} from "../platform/http/index.ts";
import { readProject } from "../tenants/index.ts";
import { flagText } from "./flags-contract.ts";
import {
  differenceText,
  type Review,
  reviewBody,
  reviewListQuery,
  reviewListSchema,
  reviewParams,
  reviewSchema,
} from "./review-contract.ts";
import { decideReview, listReviews, type ReviewRow } from "./reviews.ts";

// Each holds two whole versions of a tool.
const DEFAULT_LIMIT = 20;

const list = createRoute({
  method: "get",
  path: "/tool-reviews",
  tags: ["tool servers"],
  summary: "Tools that are no longer what was pinned, with what changed; the latest change first",
  request: { query: reviewListQuery },
  responses: { 200: answers("Reviews", reviewListSchema), ...problems(401, 403, 422) },
});

const decide = createRoute({
  method: "post",
  path: "/tool-servers/{server_id}/tools/{tool_name}/review",
  tags: ["tool servers"],
  summary: "Pin a changed tool as it is now, or leave it quarantined",
  request: {
    params: reviewParams,
    body: { required: true, content: { "application/json": { schema: reviewBody } } },
  },
  responses: {
    200: answers("The review as it stands now", reviewSchema),
    ...problems(401, 403, 404, 409, 422),
  },
});

type Language = "en" | "zh-TW";

/** Reviews of changed tools over HTTP. */
export function reviewRoutes(deps: { db: Database; cursors: Cursors }): OpenAPIHono<ApiEnv> {
  const { db, cursors } = deps;
  return newApi<ApiEnv>()
    .openapi(list, async (c) => {
      const { caller, language } = c.var;
      const query = c.req.valid("query");
      const { project_id: projectId, status, server_id: serverId, cursor } = query;
      const limit = query.limit ?? DEFAULT_LIMIT;
      const binding = ["tool-reviews", projectId, status ?? "", serverId ?? "", caller.keyId];
      const position = timeAndId;
      const { place, cut } = openPage(cursors, { binding, cursor, limit, position });
      const { rows, total } = await db.transaction(
        scopeOf(caller),
        (tx) => listReviews(tx, projectId, { status, serverId }, place),
        { snapshot: true },
      );
      const { rows: read, ...more } = cut(rows, (row) => [row.changed_at, row.review_id]);
      const reviews = read.map((row) => shownReview(row, language));
      return c.json({ reviews, total: total.count, total_is_exact: total.isExact, ...more }, 200);
    })
    .openapi(decide, async (c) => {
      const { caller, language } = c.var;
      const { server_id: serverId, tool_name: toolName } = c.req.valid("param");
      const { project_id: projectId, ...said } = c.req.valid("json");
      requireProject(caller, projectId);
      requireRole(caller, "admin");
      const row = await db.transaction(scopeOf(caller), async (tx) => {
        if (!(await readProject(tx, projectId))) throw unknownProject(projectId);
        return decideReview(tx, {
          projectId,
          serverId,
          toolName,
          decision: said.decision,
          changedHash: said.changed_hash,
          reason: said.reason,
          actor: caller.actor,
        });
      });
      return c.json(shownReview(row, language), 200);
    });
}

function shownReview(row: ReviewRow, language: Language): Review {
  return {
    ...row,
    differences: row.differences.map((one) => ({ ...one, text: differenceText(one, language) })),
    flags: row.flags.map((flag) => ({ flag, text: flagText(flag, language) })),
  };
}
