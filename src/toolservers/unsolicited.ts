import type { JSONRPCMessage, RequestId } from "@modelcontextprotocol/client";
import { cleanQuestion } from "./clean.ts";
import { currentExchange, type Exchange, outsideExchange } from "./exchange.ts";
import { canAnswer, isLogged, isPeerMethod, PeerError, type PeerMethod } from "./peer.ts";
import { MAX_QUESTIONS } from "./rounds.ts";

/** A notification that concerns whoever uses the tool server, not one call. */
export interface ServerNotification {
  method: string;
  params: Record<string, unknown>;
}

const FOR_ALL = new Set([
  "notifications/tools/list_changed",
  "notifications/prompts/list_changed",
  "notifications/resources/list_changed",
  "notifications/resources/updated",
]);
/** Those that belong to the call under way; progress finds its call by its token, in the SDK. */
const FOR_CALL = new Set(["notifications/message", "notifications/elicitation/complete"]);

const METHOD_NOT_FOUND = -32601;
const INVALID_REQUEST = -32600;
const INTERNAL = -32603;
const MAX_MESSAGE = 256 * 1024;

interface ServerRequest {
  id: RequestId;
  method: PeerMethod;
  params: Record<string, unknown>;
}

/** What one connection is connected to. */
export interface UnsolicitedOptions {
  send(message: JSONRPCMessage): Promise<void>;
  /** The call that a message without one of its own may belong to: the only one under way. */
  only(): Exchange | undefined;
  onNotification(notification: ServerNotification): void;
}

/**
 * Deals with what a tool server sends without being asked. Its questions and log messages go to the client whose call
 * is under way and to nobody else: the call on whose response stream they came, or else the only one. Where several
 * calls share a stream nobody can tell whose it is, and the question is refused.
 */
export class Unsolicited {
  readonly #options: UnsolicitedOptions;
  readonly #open = new Map<RequestId, AbortController>();

  constructor(options: UnsolicitedOptions) {
    this.#options = options;
  }

  /** Whether the message was dealt with; if not, it is the SDK's. */
  take(message: JSONRPCMessage): boolean {
    if (!("method" in message)) return false;
    const { method, params = {} } = message;
    if ("id" in message) {
      if (!isPeerMethod(method)) return false;
      const exchange = currentExchange() ?? this.#options.only();
      const request = { id: message.id, method, params };
      outsideExchange(() => void this.#answer(request, exchange));
      return true;
    }
    if (FOR_ALL.has(method)) {
      // Its `_meta` names the stream it came on, which is nobody else's business.
      const { _meta, ...said } = params;
      if (isSmall(said)) this.#options.onNotification({ method, params: said });
      return true;
    }
    if (FOR_CALL.has(method)) {
      const peer = (currentExchange() ?? this.#options.only())?.peer;
      const isWanted = method !== "notifications/message" || isLogged(params.level, peer?.logLevel);
      if (isWanted && isSmall(params)) peer?.notify(method, params);
      return true;
    }
    if (method !== "notifications/cancelled") return false;
    const { requestId } = params as { requestId?: RequestId };
    const asking = requestId === undefined ? undefined : this.#open.get(requestId);
    asking?.abort(new PeerError(INTERNAL, "The tool server withdrew its question."));
    return asking !== undefined;
  }

  async #answer(request: ServerRequest, exchange: Exchange | undefined): Promise<void> {
    const { id } = request;
    let answer: JSONRPCMessage;
    try {
      const result = await this.#ask(request, exchange);
      answer = { jsonrpc: "2.0", id, result };
    } catch (error) {
      const known = error instanceof PeerError ? error : new PeerError(INTERNAL, "Internal error");
      const { code, message, data } = known;
      answer = { jsonrpc: "2.0", id, error: { code, message, ...(data ? { data } : {}) } };
    }
    // A tool server that has gone meanwhile gets no answer; its call ends by itself.
    await this.#options.send(answer).catch(() => undefined);
  }

  async #ask(
    { id, method, params }: ServerRequest,
    exchange: Exchange | undefined,
  ): Promise<Record<string, unknown>> {
    const peer = exchange?.peer;
    if (!exchange || !peer) {
      const words =
        "No call is under way, or more than one, so it is not known which client to ask.";
      throw new PeerError(METHOD_NOT_FOUND, words);
    }
    if (!canAnswer(peer, method)) {
      throw new PeerError(METHOD_NOT_FOUND, `The client of this call does not support ${method}.`);
    }
    exchange.asked += 1;
    if (exchange.asked > MAX_QUESTIONS || this.#open.has(id) || !isSmall(params)) {
      const words = `One call may ask its client at most ${MAX_QUESTIONS} times, and not at length.`;
      throw new PeerError(INVALID_REQUEST, words);
    }
    const withdrawn = new AbortController();
    this.#open.set(id, withdrawn);
    try {
      const signal = AbortSignal.any([withdrawn.signal, exchange.over, exchange.ending]);
      const asked = cleanQuestion(params);
      return await exchange.untimed(() => peer.request(method, asked, signal));
    } finally {
      this.#open.delete(id);
    }
  }
}

function isSmall(params: Record<string, unknown>): boolean {
  return JSON.stringify(params).length <= MAX_MESSAGE;
}
