import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import type { ApiEnv } from "../identity/index.ts";
import { answers, newApi, problems } from "../platform/http/index.ts";
import {
  newTenantBody,
  spendQuery,
  spendSchema,
  tenantListQuery,
  tenantListSchema,
  tenantPageSchema,
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

const show = createRoute({
  method: "get",
  path: "/tenants/{project_id}",
  tags: ["tenants"],
  summary: "A project with its month's spend, its open runs and what it keeps for how long",
  request: { params: tenantParams },
  responses: { 200: answers("The project", tenantPageSchema), ...problems(401, 403, 404, 422) },
});

const spend = createRoute({
  method: "get",
  path: "/tenants/{project_id}/spend",
  tags: ["tenants"],
  summary: "What a project spent, by calendar month (UTC), newest first",
  request: { params: tenantParams, query: spendQuery },
  responses: { 200: answers("The months", spendSchema), ...problems(401, 403, 404, 422) },
});

const change = createRoute({
  method: "patch",
  path: "/tenants/{project_id}",
  tags: ["tenants"],
  summary:
    "Change a project: its name, mode, budget, what it keeps for how long, or whether it is active",
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
    .openapi(show, async (c) =>
      c.json(await tenants.show(c.get("caller"), c.req.valid("param").project_id), 200),
    )
    .openapi(spend, async (c) => {
      const { project_id } = c.req.valid("param");
      const { months } = c.req.valid("query");
      return c.json(await tenants.spend(c.get("caller"), project_id, months), 200);
    })
    .openapi(change, async (c) => {
      const { project_id } = c.req.valid("param");
      return c.json(await tenants.change(c.get("caller"), project_id, c.req.valid("json")), 200);
    });
}
