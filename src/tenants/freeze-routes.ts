import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import type { ApiEnv } from "../identity/index.ts";
import { answers, newApi, problems } from "../platform/http/index.ts";
import {
  freezeListQuery,
  freezeListSchema,
  freezeParams,
  frozenSchema,
  liftBody,
  liftedSchema,
  newFreezeBody,
} from "./freeze-contract.ts";
import type { Freezes } from "./freezes.ts";

const set = createRoute({
  method: "post",
  path: "/freezes",
  tags: ["freezes"],
  summary: "Stop an agent, a project or everything: no new call passes the first gate",
  request: {
    body: { required: true, content: { "application/json": { schema: newFreezeBody } } },
  },
  responses: {
    200: answers("It is frozen already: the freeze that stands", frozenSchema),
    201: answers("The freeze, and the calls that had got through before it", frozenSchema),
    ...problems(401, 403, 404, 422),
  },
});

const list = createRoute({
  method: "get",
  path: "/freezes",
  tags: ["freezes"],
  summary: "What is frozen and what was, newest first",
  request: { query: freezeListQuery },
  responses: { 200: answers("Freezes", freezeListSchema), ...problems(401, 403, 422) },
});

const lift = createRoute({
  method: "post",
  path: "/freezes/{freeze_id}/lift",
  tags: ["freezes"],
  summary: "Lift a freeze",
  request: {
    params: freezeParams,
    body: { required: true, content: { "application/json": { schema: liftBody } } },
  },
  responses: {
    200: answers("The lifted freeze, and those that stand there all the same", liftedSchema),
    ...problems(401, 403, 404, 422),
  },
});

/** The kill switch over HTTP. */
export function freezeRoutes(deps: { freezes: Freezes }): OpenAPIHono<ApiEnv> {
  const { freezes } = deps;
  return newApi<ApiEnv>()
    .openapi(set, async (c) => {
      const { frozen, isNew } = await freezes.set(c.get("caller"), c.req.valid("json"));
      return c.json(frozen, isNew ? 201 : 200);
    })
    .openapi(list, async (c) =>
      c.json(await freezes.list(c.get("caller"), c.req.valid("query")), 200),
    )
    .openapi(lift, async (c) => {
      const { freeze_id } = c.req.valid("param");
      const { reason } = c.req.valid("json");
      return c.json(await freezes.lift(c.get("caller"), freeze_id, reason), 200);
    });
}
