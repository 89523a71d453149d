import { type AgentBody, matchesPattern, PLAIN_GRANT, type ToolGrant } from "../contracts/index.ts";
import type { ToolServerPool, ToolServerRef } from "../toolservers/index.ts";
import type { CallRequest } from "./outcome.ts";

/** What an agent can ask a tool server for beside calling its tools. */
type Reading = "resources/read" | "prompts/get" | "completion/complete";

/** How long a tool server may take for it, in seconds. */
const TIMEOUT_SECONDS = 30;

/** What is read: a resource by its URI, or a prompt by its name. */
type Subject = { kind: "resource"; uri: string } | { kind: "prompt"; name: string };

/** What a reading is about; undefined when its parameters don't say so. */
export function subjectOf(method: string, params: Record<string, unknown>): Subject | undefined {
  const prompt = (name: unknown): Subject | undefined =>
    typeof name === "string" ? { kind: "prompt", name } : undefined;
  const resource = (uri: unknown): Subject | undefined =>
    typeof uri === "string" ? { kind: "resource", uri } : undefined;
  if (method === "resources/read") return resource(params.uri);
  if (method === "prompts/get") return prompt(params.name);
  if (method !== "completion/complete") return undefined;
  const { type, name, uri } = Object(params.ref) as Record<string, unknown>;
  if (type === "ref/prompt") return prompt(name);
  return type === "ref/resource" ? resource(uri) : undefined;
}

/** Whether the contract lets the agent read this from this tool server. */
export function mayRead(body: AgentBody, server: string, subject: Subject): boolean {
  const patterns =
    subject.kind === "resource"
      ? (body.resources ?? []).filter((grant) => grant.server === server).flatMap((g) => g.uris)
      : (body.prompts ?? []).filter((grant) => grant.server === server).flatMap((g) => g.names);
  const text = subject.kind === "resource" ? subject.uri : subject.name;
  return patterns.some((pattern) => matchesPattern(pattern, text));
}

/** What the contract says of a reading, in the form it has for tools; undefined when it does not list it. */
export function readingGrant(
  body: AgentBody,
  { server, tool, args }: Pick<CallRequest, "server" | "tool" | "args">,
): ToolGrant | undefined {
  const subject = subjectOf(tool, args);
  if (server === undefined || !subject || !mayRead(body, server, subject)) return undefined;
  return { ...PLAIN_GRANT, server, tool, effect: "read", timeout_seconds: TIMEOUT_SECONDS };
}

const isShaped: Record<Reading, (result: Record<string, unknown>) => boolean> = {
  "resources/read": ({ contents }) => Array.isArray(contents),
  "prompts/get": ({ messages }) => Array.isArray(messages),
  "completion/complete": ({ completion }) =>
    Array.isArray((Object(completion) as { values?: unknown }).values),
};

/** Asks the tool server; what is no answer to such a question is an error. */
export async function sendReading(
  pool: ToolServerPool,
  call: { ref: ToolServerRef; grant: ToolGrant; args: Record<string, unknown> },
  options: Parameters<ToolServerPool["ask"]>[3],
): ReturnType<ToolServerPool["ask"]> {
  const method = call.grant.tool as Reading;
  const answer = await pool.ask(call.ref, method, call.args, options);
  if (answer.kind !== "result" || isShaped[method](answer.result)) return answer;
  return {
    kind: "upstream_error",
    code: "E-UPSTREAM-PROTOCOL",
    message: `The tool server's answer to ${method} is not valid MCP.`,
    sent: true,
    answered: true,
  };
}
