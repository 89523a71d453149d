import type { IncomingMessage, ServerResponse } from "node:http";
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  LOG_LEVEL_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  ProtocolError,
  SERVER_INFO_META_KEY,
} from "@modelcontextprotocol/server";
import { lostNumber } from "../platform/exact-json.ts";
import { type WhenSent, whenSentTo } from "../platform/http/index.ts";
import { SERVER_INFO } from "./about.ts";
import type { McpCaller } from "./deps.ts";
import type { EdgeDeps } from "./edgedeps.ts";
import type { HeaderLookup } from "./incoming.ts";
import {
  errorMessage,
  HEADER_MISMATCH,
  type RpcId,
  type RpcMessage,
  resultMessage,
} from "./jsonrpc.ts";
import { answerMethod } from "./methods.ts";

/** Answers plain tool calls of the 2026-07-28 protocol past the SDK and past web requests; leaves the rest. */
export interface ShortWay {
  /**
   * @param headers that every answer has
   * @returns the HTTP status it answered with; undefined when the request is not for the short way and has to be answered
   *   as any other: what was read of it is in `rawBody`, where the server looks for it
   */
  answer(
    request: IncomingMessage,
    response: ServerResponse,
    headers?: Record<string, string>,
  ): Promise<number | undefined>;
  /** Ends what is held. */
  close(): void;
}

const MODERN = "2026-07-28";
const MAX_BODY_BYTES = 1024 * 1024;
const MISSING_CAPABILITY = -32021;
const BAD_REQUESTS: ReadonlySet<number> = new Set([HEADER_MISMATCH, MISSING_CAPABILITY]);
const ACCEPTED = ["application/json", "text/event-stream"];

interface PlainCall {
  id: RpcId;
  params: Record<string, unknown>;
  capabilities: Record<string, unknown>;
}

export function createShortWay<C extends McpCaller>(deps: EdgeDeps<C>): ShortWay {
  const open = new Set<AbortController>();
  return {
    async answer(request, response, headers = {}) {
      if (!looksPlain(request)) return undefined;
      const raw = await readBody(request);
      if (raw === undefined) return undefined;
      // Whoever answers it instead finds here what is no longer in the stream.
      (request as IncomingMessage & { rawBody?: Buffer }).rawBody = raw;
      const call = plainCall(raw, request);
      if (!call) return undefined;
      const caller = await deps
        .authenticateBearer(String(request.headers.authorization))
        // A refusal has words and headers of its own; they are said where all of them are.
        .catch(() => undefined);
      if (!caller) return undefined;
      const gone = new AbortController();
      open.add(gone);
      response.once("close", () => {
        if (!response.writableFinished) gone.abort();
      });
      try {
        const way = new WayBack(response, headers);
        const { signal } = gone;
        const whenSent = whenSentTo(response);
        return await answerCall(deps, { caller, call, request, way, signal, whenSent });
      } finally {
        open.delete(gone);
      }
    },
    close() {
      for (const gone of open) gone.abort();
    },
  };
}

/** What can be told by the headers alone. */
function looksPlain({ method, url, headers }: IncomingMessage): boolean {
  const accept = headers.accept ?? "";
  return (
    method === "POST" &&
    url === "/mcp" &&
    headers["mcp-method"] === "tools/call" &&
    headers["mcp-protocol-version"] === MODERN &&
    headers["content-type"]?.split(";")[0]?.trim() === "application/json" &&
    headers.authorization !== undefined &&
    headers.origin === undefined &&
    headers["mcp-session-id"] === undefined &&
    ACCEPTED.every((type) => accept.includes(type)) &&
    Number(headers["content-length"]) <= MAX_BODY_BYTES
  );
}

/** The body; undefined when the client went away before it was all there. */
function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.once("end", () => resolve(parts.length === 1 ? parts[0] : Buffer.concat(parts)));
  request.once("close", () => resolve(undefined));
  return promise;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A tool call in which nothing is missing and nothing more is asked for; undefined for every other message. */
function plainCall(raw: Buffer, { headers }: IncomingMessage): PlainCall | undefined {
  const message = parse(raw);
  if (!isObject(message) || message.jsonrpc !== "2.0" || message.method !== "tools/call")
    return undefined;
  const { id, params } = message;
  if (typeof id !== "string" && !Number.isSafeInteger(id)) return undefined;
  if (!isObject(params) || !isObject(params._meta)) return undefined;
  const { _meta: meta, name, requestState, inputResponses } = params;
  const capabilities = meta[CLIENT_CAPABILITIES_META_KEY];
  const info = meta[CLIENT_INFO_META_KEY];
  const isWhole =
    meta[PROTOCOL_VERSION_META_KEY] === MODERN &&
    isObject(capabilities) &&
    isObject(info) &&
    typeof info.name === "string" &&
    typeof info.version === "string" &&
    typeof name === "string" &&
    headers["mcp-name"] === name;
  const asksMore =
    requestState !== undefined ||
    inputResponses !== undefined ||
    meta.progressToken !== undefined ||
    meta[LOG_LEVEL_META_KEY] !== undefined;
  if (!isWhole || asksMore) return undefined;
  return { id: id as RpcId, params, capabilities: capabilities as Record<string, unknown> };
}

function parse(raw: Buffer): unknown {
  try {
    const text = raw.toString();
    return lostNumber(text) === undefined ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

interface Answering<C extends McpCaller> {
  caller: C;
  call: PlainCall;
  request: IncomingMessage;
  way: WayBack;
  signal: AbortSignal;
  whenSent: WhenSent;
}

async function answerCall<C extends McpCaller>(
  deps: EdgeDeps<C>,
  { caller, call, request, way, signal, whenSent }: Answering<C>,
): Promise<number> {
  const { id, params, capabilities } = call;
  const headers: HeaderLookup = { get: (name) => request.headers[name]?.toString() ?? null };
  try {
    const result = await answerMethod(deps, {
      caller,
      id,
      method: "tools/call",
      params,
      headers,
      client: {
        era: "modern",
        capabilities,
        logLevel: undefined,
        send: (message) => way.say(message as unknown as RpcMessage),
      },
      signal,
      whenSent,
    });
    return way.end(200, resultMessage(id, enveloped(result)));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const status = BAD_REQUESTS.has(error.code) ? 400 : 200;
    return way.end(status, errorMessage(id, error));
  }
}

/** With what the protocol wants every result to say. */
function enveloped(result: Record<string, unknown>): Record<string, unknown> {
  const { _meta: meta, resultType = "complete", ...rest } = result;
  return {
    ...rest,
    resultType,
    _meta: { ...(meta as object | undefined), [SERVER_INFO_META_KEY]: SERVER_INFO },
  };
}

/** Plain JSON when the first thing to say is the last, else a stream. */
class WayBack {
  readonly #response: ServerResponse;
  readonly #headers: Record<string, string>;
  #isStream = false;

  constructor(response: ServerResponse, headers: Record<string, string>) {
    this.#response = response;
    this.#headers = headers;
  }

  say(message: RpcMessage): void {
    if (!this.#isStream) {
      this.#isStream = true;
      const headers = { "content-type": "text/event-stream", "cache-control": "no-cache" };
      this.#response.writeHead(200, { ...this.#headers, ...headers, "x-accel-buffering": "no" });
    }
    this.#response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
  }

  end(status: number, message: RpcMessage): number {
    if (this.#isStream) {
      this.say(message);
      this.#response.end();
      return 200;
    }
    const body = JSON.stringify(message);
    const length = Buffer.byteLength(body);
    const headers = { "content-type": "application/json", "content-length": length };
    this.#response.writeHead(status, { ...this.#headers, ...headers }).end(body);
    return status;
  }
}
