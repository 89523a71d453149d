import { z } from "zod";
import { parseApprovalName } from "../platform/ids.ts";
import type { ToolDefinition } from "../toolservers/index.ts";
import type { ToolAnswer } from "./answers.ts";
import type { McpCaller } from "./deps.ts";
import type { EdgeDeps } from "./edgedeps.ts";
import type { CallFacts } from "./facts.ts";
import { type Exchange, holding } from "./toolcall.ts";

/** The one tool the gateway adds, so that waiting for a person costs a client no polling of its own. */
export const WAIT_TOOL: ToolDefinition = {
  name: "awooop_wait",
  title: "Wait for a person's decision",
  description:
    "Waits until a person has decided about a call that was answered with PENDING. When it says DECIDED, repeat the identical call: it is then executed, or refused with the person's reason. When it says OPEN, call this tool again.",
  inputSchema: {
    type: "object",
    properties: {
      approval: {
        type: "string",
        description: "The name after PENDING, such as apr_0190b2a4-5c1e-7b3a-9f00-2d1c3b4a5e6f.",
      },
      timeout_seconds: {
        type: "number",
        minimum: 0,
        maximum: 50,
        description:
          "How long to wait in one call. Leave it out unless your client is known to wait longer.",
      },
    },
    required: ["approval"],
    additionalProperties: false,
  },
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
};

const waitArguments = z.strictObject({
  approval: z.string("approval must be a text such as apr_…"),
  timeout_seconds: z
    .number("timeout_seconds must be a number")
    .min(0, "timeout_seconds must be at least 0")
    .max(50, "timeout_seconds must be at most 50")
    .optional(),
});

const answer = (text: string, more: Record<string, unknown> = {}): ToolAnswer => ({
  content: [{ type: "text", text }],
  ...more,
});

const refuse = (code: string, reason: string) =>
  answer(`FAILED, ${code}: ${reason}`, { isError: true, _meta: { "awooop/code": code } });

/** Answers a call of `awooop_wait`; it reaches no tool server and is no call of the run. */
export async function answerWait<C extends McpCaller>(
  deps: EdgeDeps<C>,
  exchange: Exchange<C>,
  facts: CallFacts,
): Promise<ToolAnswer> {
  const found = waitArguments.safeParse(facts.args);
  if (!found.success) return refuse("E-INPUT", `${found.error.issues[0]?.message}.`);
  const { approval, timeout_seconds: seconds } = found.data;
  const approvalId = parseApprovalName(approval);
  if (approvalId === undefined)
    return refuse("E-INPUT", "approval must be a name such as apr_… with a UUID.");
  await deps.requireThawed(exchange.caller);
  const askedMs = (seconds ?? exchange.caller.holdSeconds) * 1000;
  const timeoutMs = Math.min(askedMs, deps.longestHoldMs);
  const standing = await holding(exchange, "waiting for a person's decision", () =>
    deps.waitForDecision(exchange.caller, approvalId, { timeoutMs, signal: exchange.signal }),
  );
  switch (standing) {
    case "decided":
      return answer(
        `DECIDED ${approval}: repeat the identical call now to get its result or the refusal.`,
      );
    case "open":
      return answer(`OPEN ${approval}: nobody has decided yet. Call awooop_wait again.`);
    case "not_found":
      return refuse("E-NOT-FOUND", `There is no approval ${approval} for this key.`);
  }
}
