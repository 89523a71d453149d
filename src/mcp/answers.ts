import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import type { CallOutcome, SettledOutcome } from "../calls/index.ts";
import type { AppError } from "../platform/errors.ts";
import { approvalName } from "../platform/ids.ts";
import { redact } from "../platform/redact.ts";

/** The result of a `tools/call` request. */
export type ToolAnswer = Record<string, unknown>;

type Waiting = Extract<CallOutcome, { kind: "waiting" }>;

const GATES = { 1: "tenant", 2: "contract", 3: "policy", 4: "budget", 5: "approval" } as const;

/** An answer of the gateway's own that is not the tool's: `isError`, words for the model and codes for a machine. */
function refusal(text: string, meta: Record<string, unknown>): ToolAnswer {
  return { content: [{ type: "text", text }], isError: true, _meta: meta };
}

/** Errors of a tool server that its client has to act on: a capability or a visit to a page is missing. */
const FOR_CLIENT = new Set([-32021, -32042]);

/**
 * What the agent gets for a call that has come to its end: the tool's own result as it came, or why there is none.
 *
 * @throws ProtocolError the tool server's own, where the client has to act on it
 */
export function answerOf(outcome: SettledOutcome): ToolAnswer {
  if (outcome.kind === "result") {
    const { result, editedArgs } = outcome;
    return editedArgs === undefined ? result : withEdit(result, editedArgs);
  }
  const { code, reason, callId } = outcome;
  const meta = { "awooop/code": code, "awooop/call": callId };
  switch (outcome.kind) {
    case "blocked": {
      const { gate } = outcome;
      const text = `BLOCKED by gate ${gate} (${GATES[gate]}), ${code}: ${reason} The call was not executed.`;
      return refusal(text, { ...meta, "awooop/gate": gate });
    }
    case "unknown":
      return refusal(`UNKNOWN, ${code}: ${reason}`, meta);
    case "error":
      if (outcome.rpc && FOR_CLIENT.has(outcome.rpc.code))
        throw new ProtocolError(outcome.rpc.code, outcome.rpc.message, outcome.rpc.data);
      return refusal(`FAILED, ${code}: ${reason}`, meta);
  }
}

const RESOURCE_NOT_FOUND = -32002;

/**
 * What the agent gets for a reading: the tool server's result as it came.
 *
 * @throws ProtocolError why there is none: the tool server's own error, or the gateway's reason
 */
export function readingAnswer(outcome: SettledOutcome, asked: Record<string, unknown>): ToolAnswer {
  if (outcome.kind === "result") return outcome.result;
  const { uri } = asked;
  const about = typeof uri === "string" ? { uri } : {};
  if (outcome.kind === "error" && outcome.rpc) {
    const { code, message, data } = outcome.rpc;
    const isNotFound = code === RESOURCE_NOT_FOUND || code === ProtocolErrorCode.InvalidParams;
    throw new ProtocolError(code, message, data ?? (isNotFound ? about : undefined));
  }
  const refused = answerOf(outcome);
  const [said] = refused.content as { text: string }[];
  const isUnlisted = outcome.kind === "blocked" && outcome.gate === 2;
  const code = isUnlisted ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InvalidRequest;
  throw new ProtocolError(code, said?.text ?? "", { ...about, ...(refused._meta as object) });
}

/** A result that is not of the arguments asked for has to say so, or the agent would draw the wrong conclusions from it. */
function withEdit(result: ToolAnswer, args: Record<string, unknown>): ToolAnswer {
  const shown = redact(args);
  const text = `EDITED: a person approved this call with other arguments; it was executed with ${JSON.stringify(shown)}.`;
  const content = Array.isArray(result.content) ? result.content : [];
  const meta = { ...(result._meta as object | undefined), "awooop/edited_arguments": shown };
  return { ...result, content: [...content, { type: "text", text }], _meta: meta };
}

/** What the agent gets when a person has not decided in the time that a request can be held. */
export function pendingAnswer(outcome: Waiting): ToolAnswer {
  const approval = approvalName(outcome.approvalId);
  const text = `PENDING ${approval}: not executed; a person has to approve this call (until ${outcome.expiresAt}). Repeat the identical call, or call awooop_wait.`;
  return refusal(text, {
    "awooop/code": "E-APPR-REQUIRED",
    "awooop/gate": 5,
    "awooop/call": outcome.callId,
    "awooop/approval": approval,
    "awooop/expires": outcome.expiresAt,
  });
}

/** What the agent gets when the request could not become a call at all, for a reason it may know. */
export function errorAnswer(error: AppError): ToolAnswer {
  return refusal(`FAILED, ${error.code}: ${error.message}`, { "awooop/code": error.code });
}
