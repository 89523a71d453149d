import {
  CLIENT_INFO_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  ProtocolError,
} from "@modelcontextprotocol/client";
import { type GuardedFetch, type Posting, responseOf } from "./guardedfetch.ts";
import { toUpstreamError, type UpstreamError, UpstreamFailure } from "./outcome.ts";
import type { ClientPeer } from "./peer.ts";
import type { Posted } from "./receiver.ts";

/** A response that has come to a request sent directly, and has more to it than one result. */
export interface Prefetched {
  kind: "prefetched";
  /** Under which the request was sent. */
  id: string;
  response: Response;
  /** Breaks the response off. */
  cut(): void;
  /** Tells why the response broke off. */
  onBroken(hear: (why: Error) => void): void;
}

interface DirectAnswer {
  kind: "answer";
  result: Record<string, unknown>;
}

export interface DirectOptions {
  leftMs: number;
  late: () => UpstreamFailure;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** For a server of the 2026-07-28 protocol. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** What the connection has agreed on. */
export interface DirectTerms {
  url: URL;
  /** Those of the contract. */
  headers: Record<string, string>;
  guarded: GuardedFetch;
  legacy: boolean;
  protocolVersion: string;
  clientInfo: object;
  sessionId(): string | undefined;
}

const PRINTABLE = /^[\x21-\x7e]{1,256}$/;
const gone = () =>
  new UpstreamFailure("E-CALL-LOST", "The caller went away before the tool server answered.");

/**
 * Tool calls to a Streamable HTTP server past the SDK's layers: one POST, and if one JSON result comes back, that is it.
 * Whatever else comes (a stream, an error status, a question) is handed on as it is to where such things are dealt with.
 */
export class DirectHttp {
  readonly #terms: DirectTerms;
  readonly #post: ReturnType<GuardedFetch["poster"]>;
  readonly #headers: Record<string, string>;
  #count = 0;
  #inFlight = 0;

  constructor(terms: DirectTerms) {
    this.#terms = terms;
    this.#post = terms.guarded.poster(terms.url);
    const own = Object.entries(terms.headers).map(([name, value]) => [name.toLowerCase(), value]);
    this.#headers = {
      ...Object.fromEntries(own),
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": terms.protocolVersion,
    };
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether the request is one that can go this way. */
  fits(method: string, params: Record<string, unknown>, peer: ClientPeer | undefined): boolean {
    if (method !== "tools/call" || peer?.wantsProgress) return false;
    return PRINTABLE.test(String(params.name));
  }

  /** Sends a tool call. */
  async ask(
    params: Record<string, unknown>,
    options: DirectOptions,
  ): Promise<DirectAnswer | UpstreamError | Prefetched> {
    this.#count += 1;
    const id = `call-${this.#count}`;
    const place = { sent: false, timeoutMs: options.timeoutMs };
    if (options.signal?.aborted) return toUpstreamError(gone(), place);
    const broken = Promise.withResolvers<Error>();
    const observer = {
      onReached: () => {
        place.sent = true;
      },
      onBodyError: broken.resolve,
    };
    let posting: Posting | undefined;
    const stop = (why: Error) => {
      posting?.cut(why);
      if (place.sent && this.#terms.legacy) this.#cancel(id);
    };
    const timer = setTimeout(() => stop(options.late()), options.leftMs);
    const onGone = () => stop(gone());
    options.signal?.addEventListener("abort", onGone);
    this.#inFlight += 1;
    try {
      const sent = this.#post({ ...this.#message(id, params, options.headers), observer });
      posting = sent;
      const read = this.#read(id, await sent.answer);
      if ("kind" in read) return read;
      return {
        kind: "prefetched",
        id,
        response: read,
        cut: () => sent.cut(gone()),
        onBroken: (hear) => void broken.promise.then(hear),
      };
    } catch (error) {
      return toUpstreamError(error, place);
    } finally {
      this.#inFlight -= 1;
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onGone);
    }
  }

  #read(id: string, posted: Posted): DirectAnswer | UpstreamError | Response {
    // A server of the 2025 era may mean by its status that it has forgotten the session.
    const isPlain = posted.kind === "json" && (posted.status === 200 || !this.#terms.legacy);
    return (isPlain && readAnswer(id, posted)) || responseOf(posted);
  }

  #message(id: string, params: Record<string, unknown>, more: DirectOptions["headers"]) {
    const { legacy, protocolVersion, clientInfo } = this.#terms;
    const sessionId = this.#terms.sessionId();
    const envelope = {
      ...(params._meta as object | undefined),
      [PROTOCOL_VERSION_META_KEY]: protocolVersion,
      [CLIENT_INFO_META_KEY]: clientInfo,
    };
    const sent = legacy ? params : { ...params, _meta: envelope };
    const named: Record<string, string> = legacy
      ? {}
      : { ...more, "mcp-method": "tools/call", "mcp-name": String(params.name) };
    return {
      body: JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: sent }),
      headers: {
        ...this.#headers,
        ...named,
        ...(sessionId === undefined ? {} : { "mcp-session-id": sessionId }),
      },
    };
  }

  /** Tells a server of the 2025 era, which does not see it by the closed connection. */
  #cancel(requestId: string): void {
    const sessionId = this.#terms.sessionId();
    const params = { requestId, reason: "The caller no longer waits." };
    const headers = {
      ...this.#headers,
      ...(sessionId === undefined ? {} : { "mcp-session-id": sessionId }),
    };
    const body = JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params });
    this.#post({ body, headers, observer: {} }).answer.then(
      (posted) => {
        if (posted.kind === "other") void posted.response.body?.cancel().catch(() => undefined);
      },
      () => undefined,
    );
  }
}

/** One result or one error, plainly; undefined for anything else. */
function readAnswer(
  id: string,
  { status, text }: Extract<Posted, { kind: "json" }>,
): DirectAnswer | UpstreamError | undefined {
  const message = parse(text);
  if (message?.jsonrpc !== "2.0" || message.id !== id) return undefined;
  const { result, error } = message;
  const isDone = isObject(result) && (result.resultType ?? "complete") === "complete";
  if (isDone && error === undefined && status === 200) return { kind: "answer", result };
  if (!isObject(error) || result !== undefined || !Number.isInteger(error.code)) return undefined;
  const said = new ProtocolError(error.code as number, String(error.message), error.data);
  return toUpstreamError(said, { sent: true, timeoutMs: 0 });
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
