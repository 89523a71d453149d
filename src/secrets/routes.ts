import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import {
  type ApiEnv,
  requireProject,
  requireRole,
  scopeOf,
  unknownProject,
} from "../identity/index.ts";
import type { Database } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { answers, type Cursors, newApi, problems } from "../platform/http/index.ts";
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
import { countSecrets, deleteSecret, listSecrets, putSecret } from "./queries.ts";

const DEFAULT_LIMIT = 50;

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
      const [after] = cursor === undefined ? [] : cursors.decode(binding, cursor);
      const answer = await db.transaction(scopeOf(caller), async (tx) => {
        const position = after === undefined ? undefined : String(after);
        const rows = await listSecrets(tx, projectId, { limit: limit + 1, after: position });
        return { rows, total: await countSecrets(tx, projectId) };
      });
      const secrets = answer.rows.slice(0, limit);
      const last = answer.rows.length > limit ? secrets.at(-1) : undefined;
      const next_cursor = last ? cursors.encode(binding, [last.name]) : null;
      return c.json({ secrets, total: answer.total, total_is_exact: true, next_cursor }, 200);
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
