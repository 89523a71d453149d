import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { type ApiEnv, requireProject } from "../identity/index.ts";
import { AppError } from "../platform/errors.ts";
import { answers, newApi, problems, whenSent } from "../platform/http/index.ts";
import { redact } from "../platform/redact.ts";
import { agentOf, type OpenRuns } from "../runs/index.ts";
import type { CallDeps } from "./deps.ts";
import { noteDelivered } from "./kept.ts";
import type { CallOutcome } from "./outcome.ts";
import { toolCallBody, toolCallPending, toolCallResult } from "./tool-call-contract.ts";
import { makeCall } from "./traced.ts";

const route = createRoute({
  method: "post",
  path: "/tool-calls",
  tags: ["calls"],
  summary: "Call a tool without MCP (with an agent's key)",
  description:
    "The same as `tools/call` at /mcp: the same gates, the same record. Answered with 202 while a person has to decide: wait with `GET /approvals/{approval_id}/wait`, then repeat the identical request to get the result or the refusal. A call that a gate stopped is a problem with the gate's code.",
  request: { body: { content: { "application/json": { schema: toolCallBody } }, required: true } },
  responses: {
    200: answers("The tool's answer", toolCallResult),
    202: answers("A person has to decide first; nothing was executed", toolCallPending),
    ...problems(401, 403, 404, 409, 410, 422, 429, 500, 502, 503, 504),
  },
});

/** `POST /tool-calls`. */
export function toolCallRoutes(deps: { calls: CallDeps; runs: OpenRuns }): OpenAPIHono<ApiEnv> {
  const { calls, runs } = deps;
  return newApi<ApiEnv>().openapi(route, async (c) => {
    const { caller } = c.var;
    const agent = agentOf(caller);
    const { project_id, run_id, server, tool, arguments: args = {}, reason } = c.req.valid("json");
    if (project_id !== undefined) requireProject(caller, project_id);
    const run = await runs.open(agent, { runId: run_id });
    const outcome = await makeCall(calls, {
      projectId: agent.projectId,
      runId: run.run_id,
      // What is known beforehand knows tools by the name the agent sees.
      run: server === undefined ? run : undefined,
      mayMove: run_id === undefined,
      keyId: caller.keyId,
      // That of an MCP client's calls: whichever way a call is repeated, it is the same one.
      callKey: "mcp",
      server,
      tool,
      args,
      agentReason: reason?.trim() || undefined,
      signal: c.req.raw.signal,
    });
    const { kept } = outcome;
    if (kept) whenSent(c.env)(() => noteDelivered(calls, kept));
    const made = { call_id: outcome.callId, run_id: run.run_id };
    if (outcome.kind === "waiting") {
      const { approvalId: approval_id, expiresAt: expires_at } = outcome;
      const asked = { ...made, run_id: outcome.runId, approval_id, expires_at };
      return c.json({ ...asked, status: "pending" as const }, 202);
    }
    const { result, simulated, editedArgs } = resultOf(outcome, run.run_id);
    const edited_arguments = editedArgs === undefined ? null : redacted(editedArgs);
    return c.json({ ...made, status: "result" as const, result, simulated, edited_arguments }, 200);
  });
}

const redacted = (args: Record<string, unknown>) => redact(args) as Record<string, unknown>;

/** @throws AppError with the code of the gate, or of what failed */
function resultOf(outcome: CallOutcome, runId: string): Extract<CallOutcome, { kind: "result" }> {
  if (outcome.kind === "result") return outcome;
  if (outcome.kind === "waiting" || outcome.kind === "input_required")
    throw new Error("a call without a peer can't be asked");
  const gate = outcome.kind === "blocked" ? { gate: outcome.gate } : {};
  throw new AppError(outcome.code, outcome.reason, {
    extra: { ...gate, call_id: outcome.callId, run_id: runId },
  });
}
