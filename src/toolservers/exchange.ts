import { AsyncLocalStorage } from "node:async_hooks";
import type { JSONRPCMessage, RequestId } from "@modelcontextprotocol/client";
import type { Prefetched } from "./direct.ts";
import type { ClientPeer } from "./peer.ts";

/**
 * One request to a tool server on its way. The protocol layer of the SDK hides what the transport knows (has the
 * request left? did its stream break? what exactly was the answer?), so the transport notes it here.
 */
export interface Exchange {
  /** The request may have reached the tool server. */
  reached: boolean;
  /** An answer has arrived, a result or an error. */
  answered: boolean;
  /** Called by the transport when no answer can come any more; too late once there is one. */
  lost(reason: Error): void;
  /** The result as it came. */
  result: Record<string, unknown> | undefined;
  /** Ends the request: aborted by the caller, or when the answer is lost. */
  readonly ending: AbortSignal;
  /** Aborted once nobody waits for the answer any more. */
  readonly over: AbortSignal;
  /** The client whose call it is. */
  readonly peer: ClientPeer | undefined;
  /** How many questions the tool server has asked the client. */
  asked: number;
  /** What came to the request, which was sent directly; the transport takes it in the place of sending it again. */
  prefetched: Prefetched | undefined;
  /** Does something for which the tool server is not to blame: its time does not run meanwhile. */
  untimed<T>(work: () => Promise<T>): Promise<T>;
}

const current = new AsyncLocalStorage<Exchange>();

/** The exchange that the running code belongs to; undefined during the handshake. */
export function currentExchange(): Exchange | undefined {
  return current.getStore();
}

/** Runs something that is no part of the exchange in which it came up. */
export function outsideExchange<T>(work: () => T): T {
  return current.exit(work);
}

/** A time-out that can be held. */
class Clock {
  #left: number;
  #since = 0;
  #holds = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #onEnd: () => void;

  constructor(leftMs: number, onEnd: () => void) {
    this.#left = leftMs;
    this.#onEnd = onEnd;
    this.#run();
  }

  hold(): void {
    this.#holds += 1;
    if (this.#holds > 1) return;
    clearTimeout(this.#timer);
    this.#left -= Date.now() - this.#since;
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#run();
  }

  stop(): void {
    this.#holds = Number.POSITIVE_INFINITY;
    clearTimeout(this.#timer);
  }

  #run(): void {
    this.#since = Date.now();
    this.#timer = setTimeout(this.#onEnd, Math.max(1, this.#left));
  }
}

/** What surrounds one exchange. */
export interface ExchangeOptions {
  signal?: AbortSignal | undefined;
  peer?: ClientPeer | undefined;
  /** After how many milliseconds there is no more waiting, and what is then said. */
  leftMs: number;
  late: () => Error;
  prefetched?: Prefetched | undefined;
}

/**
 * Runs one request as an exchange of its own.
 *
 * @param onFailure is told whether the request may have reached the tool server
 */
export async function runExchange<T>(
  { signal, peer, leftMs, late, prefetched }: ExchangeOptions,
  request: (exchange: Exchange) => Promise<T>,
  onFailure: (error: unknown, sent: boolean) => T,
): Promise<T> {
  const over = new AbortController();
  const { promise: lost, reject } = Promise.withResolvers<never>();
  lost.catch(() => undefined);
  const cut = new AbortController();
  const clock = new Clock(leftMs, () => exchange.lost(late()));
  const exchange: Exchange = {
    reached: prefetched !== undefined,
    answered: false,
    result: undefined,
    ending: signal === undefined ? cut.signal : AbortSignal.any([signal, cut.signal]),
    over: over.signal,
    peer,
    asked: 0,
    prefetched,
    lost(reason) {
      if (exchange.answered) return;
      reject(reason);
      cut.abort(reason);
    },
    async untimed(work) {
      clock.hold();
      try {
        return await work();
      } finally {
        clock.release();
      }
    },
  };
  try {
    return await current.run(exchange, () => Promise.race([request(exchange), lost]));
  } catch (error) {
    return onFailure(error, exchange.reached);
  } finally {
    clock.stop();
    over.abort();
  }
}

/** A result that says nothing, of every kind at once. */
const NOTHING = {
  content: [],
  contents: [],
  messages: [],
  tools: [],
  resources: [],
  resourceTemplates: [],
  prompts: [],
  completion: { values: [] },
  ttlMs: 0,
  cacheScope: "private",
};

/**
 * Keeps results as they came. The SDK refuses a whole result of the newer protocol for one kind of content that it does
 * not know; so it is shown a result without content, and the exchange holds the real one.
 */
export class ResultTap {
  readonly #waiting = new Map<RequestId, Exchange>();

  /** By the ids under which requests were sent directly, those that the SDK knows them by. */
  readonly #aliases = new Map<RequestId, RequestId>();

  /** The id under which a request was really sent. */
  sentAs(id: RequestId): RequestId {
    for (const [sent, known] of this.#aliases) if (known === id) return sent;
    return id;
  }

  /** Notes which exchange the answer to this request belongs to. */
  expect(id: RequestId, exchange: Exchange): void {
    this.#waiting.set(id, exchange);
    const sent = exchange.prefetched?.id;
    if (sent !== undefined) {
      this.#aliases.set(sent, id);
      exchange.over.addEventListener("abort", () => this.#aliases.delete(sent), { once: true });
    }
    exchange.over.addEventListener("abort", () => this.#waiting.delete(id), { once: true });
  }

  /** The one exchange that waits here; undefined when there is none, or more than one. */
  only(): Exchange | undefined {
    const all = new Set(this.#waiting.values());
    return all.size === 1 ? [...all][0] : undefined;
  }

  /** The message to show to the SDK. */
  pass(message: JSONRPCMessage): JSONRPCMessage {
    if ("method" in message || message.id === undefined) return message;
    const id = this.#aliases.get(message.id) ?? message.id;
    const exchange = this.#waiting.get(id);
    if (exchange === undefined || exchange.answered) return { ...message, id };
    exchange.answered = true;
    if (!("result" in message)) return { ...message, id };
    exchange.result = message.result;
    const { resultType } = message.result;
    const shown = resultType === undefined ? NOTHING : { ...NOTHING, resultType: "complete" };
    return { ...message, id, result: shown };
  }
}
