import { AppError } from "../platform/errors.ts";
import { makeCall as make } from "./call.ts";
import type { CallDeps } from "./deps.ts";
import type { CallOutcome, CallRequest } from "./outcome.ts";

/**
 * Makes one tool call (see call.ts); where there is a collector, within a span that says what the gates said, and on
 * which the tool server goes on.
 *
 * @throws AppError E-NOT-FOUND for a run the project does not have, E-RUN-FENCED for a worker that lost its lease
 */
export async function makeCall(deps: CallDeps, request: CallRequest): Promise<CallOutcome> {
  if (deps.telemetry === undefined) return make(deps, request);
  const span = deps.telemetry.begin({
    name: request.isReading ? `awooop ${request.tool}` : `execute_tool ${request.tool}`,
    kind: "internal",
    parent: request.meta,
    attributes: {
      ...(request.isReading
        ? { "mcp.method.name": request.tool }
        : { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": request.tool }),
      "awooop.project_id": request.projectId,
      "awooop.run_id": request.runId,
    },
  });
  try {
    const meta = { ...request.meta, ...span.context };
    const outcome = await make(deps, { ...request, meta });
    span.set({ "awooop.call_id": outcome.callId, ...verdictOf(outcome) });
    span.end(errorTypeOf(outcome));
    return outcome;
  } catch (error) {
    span.end(error instanceof AppError ? error.code : "E-INTERNAL");
    throw error;
  }
}

/** What the gates said: the first that did not let it pass, or that all did. */
function verdictOf(outcome: CallOutcome) {
  if (outcome.kind === "blocked") {
    const { gate, code } = outcome;
    return { "awooop.gate.verdict": "block", "awooop.gate.number": gate, "awooop.gate.code": code };
  }
  if (outcome.kind === "waiting") {
    const code = "E-APPR-REQUIRED";
    return { "awooop.gate.verdict": "ask", "awooop.gate.number": 5, "awooop.gate.code": code };
  }
  const simulated = outcome.kind === "result" && outcome.simulated;
  return { "awooop.gate.verdict": "pass", "awooop.call.simulated": simulated };
}

function errorTypeOf(outcome: CallOutcome): string | undefined {
  if (outcome.kind === "result") return outcome.result.isError === true ? "tool_error" : undefined;
  return "code" in outcome ? outcome.code : undefined;
}
