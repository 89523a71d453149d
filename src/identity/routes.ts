import { getConnInfo } from "@hono/node-server/conninfo";
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { text } from "../platform/contract.ts";
import { answers, newApi, problems } from "../platform/http/index.ts";
import type { ApiEnv } from "./caller.ts";
import {
  keyListQuery,
  keyListSchema,
  newKeyBody,
  newKeySchema,
  sessionSchema,
  signInBody,
} from "./contract.ts";
import type { Keys } from "./key-service.ts";
import type { Identity } from "./service.ts";

const body = <S extends z.ZodType>(schema: S) => ({
  required: true,
  content: { "application/json": { schema } },
});

const signIn = createRoute({
  method: "post",
  path: "/session",
  tags: ["identity"],
  summary: "Sign in to the console with a key",
  security: [],
  request: { body: body(signInBody) },
  responses: {
    200: answers("Signed in; the session is in a cookie", sessionSchema),
    ...problems(401, 403, 421, 422, 429),
  },
});

const whoAmI = createRoute({
  method: "get",
  path: "/session",
  tags: ["identity"],
  summary: "Who is asking, and which projects they see",
  responses: { 200: answers("The caller", sessionSchema), ...problems(401) },
});

const signOut = createRoute({
  method: "delete",
  path: "/session",
  tags: ["identity"],
  summary: "End the session",
  responses: { 204: { description: "Signed out" }, ...problems(401, 403) },
});

const makeKey = createRoute({
  method: "post",
  path: "/keys",
  tags: ["identity"],
  summary: "Make a key; its text is shown this once",
  request: { body: body(newKeyBody) },
  responses: { 201: answers("The key", newKeySchema), ...problems(401, 403, 422) },
});

const listKeys = createRoute({
  method: "get",
  path: "/keys",
  tags: ["identity"],
  summary: "Keys, newest first",
  request: { query: keyListQuery },
  responses: { 200: answers("Keys", keyListSchema), ...problems(401, 403, 422) },
});

const revokeKey = createRoute({
  method: "delete",
  path: "/keys/{key_id}",
  tags: ["identity"],
  summary: "Revoke a key and end its sessions",
  request: { params: z.object({ key_id: text(1, 64) }) },
  responses: { 204: { description: "Revoked" }, ...problems(401, 403, 404) },
});

/** Signing in and out, and administering keys. */
export function identityRoutes(deps: { identity: Identity; keys: Keys }): OpenAPIHono<ApiEnv> {
  const { identity, keys } = deps;
  return newApi<ApiEnv>()
    .openapi(signIn, async (c) => {
      const { key } = c.req.valid("json");
      const address = getConnInfo(c).remote.address ?? "unknown";
      const { caller, cookie } = await identity.signIn(c.req.raw, { key, address });
      c.header("set-cookie", cookie);
      return c.json(await identity.session(caller), 200);
    })
    .openapi(whoAmI, async (c) => c.json(await identity.session(c.get("caller")), 200))
    .openapi(signOut, async (c) => {
      c.header("set-cookie", await identity.signOut(c.req.raw));
      return c.body(null, 204);
    })
    .openapi(makeKey, async (c) =>
      c.json(await keys.create(c.get("caller"), c.req.valid("json")), 201),
    )
    .openapi(listKeys, async (c) =>
      c.json(await keys.list(c.get("caller"), c.req.valid("query")), 200),
    )
    .openapi(revokeKey, async (c) => {
      await keys.revoke(c.get("caller"), c.req.valid("param").key_id);
      return c.body(null, 204);
    });
}
