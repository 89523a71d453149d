import { ProtocolError, ProtocolErrorCode, Server } from "@modelcontextprotocol/server";
import { databaseDown, Unreachable } from "../platform/database/unreachable.ts";
import { AppError } from "../platform/errors.ts";
import { paramHeaderMismatch, type ToolDefinition } from "../toolservers/index.ts";
import { SERVER_INFO } from "./about.ts";
import { errorAnswer, type ToolAnswer } from "./answers.ts";
import type { McpCaller, McpGrants } from "./deps.ts";
import type { EdgeDeps } from "./edgedeps.ts";
import { type CallFacts, readCall, readReading } from "./facts.ts";
import type { Incoming } from "./incoming.ts";
import { HEADER_MISMATCH } from "./jsonrpc.ts";
import { createPeer } from "./peer.ts";
import { withSpan } from "./spans.ts";
import { TASK_METHODS } from "./tasks.ts";
import { answerCall, type Exchange } from "./toolcall.ts";
import { answerWait, WAIT_TOOL } from "./waittool.ts";

type Method = <C extends McpCaller>(
  deps: EdgeDeps<C>,
  incoming: Incoming<C>,
) => Promise<Record<string, unknown>>;

const METHODS: Readonly<Record<string, Method>> = {
  "tools/list": listTools,
  "tools/call": callTool,
  ...TASK_METHODS,
  "resources/list": (deps, { caller }) =>
    granted(deps, caller, "resources", async () => ({ resources: await deps.resources(caller) })),
  "resources/templates/list": (deps, { caller }) =>
    granted(deps, caller, "resources", async () => ({
      resourceTemplates: await deps.resourceTemplates(caller),
    })),
  "prompts/list": (deps, { caller }) =>
    granted(deps, caller, "prompts", async () => ({ prompts: await deps.prompts(caller) })),
  "resources/read": read,
  "prompts/get": read,
  "completion/complete": read,
};

/** Whether there is such a method in both eras. */
export function isMethod(method: string): boolean {
  return Object.hasOwn(METHODS, method);
}

/**
 * Answers a request.
 *
 * @throws ProtocolError
 */
export function answerMethod<C extends McpCaller>(
  deps: EdgeDeps<C>,
  incoming: Incoming<C>,
): Promise<Record<string, unknown>> {
  const { telemetry } = deps;
  return telemetry && isMethod(incoming.method)
    ? withSpan(telemetry, deps, incoming, answer)
    : answer(deps, incoming);
}

async function answer<C extends McpCaller>(
  deps: EdgeDeps<C>,
  incoming: Incoming<C>,
): Promise<Record<string, unknown>> {
  const method = METHODS[incoming.method];
  if (!method || !isMethod(incoming.method))
    throw new ProtocolError(ProtocolErrorCode.MethodNotFound, "Method not found");
  try {
    return await method(deps, incoming);
  } catch (error) {
    throw protocolErrorOf(deps, error);
  }
}

/** The error that a caller may see; what is not meant for the caller is logged and says nothing about the inside. */
export function protocolErrorOf(deps: Pick<EdgeDeps<never>, "log">, error: unknown): ProtocolError {
  if (error instanceof ProtocolError) return error;
  const data = (code: string) => ({ "awooop/code": code });
  if (error instanceof Unreachable) {
    const { code, message } = away(deps, error);
    return new ProtocolError(ProtocolErrorCode.InternalError, `${code}: ${message}`, data(code));
  }
  if (error instanceof AppError) {
    const words = `${error.code}: ${error.message}`;
    return new ProtocolError(ProtocolErrorCode.InvalidRequest, words, data(error.code));
  }
  deps.log.error({ err: error }, "a request to the gateway failed");
  const words = "Something went wrong on our side; it has been logged.";
  return new ProtocolError(ProtocolErrorCode.InternalError, words, data("E-INTERNAL"));
}

async function listTools<C extends McpCaller>(
  deps: EdgeDeps<C>,
  { caller, client }: Incoming<C>,
): Promise<Record<string, unknown>> {
  // An empty list would look like a contract that grants nothing.
  await deps.requireThawed(caller);
  const tools = await deps.agentTools(caller);
  const listed = [...tools.filter(({ name }) => name !== WAIT_TOOL.name), WAIT_TOOL];
  return { tools: client.era === "legacy" ? listed.map(forLegacy) : listed };
}

/** A list of what the contract grants nothing of does not exist. */
async function granted<C extends McpCaller>(
  deps: EdgeDeps<C>,
  caller: C,
  kind: keyof McpGrants,
  list: () => Promise<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  await deps.requireThawed(caller);
  const grants = await deps.grants(caller);
  if (!grants[kind]) throw new ProtocolError(ProtocolErrorCode.MethodNotFound, "Method not found");
  return list();
}

async function read<C extends McpCaller>(
  deps: EdgeDeps<C>,
  incoming: Incoming<C>,
): Promise<Record<string, unknown>> {
  const facts = onTrace(incoming, readReading(incoming.method, incoming.params, incoming.headers));
  const answer = await answerCall(deps, exchangeOf(incoming, facts), facts);
  // What a tool server lets others cache was read under this agent's rights.
  return answer.cacheScope === "public" ? { ...answer, cacheScope: "private" } : answer;
}

/** Where we keep a trace, the tool server goes on with ours. */
function onTrace({ trace }: Pick<Incoming<never>, "trace">, facts: CallFacts): CallFacts {
  return trace ? { ...facts, traceMeta: { ...trace } } : facts;
}

function exchangeOf<C extends McpCaller>(
  { caller, client, requestState, inputResponses, signal, whenSent }: Incoming<C>,
  { progressToken }: CallFacts,
): Exchange<C> {
  const peer = createPeer({ ...client, progressToken });
  return { caller, era: client.era, requestState, inputResponses, peer, signal, whenSent };
}

async function callTool<C extends McpCaller>(
  deps: EdgeDeps<C>,
  incoming: Incoming<C>,
): Promise<Record<string, unknown>> {
  const facts = onTrace(incoming, readCall(incoming.params, incoming.headers));
  try {
    const isWait = facts.tool === WAIT_TOOL.name;
    if (!isWait && incoming.client.era === "modern") await checkHeaders(deps, incoming, facts);
    const answer = isWait ? answerWait : answerCall;
    return fitForEra(await answer(deps, exchangeOf(incoming, facts), facts), incoming.client.era);
  } catch (error) {
    if (error instanceof AppError) return errorAnswer(error);
    if (error instanceof Unreachable) return errorAnswer(away(deps, error));
    throw error;
  }
}

/** What a caller is told while the database is away; of a write that was sent, nobody says so. */
function away({ log }: Pick<EdgeDeps<never>, "log">, { cause }: Unreachable): AppError {
  log.warn({ err: cause }, "a request to the gateway found no database");
  return databaseDown();
}

/**
 * Whoever stands between goes by the headers, so they must not say of the arguments what they aren't.
 *
 * @throws ProtocolError -32020
 */
async function checkHeaders<C extends McpCaller>(
  deps: EdgeDeps<C>,
  { caller, headers }: Incoming<C>,
  { tool, args }: CallFacts,
): Promise<void> {
  const schema = await deps.toolSchema(caller, tool);
  const mismatch = schema && paramHeaderMismatch(schema, args, headers);
  if (!mismatch) return;
  const words = `Bad Request: the request headers and body disagree: ${mismatch}`;
  throw new ProtocolError(HEADER_MISMATCH, words);
}

/** Structured results of 2025-era tools are objects; a schema of anything else would only make the client refuse them. */
function forLegacy(tool: ToolDefinition): ToolDefinition {
  const { outputSchema, ...rest } = tool;
  return outputSchema === undefined || outputSchema.type === "object" ? tool : rest;
}

/** Knows how a 2025-era client is told of structured content that is no object. */
const projector = new Server(SERVER_INFO, { capabilities: { tools: {} } });

function fitForEra(answer: ToolAnswer, era: "legacy" | "modern"): ToolAnswer {
  const { structuredContent: value } = answer;
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (value === undefined || isObject || !Array.isArray(answer.content)) return answer;
  return era === "modern"
    ? answer
    : projector.projectCallToolResult({ ...answer, content: answer.content }, undefined);
}
