import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { type ApiEnv, requireRole, scopeOf } from "../identity/index.ts";
import { uuid } from "../platform/contract.ts";
import type { Database } from "../platform/database/index.ts";
import { answers, type Cursors, newApi, problems } from "../platform/http/index.ts";
import { applyRequest, applyResponse, contractsQuery, contractsResponse } from "./contract.ts";
import { findDetail } from "./heads.ts";
import { revisionDetail } from "./lifecycle-contract.ts";
import { countRevisions, listRevisions, type Position } from "./queries.ts";
import type { Contracts } from "./service.ts";

const MOST_LISTED = 200;

const apply = createRoute({
  method: "post",
  path: "/contracts/apply",
  tags: ["contracts"],
  summary: "Apply contracts: all of them or none",
  request: {
    body: { content: { "application/json": { schema: applyRequest } }, required: true },
  },
  responses: {
    200: answers("What became of each document, in their order", applyResponse),
    ...problems(401, 403, 404, 409, 422),
  },
});

const list = createRoute({
  method: "get",
  path: "/contracts",
  tags: ["contracts"],
  summary: "List contract revisions, newest first",
  request: { query: contractsQuery },
  responses: { 200: answers("A page of revisions", contractsResponse), ...problems(401, 403, 422) },
});

const one = createRoute({
  method: "get",
  path: "/contracts/{revision_id}",
  tags: ["contracts"],
  summary: "Read one contract revision with its body and its history",
  request: { params: z.object({ revision_id: uuid }) },
  responses: { 200: answers("The revision", revisionDetail), ...problems(401, 403, 404, 422) },
});

/** The contracts part of the API, to be mounted under /api/v1. */
export function contractsRoutes(deps: { db: Database; contracts: Contracts; cursors: Cursors }) {
  return newApi<ApiEnv>()
    .openapi(apply, async (c) => {
      const { caller, language } = c.var;
      return c.json(await deps.contracts.apply(caller, c.req.valid("json"), language), 200);
    })
    .openapi(list, async (c) => {
      const { caller } = c.var;
      requireRole(caller, "viewer");
      const { limit = MOST_LISTED, cursor, ...filters } = c.req.valid("query");
      const binding = ["contracts", filters, caller.keyId];
      const after = cursor === undefined ? undefined : deps.cursors.decode(binding, cursor);
      const page = await deps.db.transaction(
        scopeOf(caller),
        async (tx) => ({
          rows: await listRevisions(tx, filters, {
            limit: limit + 1,
            after: after as Position | undefined,
          }),
          ...(await countRevisions(tx, filters)),
        }),
        { snapshot: true },
      );
      const { rows, ...counts } = page;
      const contracts = rows.slice(0, limit);
      const last = rows.length > limit ? contracts.at(-1) : undefined;
      const next_cursor = last
        ? deps.cursors.encode(binding, [last.created_at, last.revision_id, last.project_id])
        : null;
      return c.json(
        { contracts, total: counts.total, total_is_exact: counts.total_is_exact, next_cursor },
        200,
      );
    })
    .openapi(one, async (c) => {
      const { caller } = c.var;
      requireRole(caller, "viewer");
      const { revision_id } = c.req.valid("param");
      const found = await deps.db.transaction(
        scopeOf(caller),
        (tx) => findDetail(tx, caller, revision_id, c.var.language),
        { snapshot: true },
      );
      return c.json(found, 200);
    });
}
