import {
  type JSONRPCRequest,
  type McpRequestContext,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { AppError } from "../platform/errors.ts";
import { errorAnswer, type ToolAnswer } from "./answers.ts";
import type { McpCaller, McpDeps } from "./deps.ts";
import { readCall } from "./facts.ts";
import { answerCall, type Exchange } from "./toolcall.ts";
import { answerWait, WAIT_TOOL } from "./waittool.ts";

const SERVER_INFO = { name: "awooop", title: "AwoooP gateway", version: "0.1.0" };

const INSTRUCTIONS =
  "Every call passes the operator's gates. BLOCKED says which gate refused it and why: do not repeat it unchanged. PENDING says that a person has to approve the call first: repeat the identical call, or call awooop_wait with the name after PENDING. UNKNOWN says that a write may or may not have happened: find out before you try again. You may give your reason for a call in its _meta, as awooop/reason.";

/** What one HTTP request brings along. */
export interface RequestScope<C extends McpCaller> {
  caller: C;
  headers: Headers;
  /** Aborted when the client goes away or the gateway closes. */
  gone: AbortSignal;
}

/**
 * The MCP server of one request. It has no handler for tools of its own: the SDK's would check and change what passes,
 * so all of it goes through the fallback, untouched.
 */
export function createRequestServer<C extends McpCaller>(
  deps: McpDeps<C>,
  scope: RequestScope<C>,
  era: McpRequestContext["era"],
): Server {
  const server = new Server(SERVER_INFO, {
    capabilities: { tools: {} },
    instructions: INSTRUCTIONS,
  });
  server.fallbackRequestHandler = async (request, context) => {
    switch (request.method) {
      case "tools/list":
        return guarded(deps, () => listTools(deps, scope.caller));
      case "tools/call": {
        const answer = await guarded(deps, () => callTool(deps, scope, era, request, context));
        return fitForEra(server, answer);
      }
      default:
        throw new ProtocolError(ProtocolErrorCode.MethodNotFound, "Method not found");
    }
  };
  return server;
}

async function listTools<C extends McpCaller>(deps: McpDeps<C>, caller: C): Promise<ToolAnswer> {
  try {
    const tools = await deps.agentTools(caller);
    return { tools: [...tools.filter(({ name }) => name !== WAIT_TOOL.name), WAIT_TOOL] };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const data = { "awooop/code": error.code };
    throw new ProtocolError(
      ProtocolErrorCode.InvalidRequest,
      `${error.code}: ${error.message}`,
      data,
    );
  }
}

async function callTool<C extends McpCaller>(
  deps: McpDeps<C>,
  scope: RequestScope<C>,
  era: McpRequestContext["era"],
  request: JSONRPCRequest,
  context: ServerContext,
): Promise<ToolAnswer> {
  const facts = readCall(request, scope.headers);
  const started = performance.now();
  const exchange: Exchange<C> = {
    caller: scope.caller,
    era,
    requestState: context.mcpReq.requestState<string>(),
    progress(message) {
      const { progressToken } = facts;
      if (progressToken === undefined || scope.gone.aborted) return;
      // Seconds, because progress has to grow and nobody knows its end.
      const progress = Math.round(performance.now() - started) / 1000;
      const params = { progressToken, progress, message };
      context.mcpReq
        .notify({ method: "notifications/progress", params })
        .catch((error: unknown) => {
          deps.log.debug({ err: error }, "a progress message could not be sent");
        });
    },
    signal: AbortSignal.any([scope.gone, context.mcpReq.signal]),
  };
  try {
    const answer = facts.tool === WAIT_TOOL.name ? answerWait : answerCall;
    return await answer(deps, exchange, facts);
  } catch (error) {
    if (error instanceof AppError) return errorAnswer(error);
    throw error;
  }
}

/** 2025-era clients take only objects as structured content; the SDK knows how such a value is wrapped for them. */
function fitForEra(server: Server, answer: ToolAnswer): ToolAnswer {
  const { structuredContent: value } = answer;
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (value === undefined || isObject || !Array.isArray(answer.content)) return answer;
  return server.projectCallToolResult({ ...answer, content: answer.content }, undefined);
}

/** Says nothing about the inside: what is not meant for the caller is logged and becomes an internal error. */
async function guarded<C extends McpCaller>(
  deps: McpDeps<C>,
  work: () => Promise<ToolAnswer>,
): Promise<ToolAnswer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    deps.log.error({ err: error }, "a request to the gateway failed");
    const data = { "awooop/code": "E-INTERNAL" };
    throw new ProtocolError(
      ProtocolErrorCode.InternalError,
      "Something went wrong on our side; it has been logged.",
      data,
    );
  }
}
