import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import type { Actor } from "../audit/index.ts";
import { type ApiEnv, type Caller, requireRole, scopeOf, sees } from "../identity/index.ts";
import { text, uuid } from "../platform/contract.ts";
import { AppError } from "../platform/errors.ts";
import { answers, newApi, problems } from "../platform/http/index.ts";
import { decideAnswer, decideBody } from "./contract.ts";
import { type DecideDeps, decide } from "./decide.ts";

const route = createRoute({
  method: "post",
  path: "/approvals/{run_id}/decide",
  summary: "Decide about a question of a run",
  request: {
    params: z.object({ run_id: uuid }),
    headers: z.object({ "idempotency-key": text(1, 255).optional() }),
    body: { content: { "application/json": { schema: decideBody } }, required: true },
  },
  responses: {
    200: answers("What the decision came to", decideAnswer),
    ...problems(401, 403, 404, 409, 410, 422),
  },
});

/** Deciding about questions; to be mounted under /api/v1. */
export function decideRoutes(deps: DecideDeps) {
  return newApi<ApiEnv>().openapi(route, async (c) => {
    const { caller } = c.var;
    const body = c.req.valid("json");
    requireRole(caller, "operator");
    if (!sees(caller, body.project_id))
      throw new AppError("E-NOT-FOUND", "There is no such run in this project.");
    const answer = await decide(deps, {
      scope: scopeOf(caller),
      projectId: body.project_id,
      runId: c.req.valid("param").run_id,
      decision: body.decision,
      reason: body.reason ?? "",
      approvalId: body.approval_id,
      approver: approverOf(caller, body.approver_id),
      via: { keyId: caller.keyId, actor: caller.actor },
      surface: caller.surface,
      idempotencyKey: c.req.valid("header")["idempotency-key"],
    });
    return c.json(answer, 200);
  });
}

/** The authenticated caller, or the person it speaks for where its key may. */
function approverOf(caller: Caller, approverId: string | undefined): Actor {
  if (approverId === undefined || approverId === caller.actor.id) return caller.actor;
  if (!caller.mayActForOthers) {
    throw new AppError("E-FORBIDDEN", "This key may not decide for others; leave approver_id out.");
  }
  return { kind: caller.actor.kind, id: approverId };
}
