import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import type { Actor } from "../audit/index.ts";
import { type ApiEnv, type Caller, requireRole, scopeOf, sees } from "../identity/index.ts";
import { text, uuid } from "../platform/contract.ts";
import type { Database } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { answers, newApi, problems } from "../platform/http/index.ts";
import { readRun } from "../runs/index.ts";
import { decideAnswer, decideBody } from "./contract.ts";
import { type DecideDeps, decide, unknownRun } from "./decide.ts";

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
    const runId = c.req.valid("param").run_id;
    const approver = await approverOf(deps.db, caller, { ...body, runId });
    const answer = await decide(deps, {
      scope: scopeOf(caller),
      projectId: body.project_id,
      runId,
      decision: body.decision,
      reason: body.reason ?? "",
      approvalId: body.approval_id,
      args: body.arguments,
      argsHash: body.args_hash,
      approver,
      role: roleOf(caller, approver),
      via: { keyId: caller.keyId, actor: caller.actor },
      surface: caller.surface,
      language: c.var.language,
      idempotencyKey: c.req.valid("header")["idempotency-key"],
    });
    return c.json(answer, 200);
  });
}

/** The role of the approver's own key; undefined for who is spoken for. */
export function roleOf(caller: Caller, approver: Actor): Caller["role"] | undefined {
  return approver.id === caller.actor.id ? caller.role : undefined;
}

interface Wish {
  project_id: string;
  runId: string;
  approver_id?: string | undefined;
}

/**
 * The authenticated caller, or the person it speaks for where its key may.
 *
 * @throws AppError E-NOT-FOUND for a run the caller may not see, before E-FORBIDDEN without the right to decide
 */
export async function approverOf(db: Database, caller: Caller, wish: Wish): Promise<Actor> {
  if (!sees(caller, wish.project_id)) throw unknownRun();
  const { kind, id } = caller.actor;
  const speaksFor = wish.approver_id ?? id;
  const mayDecide = caller.role === "operator" || caller.role === "admin";
  if (mayDecide && (speaksFor === id || caller.mayActForOthers)) return { kind, id: speaksFor };
  const run = await db.transaction(scopeOf(caller), (tx) =>
    readRun(tx, wish.project_id, wish.runId),
  );
  if (!run) throw unknownRun();
  requireRole(caller, "operator");
  throw new AppError("E-FORBIDDEN", "This key may not decide for others; leave approver_id out.");
}
