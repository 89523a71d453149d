import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import type { ApiEnv } from "../identity/index.ts";
import { answers, newApi, problems } from "../platform/http/index.ts";
import {
  newTenantBody,
  tenantListQuery,
  tenantListSchema,
  tenantParams,
  tenantPatch,
  tenantSchema,
} from "./contract.ts";
import type { Tenants } from "./service.ts";

const create = createRoute({
  method: "post",
  path: "/tenants",
  tags: ["tenants"],
  summary: "Make a project",
  request: {
    body: { required: true, content: { "application/json": { schema: newTenantBody } } },
  },
  responses: { 201: answers("The project", tenantSchema), ...problems(401, 403, 409, 422) },
});

const list = createRoute({
  method: "get",
  path: "/tenants",
  tags: ["tenants"],
  summary: "Projects, by id",
  request: { query: tenantListQuery },
  responses: { 200: answers("Projects", tenantListSchema), ...problems(401, 403, 422) },
});

const change = createRoute({
  method: "patch",
  path: "/tenants/{project_id}",
  tags: ["tenants"],
  summary: "Change a project: its name, mode, budget, or whether it is active",
  request: {
    params: tenantParams,
    body: { required: true, content: { "application/json": { schema: tenantPatch } } },
  },
  responses: { 200: answers("The project", tenantSchema), ...problems(401, 403, 404, 422) },
});

/** Projects over HTTP. */
export function tenantRoutes(deps: { tenants: Tenants }): OpenAPIHono<ApiEnv> {
  const { tenants } = deps;
  return newApi<ApiEnv>()
    .openapi(create, async (c) =>
      c.json(await tenants.create(c.get("caller"), c.req.valid("json")), 201),
    )
    .openapi(list, async (c) =>
      c.json(await tenants.list(c.get("caller"), c.req.valid("query")), 200),
    )
    .openapi(change, async (c) => {
      const { project_id } = c.req.valid("param");
      return c.json(await tenants.change(c.get("caller"), project_id, c.req.valid("json")), 200);
    });
}
