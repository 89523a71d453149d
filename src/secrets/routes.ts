import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import {
  type ApiEnv,
  requireProject,
  requireRole,
  scopeOf,
  unknownProject,
} from "../identity/index.ts";
import type { Database } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { answers, type Cursors, newApi, openPage, problems } from "../platform/http/index.ts";
import type { Sealer } from "../platform/sealing.ts";
import { readProject } from "../tenants/index.ts";
import {
  secretBody,
  secretListQuery,
  secretListSchema,
  secretOfProject,
  secretParams,
  secretSchema,
} from "./contract.ts";
import { deleteSecret, listSecrets, putSecret } from "./queries.ts";

const DEFAULT_LIMIT = 50;
const position: z.ZodType<[name: string]> = z.tuple([z.string()]);

const put = createRoute({
  method: "put",
  path: "/secrets/{name}",
  tags: ["secrets"],
  summary: "Store a secret's value; it can be used by contracts and never read back",
  request: {
    params: secretParams,
    body: { required: true, content: { "application/json": { schema: secretBody } } },
  },
  responses: { 200: answers("The secret", secretSchema), ...problems(401, 403, 404, 422) },
});

const list = createRoute({
  method: "get",
  path: "/secrets",
  tags: ["secrets"],
  summary: "Names of a project's secrets",
  request: { query: secretListQuery },
  responses: { 200: answers("Secrets", secretListSchema), ...problems(401, 403, 422) },
});

const remove = createRoute({
  method: "delete",
  path: "/secrets/{name}",
  tags: ["secrets"],
  summary: "Delete a secret",
  request: { params: secretParams, query: secretOfProject },
  responses: { 204: { description: "Deleted" }, ...problems(401, 403, 404, 422) },
});

/** Secrets over HTTP: stored, listed by name, deleted, never read. */
export function secretRoutes(deps: {
  db: Database;
  sealer: Sealer;
  cursors: Cursors;
}): OpenAPIHono<ApiEnv> {
  const { db, sealer, cursors } = deps;
  return newApi<ApiEnv>()
    .openapi(put, async (c) => {
      const caller = c.get("caller");
      const { name } = c.req.valid("param");
      const { project_id: projectId, value } = c.req.valid("json");
      requireProject(caller, projectId);
      requireRole(caller, "admin");
      const row = await db.transaction(scopeOf(caller), async (tx) => {
        if (!(await readProject(tx, projectId))) throw unknownProject(projectId);
        return putSecret(tx, sealer, { projectId, name, value, actor: caller.actor });
      });
      return c.json(row, 200);
    })
    .openapi(list, async (c) => {
      const caller = c.get("caller");
      requireRole(caller, "operator");
      const { project_id: projectId, cursor, limit = DEFAULT_LIMIT } = c.req.valid("query");
      const binding = ["secrets", projectId, caller.keyId];
      const { place, cut } = openPage(cursors, { binding, cursor, limit, position });
      const { rows, total } = await db.transaction(
        scopeOf(caller),
        (tx) => listSecrets(tx, projectId, place),
        { snapshot: true },
      );
      const { rows: secrets, ...more } = cut(rows, (row) => [row.name]);
      return c.json({ secrets, total: total.count, total_is_exact: total.isExact, ...more }, 200);
    })
    .openapi(remove, async (c) => {
      const caller = c.get("caller");
      const { name } = c.req.valid("param");
      const { project_id: projectId } = c.req.valid("query");
      requireProject(caller, projectId);
      requireRole(caller, "admin");
      const found = await db.transaction(scopeOf(caller), (tx) =>
        deleteSecret(tx, { projectId, name, actor: caller.actor }),
      );
      if (!found) {
        throw new AppError("E-NOT-FOUND", `The project "${projectId}" has no secret "${name}".`);
      }
      return c.body(null, 204);
    });
}
