import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import type { z } from "zod";
import { answers, newApi, problems } from "../platform/http/index.ts";
import type { ApiEnv } from "./caller.ts";
import { chatLinkRoutes } from "./chat-routes.ts";
import { createDelegations } from "./delegation-service.ts";
import {
  delegationListQuery,
  delegationListSchema,
  delegationParams,
  delegationSchema,
  memberListQuery,
  memberListSchema,
  memberOfProject,
  memberParams,
  memberPatch,
  memberSchema,
  newDelegationBody,
  newMemberBody,
} from "./member-contract.ts";
import { createMembers } from "./member-service.ts";

const tags = ["identity"];
const body = <S extends z.ZodType>(schema: S) => ({
  required: true,
  content: { "application/json": { schema } },
});

const create = createRoute({
  method: "post",
  path: "/members",
  tags,
  summary: "Make somebody a member of a project",
  request: { body: body(newMemberBody) },
  responses: { 201: answers("The member", memberSchema), ...problems(401, 403, 404, 409, 422) },
});

const list = createRoute({
  method: "get",
  path: "/members",
  tags,
  summary: "The people of projects, by id",
  request: { query: memberListQuery },
  responses: { 200: answers("Members", memberListSchema), ...problems(401, 403, 422) },
});

const show = createRoute({
  method: "get",
  path: "/members/{member_id}",
  tags,
  summary: "A member of a project",
  request: { params: memberParams, query: memberOfProject },
  responses: { 200: answers("The member", memberSchema), ...problems(401, 403, 404, 422) },
});

const change = createRoute({
  method: "patch",
  path: "/members/{member_id}",
  tags,
  summary: "Change a member: name, role, groups, or whether they are active",
  request: { params: memberParams, body: body(memberPatch) },
  responses: { 200: answers("The member", memberSchema), ...problems(401, 403, 404, 422) },
});

const lend = createRoute({
  method: "post",
  path: "/delegations",
  tags,
  summary: "Lend the right to approve to another member until a time",
  request: { body: body(newDelegationBody) },
  responses: { 201: answers("The delegation", delegationSchema), ...problems(401, 403, 404, 422) },
});

const lent = createRoute({
  method: "get",
  path: "/delegations",
  tags,
  summary: "Rights that are or were lent, newest first",
  request: { query: delegationListQuery },
  responses: { 200: answers("Delegations", delegationListSchema), ...problems(401, 403, 422) },
});

const takeBack = createRoute({
  method: "delete",
  path: "/delegations/{delegation_id}",
  tags,
  summary: "Take a right back that was lent",
  request: { params: delegationParams },
  responses: { 204: { description: "Taken back" }, ...problems(401, 403, 404, 422) },
});

/** The people of projects, what they lend to each other, and who they are in chats. */
export function memberRoutes(deps: Parameters<typeof createMembers>[0]): OpenAPIHono<ApiEnv> {
  const members = createMembers(deps);
  const delegations = createDelegations(deps);
  return newApi<ApiEnv>()
    .openapi(create, async (c) =>
      c.json(await members.create(c.get("caller"), c.req.valid("json")), 201),
    )
    .openapi(list, async (c) =>
      c.json(await members.list(c.get("caller"), c.req.valid("query")), 200),
    )
    .openapi(show, async (c) => {
      const { project_id } = c.req.valid("query");
      const { member_id } = c.req.valid("param");
      return c.json(await members.show(c.get("caller"), project_id, member_id), 200);
    })
    .openapi(change, async (c) => {
      const { member_id } = c.req.valid("param");
      return c.json(await members.change(c.get("caller"), member_id, c.req.valid("json")), 200);
    })
    .openapi(lend, async (c) =>
      c.json(await delegations.create(c.get("caller"), c.req.valid("json")), 201),
    )
    .openapi(lent, async (c) =>
      c.json(await delegations.list(c.get("caller"), c.req.valid("query")), 200),
    )
    .openapi(takeBack, async (c) => {
      await delegations.revoke(c.get("caller"), c.req.valid("param").delegation_id);
      return c.body(null, 204);
    })
    .route("/", chatLinkRoutes(deps));
}
