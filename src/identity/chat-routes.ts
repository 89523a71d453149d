import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { answers, newApi, problems } from "../platform/http/index.ts";
import type { ApiEnv } from "./caller.ts";
import {
  chatLinkListQuery,
  chatLinkListSchema,
  chatLinkParams,
  linkCodeSchema,
  newLinkCodeBody,
} from "./chat-contract.ts";
import { createChatLinks } from "./chat-service.ts";

const tags = ["identity"];

const makeCode = createRoute({
  method: "post",
  path: "/chat-links/codes",
  tags,
  summary: "Ask for the one-time code that links your chat account to your key",
  request: {
    body: { required: true, content: { "application/json": { schema: newLinkCodeBody } } },
  },
  responses: { 201: answers("The code", linkCodeSchema), ...problems(401, 403, 404, 422) },
});

const list = createRoute({
  method: "get",
  path: "/chat-links",
  tags,
  summary: "Who is linked with which chat account, newest first",
  request: { query: chatLinkListQuery },
  responses: { 200: answers("Links", chatLinkListSchema), ...problems(401, 403, 422) },
});

const remove = createRoute({
  method: "delete",
  path: "/chat-links/{link_id}",
  tags,
  summary: "Take a link with a chat back",
  request: { params: chatLinkParams },
  responses: { 204: { description: "Taken back" }, ...problems(401, 403, 404, 422) },
});

/** Links between people in chats and keys. */
export function chatLinkRoutes(deps: Parameters<typeof createChatLinks>[0]): OpenAPIHono<ApiEnv> {
  const links = createChatLinks(deps);
  return newApi<ApiEnv>()
    .openapi(makeCode, async (c) =>
      c.json(await links.createCode(c.get("caller"), c.req.valid("json").project_id), 201),
    )
    .openapi(list, async (c) =>
      c.json(await links.list(c.get("caller"), c.req.valid("query")), 200),
    )
    .openapi(remove, async (c) => {
      await links.remove(c.get("caller"), c.req.valid("param").link_id);
      return c.body(null, 204);
    });
}
