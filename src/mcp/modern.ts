import {
  type AuthInfo,
  CLIENT_CAPABILITIES_META_KEY,
  createMcpHandler,
  type JSONRPCRequest,
  LOG_LEVEL_META_KEY,
  ProtocolError,
  Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import type { WhenSent } from "../platform/http/index.ts";
import { isLogLevel } from "../toolservers/index.ts";
import { capabilitiesOf, INSTRUCTIONS, SERVER_INFO } from "./about.ts";
import type { McpCaller, McpGrants } from "./deps.ts";
import type { EdgeDeps } from "./edgedeps.ts";
import { HEADER_MISMATCH } from "./jsonrpc.ts";
import { answerMethod, isMethod } from "./methods.ts";
import { TASK_METHODS, TASKS_EXTENSION } from "./tasks.ts";

const LISTEN = "subscriptions/listen";

/** What one HTTP request brings along. */
interface RequestScope<C extends McpCaller> {
  caller: C;
  headers: Headers;
  method: string;
  /** The SDK has found nothing wrong with its envelope and its headers. */
  isAccepted: boolean;
  /** Its headers say of the call's arguments what they aren't: a bad request, which the SDK knows of its own checks only. */
  isMismatch: boolean;
  /** Aborted when the client goes away or the gateway closes. */
  gone: AbortSignal;
  whenSent: WhenSent;
}

/** Serves clients of the 2026-07-28 protocol, which keeps nothing between two requests. */
export interface ModernEdge<C extends McpCaller> {
  fetch(
    request: Request,
    body: unknown,
    who: Pick<RequestScope<C>, "caller" | "gone" | "whenSent">,
  ): Promise<Response>;
  close(): Promise<void>;
}

/** The SDK checks envelopes and headers and puts messages on streams; the methods themselves are ours. */
export function createModernEdge<C extends McpCaller>(deps: EdgeDeps<C>): ModernEdge<C> {
  const scopes = new WeakMap<AuthInfo, RequestScope<C>>();
  const handler = createMcpHandler(
    ({ authInfo }) => {
      const scope = authInfo && scopes.get(authInfo);
      if (!scope) throw new Error("a request without its caller");
      return createRequestServer(deps, scope);
    },
    {
      legacy: "reject",
      onerror: (error) => deps.log.debug({ err: error }, "the protocol layer reports"),
    },
  );
  return {
    async fetch(request, body, who) {
      // The SDK passes this object on as it is; the key itself has no business in there.
      const authInfo: AuthInfo = { token: "", clientId: who.caller.keyId, scopes: [] };
      const { method } = Object(body) as { method?: unknown };
      const scope: RequestScope<C> = {
        ...{ ...who, method: String(method) },
        ...{ headers: request.headers, isAccepted: false, isMismatch: false },
      };
      scopes.set(authInfo, scope);
      const response = await handler.fetch(request, { authInfo, parsedBody: body });
      if (scope.isMismatch)
        return new Response(response.body, { status: 400, headers: response.headers });
      if (method !== LISTEN || !scope.isAccepted) return response;
      // The SDK's own stream would tell everybody the same, and nothing of tasks.
      await response.body?.cancel();
      return listen(deps, scope, body as JSONRPCRequest);
    },
    close: () => handler.close(),
  };
}

function listen<C extends McpCaller>(
  deps: EdgeDeps<C>,
  { caller, gone }: RequestScope<C>,
  { id, params = {} }: JSONRPCRequest,
): Promise<Response> {
  const capabilities = Object(params._meta)[CLIENT_CAPABILITIES_META_KEY];
  return deps.listeners.listen(deps, { caller, id, params, capabilities, gone });
}

const NO_GRANTS: McpGrants = { resources: false, prompts: false };

/**
 * The MCP server of one request. It has no handlers of its own: the SDK's would check and change what passes, so all of
 * it goes through the fallback, untouched. A method that does not exist has none, which makes it a 404.
 */
async function createRequestServer<C extends McpCaller>(
  deps: EdgeDeps<C>,
  scope: RequestScope<C>,
): Promise<Server> {
  const { method } = scope;
  scope.isAccepted = true;
  const kind = /^(resources|prompts)\/(?:templates\/)?list$/.exec(method)?.[1];
  const isAbout = method === "server/discover" || kind !== undefined;
  const grants = isAbout ? await deps.grants(scope.caller) : NO_GRANTS;
  const server = new Server(SERVER_INFO, {
    capabilities: { ...capabilitiesOf(grants), extensions: { [TASKS_EXTENSION]: {} } },
    instructions: INSTRUCTIONS,
  });
  const isGranted = kind === undefined || grants[kind as keyof McpGrants];
  if (Object.hasOwn(TASK_METHODS, method)) {
    // The 2025 era had methods of the same names: only one with a schema of its own passes for the extension's.
    server.setRequestHandler(method, { params: z.looseObject({}) }, (params, context) =>
      answer(deps, scope, { method, params }, context),
    );
  } else if (isMethod(method) && isGranted) {
    server.fallbackRequestHandler = (request, context) => answer(deps, scope, request, context);
  }
  return server;
}

function answer<C extends McpCaller>(
  deps: EdgeDeps<C>,
  scope: RequestScope<C>,
  { method, params = {} }: Pick<JSONRPCRequest, "method" | "params">,
  { mcpReq }: ServerContext,
): Promise<Record<string, unknown>> {
  const { caller, headers, gone, whenSent } = scope;
  const { inputResponses, envelope } = mcpReq;
  const said: Record<string, unknown> = { ...envelope };
  const level = said[LOG_LEVEL_META_KEY];
  return answerMethod(deps, {
    caller,
    id: mcpReq.id,
    method,
    params,
    headers,
    requestState: mcpReq.requestState<string>(),
    inputResponses,
    client: {
      era: "modern",
      capabilities: Object(said[CLIENT_CAPABILITIES_META_KEY]),
      logLevel: isLogLevel(level) ? level : undefined,
      send(message) {
        mcpReq
          .notify(message as unknown as Parameters<typeof mcpReq.notify>[0])
          .catch((error: unknown) => {
            deps.log.debug({ err: error }, "a notification could not be sent");
          });
      },
    },
    signal: AbortSignal.any([gone, mcpReq.signal]),
    whenSent,
  }).catch((error: unknown) => {
    scope.isMismatch = error instanceof ProtocolError && error.code === HEADER_MISMATCH;
    throw error;
  });
}
