import { randomUUID } from "node:crypto";
import {
  type AuthInfo,
  createMcpHandler,
  isInitializeRequest,
  readRequestBody,
} from "@modelcontextprotocol/server";
import { AppError } from "../platform/errors.ts";
import { problemResponse } from "../platform/http/index.ts";
import type { McpCaller, McpDeps } from "./deps.ts";
import { createRequestServer, type RequestScope } from "./server.ts";

export interface McpEdgeOptions {
  /** Origins whose pages may call (`https://console.example`); requests without an Origin are no browser's. */
  allowedOrigins?: readonly string[];
}

/** The `/mcp` endpoint. */
export interface McpEdge {
  /** Answers one request; never throws. */
  fetch(request: Request): Promise<Response>;
  /** Ends what is held: clients that wait get their answer now. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 1024 * 1024;
const PARSE_ERROR = -32700;

/**
 * The gateway as one endpoint for clients of the 2026-07-28 protocol and of the 2025 ones. It is stateless: a 2025-era
 * session is a name that the client carries and that joins its calls to one run.
 */
export function createMcpEdge<C extends McpCaller>(
  deps: McpDeps<C>,
  options: McpEdgeOptions = {},
): McpEdge {
  const allowedOrigins = new Set(options.allowedOrigins);
  const closing = new AbortController();
  const scopes = new WeakMap<AuthInfo, RequestScope<C>>();
  const handler = createMcpHandler(
    ({ era, authInfo }) => {
      const scope = authInfo && scopes.get(authInfo);
      if (!scope) throw new Error("a request without its caller");
      return createRequestServer(deps, scope, era);
    },
    { onerror: (error) => deps.log.debug({ err: error }, "the protocol layer reports") },
  );

  async function answer(request: Request): Promise<Response> {
    checkOrigin(request, allowedOrigins);
    const caller = await deps.authenticate(request);
    // The SDK passes this object on as it is; the key itself has no business in there.
    const authInfo: AuthInfo = { token: "", clientId: caller.keyId, scopes: [] };
    const gone = AbortSignal.any([request.signal, closing.signal]);
    scopes.set(authInfo, { caller, headers: request.headers, gone });
    if (request.method !== "POST") return handler.fetch(request, { authInfo });
    const body = await readRequestBody(request, MAX_BODY_BYTES);
    if (body.tooLarge)
      throw new AppError("E-BODY-SIZE", "A request's body may have at most 1 MiB.");
    const parsed = parseJson(body.text);
    if (parsed === undefined) return parseError();
    const response = await handler.fetch(request, { authInfo, parsedBody: parsed.value });
    if (response.ok && isInitializeRequest(parsed.value))
      response.headers.set("mcp-session-id", randomUUID());
    return response;
  }

  return {
    async fetch(request) {
      try {
        return await answer(request);
      } catch (error) {
        if (!(error instanceof AppError))
          deps.log.error({ err: error }, "a request to the gateway failed");
        return problemResponse(error);
      }
    },
    async close() {
      closing.abort();
      await handler.close();
    },
  };
}

/** A page of another site could use the visitor's network to get here (DNS rebinding). */
function checkOrigin(request: Request, allowed: ReadonlySet<string>): void {
  const origin = request.headers.get("origin");
  if (origin === null || allowed.has(origin)) return;
  throw new AppError("E-ORIGIN", "Pages of other sites can't use the gateway.");
}

function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function parseError(): Response {
  const error = { code: PARSE_ERROR, message: "Parse error: the body is not valid JSON" };
  return Response.json({ jsonrpc: "2.0", id: null, error }, { status: 400 });
}
