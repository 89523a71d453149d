import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import type { ApiEnv } from "../identity/index.ts";
import { uuid } from "../platform/contract.ts";
import { answers, newApi, problems } from "../platform/http/index.ts";
import {
  diffResponse,
  draftRequest,
  draftResponse,
  lifecycleRequest,
  rejectRequest,
  revisionHead,
  validateResponse,
} from "./lifecycle-contract.ts";
import type { Contracts } from "./service.ts";

const tags = ["contracts"];
const params = z.object({ revision_id: uuid });
const json = <T extends z.ZodType>(schema: T) => ({
  body: { content: { "application/json": { schema } }, required: true },
});

const draft = createRoute({
  method: "post",
  path: "/contracts",
  tags,
  summary: "Draft a contract revision",
  request: json(draftRequest),
  responses: {
    201: answers("The draft", draftResponse),
    ...problems(401, 403, 404, 409, 422),
  },
});

const validate = createRoute({
  method: "post",
  path: "/contracts/validate",
  tags,
  summary: "Check a contract without storing it",
  request: json(draftRequest),
  responses: {
    200: answers("What is wrong with it, or what it would change", validateResponse),
    ...problems(401, 403, 404, 422),
  },
});

const diff = createRoute({
  method: "get",
  path: "/contracts/{a}/diff/{b}",
  tags,
  summary: "Compare two revisions: permissions, then the JSON Patch from a to b",
  request: { params: z.object({ a: uuid, b: uuid }) },
  responses: {
    200: answers("How b differs from a", diffResponse),
    ...problems(401, 403, 404, 422),
  },
});

function action<E extends string, B extends z.ZodType>(event: E, summary: string, body: B) {
  return createRoute({
    method: "post",
    path: `/contracts/{revision_id}/${event}` as const,
    tags,
    summary,
    request: { params, ...json(body) },
    responses: {
      200: answers("The revision as it is now", revisionHead),
      ...problems(401, 403, 404, 409, 422),
    },
  });
}

const submit = action("submit", "Submit a draft for review", lifecycleRequest);
const approve = action("approve", "Approve a revision in review", lifecycleRequest);
const reject = action("reject", "Reject a revision in review, for good", rejectRequest);
const activate = action("activate", "Make an approved revision the active one", lifecycleRequest);
const deprecate = action("deprecate", "Take the active revision out of use", lifecycleRequest);
const retire = action("retire", "Retire a deprecated revision, for good", lifecycleRequest);

/** A contract's way from a draft to its end; to be mounted under /api/v1. */
export function lifecycleRoutes({ contracts }: { contracts: Contracts }) {
  return newApi<ApiEnv>()
    .openapi(draft, async (c) => {
      const { caller, language } = c.var;
      return c.json(await contracts.draft(caller, c.req.valid("json"), language), 201);
    })
    .openapi(validate, async (c) => {
      const { caller, language } = c.var;
      return c.json(await contracts.validate(caller, c.req.valid("json"), language), 200);
    })
    .openapi(diff, async (c) => {
      const { caller, language } = c.var;
      return c.json(await contracts.diff(caller, c.req.valid("param"), language), 200);
    })
    .openapi(submit, async (c) =>
      c.json(await act(c.var, "submit", c.req.valid("param"), c.req.valid("json")), 200),
    )
    .openapi(approve, async (c) =>
      c.json(await act(c.var, "approve", c.req.valid("param"), c.req.valid("json")), 200),
    )
    .openapi(reject, async (c) =>
      c.json(await act(c.var, "reject", c.req.valid("param"), c.req.valid("json")), 200),
    )
    .openapi(activate, async (c) =>
      c.json(await act(c.var, "activate", c.req.valid("param"), c.req.valid("json")), 200),
    )
    .openapi(deprecate, async (c) =>
      c.json(await act(c.var, "deprecate", c.req.valid("param"), c.req.valid("json")), 200),
    )
    .openapi(retire, async (c) =>
      c.json(await act(c.var, "retire", c.req.valid("param"), c.req.valid("json")), 200),
    );

  function act(
    { caller, language }: ApiEnv["Variables"],
    event: Parameters<Contracts["act"]>[1]["event"],
    { revision_id: revisionId }: { revision_id: string },
    { reason }: { reason?: string | undefined },
  ) {
    return contracts.act(caller, { revisionId, event, reason }, language);
  }
}
