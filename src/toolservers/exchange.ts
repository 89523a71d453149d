import { AsyncLocalStorage } from "node:async_hooks";
import type { JSONRPCMessage, RequestId } from "@modelcontextprotocol/client";

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
}

const current = new AsyncLocalStorage<Exchange>();

/** The exchange that the running code belongs to; undefined during the handshake. */
export function currentExchange(): Exchange | undefined {
  return current.getStore();
}

/**
 * Runs one request as an exchange of its own.
 *
 * @param onFailure is told whether the request may have reached the tool server
 */
export async function runExchange<T>(
  signal: AbortSignal | undefined,
  request: (exchange: Exchange) => Promise<T>,
  onFailure: (error: unknown, sent: boolean) => T,
): Promise<T> {
  const over = new AbortController();
  const { promise: lost, reject } = Promise.withResolvers<never>();
  lost.catch(() => undefined);
  const cut = new AbortController();
  const exchange: Exchange = {
    reached: false,
    answered: false,
    result: undefined,
    ending: signal === undefined ? cut.signal : AbortSignal.any([signal, cut.signal]),
    over: over.signal,
    lost(reason) {
      if (exchange.answered) return;
      reject(reason);
      cut.abort(reason);
    },
  };
  try {
    return await current.run(exchange, () => Promise.race([request(exchange), lost]));
  } catch (error) {
    return onFailure(error, exchange.reached);
  } finally {
    over.abort();
  }
}

/**
 * Keeps results as they came. The SDK refuses a whole result of the newer protocol for one kind of content that it does
 * not know; so it is shown a result without content, and the exchange holds the real one.
 */
export class ResultTap {
  readonly #waiting = new Map<RequestId, Exchange>();

  /** Notes which exchange the answer to this request belongs to. */
  expect(id: RequestId, exchange: Exchange): void {
    this.#waiting.set(id, exchange);
    exchange.over.addEventListener("abort", () => this.#waiting.delete(id), { once: true });
  }

  /** The message to show to the SDK. */
  pass(message: JSONRPCMessage): JSONRPCMessage {
    if ("method" in message || message.id === undefined) return message;
    const exchange = this.#waiting.get(message.id);
    if (exchange === undefined || exchange.answered) return message;
    exchange.answered = true;
    if (!("result" in message) || message.result.resultType === "input_required") return message;
    exchange.result = message.result;
    const { resultType } = message.result;
    const shown = { content: [], tools: [], ttlMs: 0, cacheScope: "private" };
    return { ...message, result: resultType === undefined ? shown : { ...shown, resultType } };
  }
}
