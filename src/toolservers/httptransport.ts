import {
  type JSONRPCMessage,
  StreamableHTTPClientTransport,
  type TransportSendOptions,
} from "@modelcontextprotocol/client";
import type { DirectHttp } from "./direct.ts";
import { currentExchange, ResultTap } from "./exchange.ts";
import type { GuardedFetch } from "./guardedfetch.ts";
import { UpstreamFailure } from "./outcome.ts";
import { type ServerNotification, Unsolicited } from "./unsolicited.ts";

export interface HttpTransportOptions {
  url: URL;
  headers: Record<string, string>;
  guarded: GuardedFetch;
  onNotification(notification: ServerNotification): void;
}

/**
 * The SDK's Streamable HTTP transport, which also tells the exchange when its request has left and when its answer is
 * lost. Without that, a broken response stream would look like a slow tool until the time-out.
 */
export class HttpTransport extends StreamableHTTPClientTransport {
  /** Calls that go past this transport. */
  direct: DirectHttp | undefined;
  readonly #tap = new ResultTap();
  readonly #unsolicited: Unsolicited;

  constructor({ url, headers, guarded, onNotification }: HttpTransportOptions) {
    super(url, {
      requestInit: { headers },
      fetch: (input, init) => {
        const exchange = currentExchange();
        if (init?.method !== "POST" || exchange === undefined) return guarded.fetch(input, init);
        const { prefetched } = exchange;
        if (prefetched) {
          exchange.prefetched = undefined;
          init.signal?.addEventListener("abort", () => prefetched.cut(), { once: true });
          prefetched.onBroken((why) => {
            if (why instanceof UpstreamFailure) exchange.lost(why);
          });
          return Promise.resolve(prefetched.response);
        }
        return guarded.fetch(input, init, {
          onReached: () => {
            exchange.reached = true;
          },
          onBodyError: (error) => {
            if (error instanceof UpstreamFailure) exchange.lost(error);
          },
        });
      },
    });
    this.#unsolicited = new Unsolicited({
      send: (message) => super.send(message),
      only: () => ((this.direct?.inFlight ?? 0) > 0 ? undefined : this.#tap.only()),
      onNotification,
    });
    // The SDK sets this property, reads it to chain handlers, and calls it; in between stands the tap.
    let tapped: HttpTransport["onmessage"];
    Object.defineProperty(this, "onmessage", {
      get: () => tapped,
      set: (next: HttpTransport["onmessage"]) => {
        tapped =
          next &&
          ((message: JSONRPCMessage) => {
            if (!this.#unsolicited.take(message)) next(this.#tap.pass(message));
          });
      },
    });
  }

  override send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const exchange = currentExchange();
    if (exchange === undefined || !("method" in message && "id" in message))
      return super.send(this.#cancelledAs(message), options);
    this.#tap.expect(message.id, exchange);
    const asked = options?.requestSignal;
    return super.send(message, {
      ...options,
      requestSignal: asked === undefined ? exchange.over : AbortSignal.any([asked, exchange.over]),
      onRequestStreamEnd: () =>
        exchange.lost(
          new UpstreamFailure(
            "E-UPSTREAM-DIED",
            "The tool server closed the connection before it answered.",
          ),
        ),
    });
  }

  /** A cancellation names the request as the server knows it. */
  #cancelledAs(message: JSONRPCMessage): JSONRPCMessage {
    if (!("method" in message) || message.method !== "notifications/cancelled") return message;
    const { requestId, ...params } = message.params as { requestId: string | number };
    return { ...message, params: { ...params, requestId: this.#tap.sentAs(requestId) } };
  }
}
