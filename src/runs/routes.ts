import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { type ApiEnv, requireProject, requireRole, scopeOf } from "../identity/index.ts";
import { uuid } from "../platform/contract.ts";
import type { Database } from "../platform/database/index.ts";
import { answers, newApi, problems } from "../platform/http/index.ts";
import { cancelRun, endClientRun, retryRun, runOfCaller } from "./actions.ts";
import { agentOf, openClientRun } from "./client.ts";
import {
  cancelRunBody,
  completeRunBody,
  failRunBody,
  openRunBody,
  retryRunBody,
  runRef,
} from "./contract.ts";
import type { RunRow } from "./queries.ts";
import type { RunEffects } from "./transition.ts";

const params = z.object({ run_id: uuid });
const json = <T extends z.ZodType>(schema: T) => ({
  body: { content: { "application/json": { schema } }, required: true },
});

function action<P extends string, B extends z.ZodType>(path: P, summary: string, body: B) {
  return createRoute({
    method: "post",
    path,
    summary,
    request: { params, ...json(body) },
    responses: {
      200: answers("The run as it is now", runRef),
      ...problems(401, 403, 404, 409, 422),
    },
  });
}

const open = createRoute({
  method: "post",
  path: "/runs",
  summary: "Open a client run (with an agent's key)",
  request: json(openRunBody),
  responses: { 201: answers("The open run", runRef), ...problems(401, 403, 404, 422) },
});
const cancel = action("/runs/{run_id}/cancel", "Cancel a run", cancelRunBody);
const retry = action("/runs/{run_id}/retry", "Start an ended run anew, as a new run", retryRunBody);
const complete = action("/runs/{run_id}/complete", "End a client run well", completeRunBody);
const fail = action("/runs/{run_id}/fail", "End a client run as failed", failRunBody);

const refTo = ({ run_id, project_id, state }: RunRow) => ({ run_id, project_id, state });

/** Acting on runs: open, cancel, retry, complete, fail; to be mounted under /api/v1. */
export function runRoutes(deps: { db: Database; effects: RunEffects }) {
  return newApi<ApiEnv>()
    .openapi(open, async (c) => {
      const { project_id, ...body } = c.req.valid("json");
      const agent = agentOf(c.var.caller);
      if (project_id !== undefined) requireProject(c.var.caller, project_id);
      const run = await openClientRun(deps.db, deps.effects, agent, {
        title: body.title,
        triggerRef: body.trigger_ref,
        traceId: body.trace_id,
        input: body.input,
        fresh: true,
      });
      return c.json(refTo(run), 201);
    })
    .openapi(cancel, async (c) => {
      const { caller } = c.var;
      const { project_id, reason } = c.req.valid("json");
      requireRole(caller, "operator");
      const run = await deps.db.transaction(scopeOf(caller), async (tx) => {
        const found = await runOfCaller(tx, caller, c.req.valid("param").run_id, project_id);
        return cancelRun(tx, deps.effects, found, { actor: caller.actor, reason });
      });
      return c.json(refTo(run), 200);
    })
    .openapi(retry, async (c) => {
      const { caller } = c.var;
      const { project_id } = c.req.valid("json");
      requireRole(caller, "operator");
      const run = await deps.db.transaction(scopeOf(caller), async (tx) => {
        const found = await runOfCaller(tx, caller, c.req.valid("param").run_id, project_id);
        return retryRun(tx, deps.effects, found, { actor: caller.actor });
      });
      return c.json(refTo(run), 200);
    })
    .openapi(complete, async (c) => {
      const { project_id, result } = c.req.valid("json");
      agentOf(c.var.caller);
      const run = { runId: c.req.valid("param").run_id, projectId: project_id };
      const change = { event: "complete", patch: { result } } as const;
      return c.json(refTo(await endClientRun(deps, c.var.caller, run, change)), 200);
    })
    .openapi(fail, async (c) => {
      const { project_id, error_code, error_detail } = c.req.valid("json");
      agentOf(c.var.caller);
      const run = { runId: c.req.valid("param").run_id, projectId: project_id };
      const patch = { error_code, ...(error_detail === undefined ? {} : { error_detail }) };
      const change = { event: "fail", patch } as const;
      return c.json(refTo(await endClientRun(deps, c.var.caller, run, change)), 200);
    });
}
