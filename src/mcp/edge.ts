import { isLegacyRequest, readRequestBody } from "@modelcontextprotocol/server";
import { AppError } from "../platform/errors.ts";
import { type LostNumber, lostNumber, lostNumberFinding } from "../platform/exact-json.ts";
import { problemResponse, type WhenSent } from "../platform/http/index.ts";
import type { McpCaller, McpDeps } from "./deps.ts";
import type { EdgeDeps } from "./edgedeps.ts";
import { HeldCalls } from "./heldcalls.ts";
import { errorMessage, INVALID_PARAMS, PARSE_ERROR } from "./jsonrpc.ts";
import { answerLegacy } from "./legacy.ts";
import { LONGEST_HOLD_MS } from "./legs.ts";
import { Listeners } from "./listeners.ts";
import { createModernEdge } from "./modern.ts";
import { Sessions } from "./sessions.ts";
import { createShortWay, type ShortWay } from "./shortway.ts";

export interface McpEdgeOptions {
  /** Origins whose pages may call (`https://console.example`); requests without an Origin are no browser's. */
  allowedOrigins?: readonly string[];
  /** No request is held for longer than this while a person thinks (50,000). */
  longestHoldMs?: number;
}

/** The `/mcp` endpoint. */
export interface McpEdge {
  /** Answers one request; never throws. */
  fetch(request: Request, whenSent: WhenSent): Promise<Response>;
  /** Answers those requests that need no more than this; see `ShortWay.answer`. */
  answerPlainly: ShortWay["answer"];
  /** Ends what is held: clients that wait get their answer now. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 1024 * 1024;

/**
 * The gateway as one endpoint for clients of the 2026-07-28 protocol and of the 2025 ones, told apart by each request.
 */
export function createMcpEdge<C extends McpCaller>(
  given: McpDeps<C>,
  options: McpEdgeOptions = {},
): McpEdge {
  const allowedOrigins = new Set(options.allowedOrigins);
  const closing = new AbortController();
  const deps: EdgeDeps<C> = {
    ...given,
    sessions: new Sessions(given.sealer),
    held: new HeldCalls(),
    listeners: new Listeners(),
    longestHoldMs: options.longestHoldMs ?? LONGEST_HOLD_MS,
  };
  const modern = createModernEdge(deps);
  const shortWay = createShortWay(deps);

  async function answer(request: Request, whenSent: WhenSent): Promise<Response> {
    checkOrigin(request, allowedOrigins);
    const caller = await deps.authenticate(request);
    const gone = AbortSignal.any([request.signal, closing.signal]);
    const who = { caller, gone, whenSent };
    if (request.method !== "POST") return answerLegacy(deps, request, undefined, who);
    const body = await readRequestBody(request, MAX_BODY_BYTES);
    if (body.tooLarge)
      throw new AppError("E-BODY-SIZE", "A request's body may have at most 1 MiB.");
    const parsed = parseJson(body.text);
    if (parsed === undefined) return parseError();
    const { value } = parsed;
    // What a person would approve, and what would be executed, were not what the agent asked for.
    const lost = lostNumber(body.text);
    if (lost !== undefined) return invalidNumber(value, lost);
    return (await isLegacyRequest(request, value))
      ? answerLegacy(deps, request, value, who)
      : modern.fetch(request, value, who);
  }

  return {
    async fetch(request, whenSent) {
      try {
        return await answer(request, whenSent);
      } catch (error) {
        if (!(error instanceof AppError))
          deps.log.error({ err: error }, "a request to the gateway failed");
        return problemResponse(error);
      }
    },
    answerPlainly: shortWay.answer,
    async close() {
      closing.abort();
      shortWay.close();
      deps.held.close();
      deps.listeners.close();
      deps.sessions.close();
      await modern.close();
    },
  };
}

/** A page of another site could use the visitor's network to get here (DNS rebinding). */
function checkOrigin(request: Request, allowed: ReadonlySet<string>): void {
  const origin = request.headers.get("origin");
  if (origin === null || allowed.has(origin)) return;
  throw new AppError("E-ORIGIN", "Pages of other sites can't use the gateway.");
}

function invalidNumber(message: unknown, lost: LostNumber): Response {
  const { id } = Object(message) as { id?: unknown };
  const asked = typeof id === "string" || typeof id === "number" ? id : null;
  const said = `Invalid params: ${lostNumberFinding(lost).message}`;
  return Response.json(errorMessage(asked, { code: INVALID_PARAMS, message: said }));
}

function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function parseError(): Response {
  const message = "Parse error: the body is not valid JSON";
  return Response.json(errorMessage(null, { code: PARSE_ERROR, message }), { status: 400 });
}
