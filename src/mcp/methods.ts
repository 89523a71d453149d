import { ProtocolError, ProtocolErrorCode, Server } from "@modelcontextprotocol/server";
import { AppError } from "../platform/errors.ts";
import type { ToolDefinition } from "../toolservers/index.ts";
import { SERVER_INFO } from "./about.ts";
import { errorAnswer, type ToolAnswer } from "./answers.ts";
import type { McpCaller } from "./deps.ts";
import type { EdgeDeps } from "./edgedeps.ts";
import { readCall } from "./facts.ts";
import { createPeer, type PeerOptions } from "./peer.ts";
import { TASK_METHODS } from "./tasks.ts";
import { answerCall, type Exchange } from "./toolcall.ts";
import { answerWait, WAIT_TOOL } from "./waittool.ts";

/** A request of either era, as far as both have it in common. */
export interface Incoming<C extends McpCaller> {
  caller: C;
  method: string;
  /** Without what belongs to the protocol's envelope. */
  params: Record<string, unknown>;
  headers: Headers;
  requestState?: string | undefined;
  inputResponses?: Record<string, unknown> | undefined;
  /** The way back to the client. */
  client: Omit<PeerOptions, "progressToken">;
  signal: AbortSignal;
}

type Method = <C extends McpCaller>(
  deps: EdgeDeps<C>,
  incoming: Incoming<C>,
) => Promise<Record<string, unknown>>;

const METHODS: Readonly<Record<string, Method>> = {
  "tools/list": listTools,
  "tools/call": callTool,
  ...TASK_METHODS,
};

/** Whether there is such a method in both eras. */
export function isMethod(method: string): boolean {
  return Object.hasOwn(METHODS, method);
}

/**
 * Answers a request.
 *
 * @throws ProtocolError; what is not meant for the caller is logged and becomes an internal error
 */
export async function answerMethod<C extends McpCaller>(
  deps: EdgeDeps<C>,
  incoming: Incoming<C>,
): Promise<Record<string, unknown>> {
  const answer = METHODS[incoming.method];
  if (!answer || !isMethod(incoming.method))
    throw new ProtocolError(ProtocolErrorCode.MethodNotFound, "Method not found");
  try {
    return await answer(deps, incoming);
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    const data = (code: string) => ({ "awooop/code": code });
    if (error instanceof AppError) {
      const words = `${error.code}: ${error.message}`;
      throw new ProtocolError(ProtocolErrorCode.InvalidRequest, words, data(error.code));
    }
    deps.log.error({ err: error }, "a request to the gateway failed");
    const words = "Something went wrong on our side; it has been logged.";
    throw new ProtocolError(ProtocolErrorCode.InternalError, words, data("E-INTERNAL"));
  }
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

async function callTool<C extends McpCaller>(
  deps: EdgeDeps<C>,
  incoming: Incoming<C>,
): Promise<Record<string, unknown>> {
  const { caller, client, requestState, inputResponses, signal } = incoming;
  const facts = readCall(incoming.params, incoming.headers);
  const { progressToken } = facts;
  const peer = createPeer({ ...client, progressToken });
  const { era } = client;
  const exchange: Exchange<C> = { caller, era, requestState, inputResponses, peer, signal };
  try {
    const answer = facts.tool === WAIT_TOOL.name ? answerWait : answerCall;
    return fitForEra(await answer(deps, exchange, facts), era);
  } catch (error) {
    if (error instanceof AppError) return errorAnswer(error);
    throw error;
  }
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
