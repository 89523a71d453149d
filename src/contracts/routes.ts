import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { type ApiEnv, requireRole, scopeOf } from "../identity/index.ts";
import { uuid } from "../platform/contract.ts";
import type { Database } from "../platform/database/index.ts";
import {
  answers,
  type Cursors,
  newApi,
  openPage,
  problems,
  timeAndId,
} from "../platform/http/index.ts";
import { applyRequest, applyResponse, contractsQuery, contractsResponse } from "./contract.ts";
import { findDetail } from "./heads.ts";
import { revisionDetail } from "./lifecycle-contract.ts";
import { listRevisions } from "./queries.ts";
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
      const { place, cut } = openPage(deps.cursors, {
        binding,
        cursor,
        limit,
        position: timeAndId,
      });
      const { rows, total } = await deps.db.transaction(
        scopeOf(caller),
        (tx) => listRevisions(tx, caller, filters, place),
        { snapshot: true },
      );
      const page = cut(rows, (row) => [row.created_at, row.revision_id]);
      return c.json(
        {
          contracts: page.rows,
          total: total.count,
          total_is_exact: total.isExact,
          next_cursor: page.next_cursor,
          prev_cursor: page.prev_cursor,
        },
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
