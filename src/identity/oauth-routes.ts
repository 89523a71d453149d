import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { answers, newApi, problems } from "../platform/http/index.ts";
import type { ApiEnv } from "./caller.ts";
import {
  newOAuthClientBody,
  oauthClientListQuery,
  oauthClientListSchema,
  oauthClientParams,
  oauthClientSchema,
} from "./oauth-contract.ts";
import { createOAuthClients } from "./oauth-service.ts";

const create = createRoute({
  method: "post",
  path: "/oauth-clients",
  tags: ["identity"],
  summary: "Let the access tokens of a client in as an agent",
  request: {
    body: { required: true, content: { "application/json": { schema: newOAuthClientBody } } },
  },
  responses: {
    201: answers("The client", oauthClientSchema),
    ...problems(401, 403, 404, 409, 422),
  },
});

const list = createRoute({
  method: "get",
  path: "/oauth-clients",
  tags: ["identity"],
  summary: "Clients whose access tokens are agents, newest first",
  request: { query: oauthClientListQuery },
  responses: { 200: answers("Clients", oauthClientListSchema), ...problems(401, 403, 422) },
});

const revoke = createRoute({
  method: "delete",
  path: "/oauth-clients/{oauth_client_id}",
  tags: ["identity"],
  summary: "Let the access tokens of a client in no more",
  request: { params: oauthClientParams },
  responses: { 204: { description: "Revoked" }, ...problems(401, 403, 404, 422) },
});

/** Administering which clients of authorization servers are which agents. */
export function oauthClientRoutes(
  deps: Parameters<typeof createOAuthClients>[0],
): OpenAPIHono<ApiEnv> {
  const oauthClients = createOAuthClients(deps);
  return newApi<ApiEnv>()
    .openapi(create, async (c) =>
      c.json(await oauthClients.create(c.get("caller"), c.req.valid("json")), 201),
    )
    .openapi(list, async (c) =>
      c.json(await oauthClients.list(c.get("caller"), c.req.valid("query")), 200),
    )
    .openapi(revoke, async (c) => {
      await oauthClients.revoke(c.get("caller"), c.req.valid("param").oauth_client_id);
      return c.body(null, 204);
    });
}
