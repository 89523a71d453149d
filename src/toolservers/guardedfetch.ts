import buildConnector from "undici/lib/core/connect.js";
import Pool from "undici/lib/dispatcher/pool.js";
import { guardedConnection } from "../platform/net.ts";
import { UpstreamFailure } from "./outcome.ts";
import { type FetchObserver, type FetchTimeouts, type Posted, Receiver } from "./receiver.ts";

/** A message on its way to one URL. */
export interface Post {
  body: string;
  /** In lower case. */
  headers: Record<string, string>;
  observer: FetchObserver;
}

/** A message that was posted. */
export interface Posting {
  answer: Promise<Posted>;
  /** Ends the waiting, and breaks off what is still to come. */
  cut(why: Error): void;
}

/** A `fetch` that reaches public addresses and allowed hosts only. */
export interface GuardedFetch {
  fetch(url: string | URL, init?: RequestInit, observer?: FetchObserver): Promise<Response>;
  /** Posts to one URL, with as little around it as can be. */
  poster(url: URL): (post: Post) => Posting;
}

/** The connections that such requests are made over. */
export interface GuardedConnections {
  within(timeouts: FetchTimeouts): GuardedFetch;
  close(): void;
}

export interface GuardedFetchOptions {
  allowHosts: readonly string[];
  /** The most a response's body may have. */
  maxBodyBytes: number;
}

/** Below the 5 s after which Node servers drop an idle connection, so that a write is not sent into a closing one. */
const IDLE_SOCKET_MS = 4000;

function refused(host: string): UpstreamFailure {
  return new UpstreamFailure(
    "E-UPSTREAM-HOST",
    `${host} is a private or link-local address. A platform operator can allow the host with AWOOOP_ALLOW_HOSTS.`,
  );
}

/**
 * HTTP without surprises for tool servers: no private or link-local address unless its host is allowed (checked on the
 * very address that is connected to), no redirects followed, bodies bounded, idle connections kept 4 s.
 *
 * @throws (from `fetch`) UpstreamFailure E-UPSTREAM-HOST, E-UPSTREAM-CONNECT, E-UPSTREAM-TIMEOUT, or the network's own error
 */
export function createGuardedConnections({
  allowHosts,
  maxBodyBytes,
}: GuardedFetchOptions): GuardedConnections {
  const pools = new Pools(allowHosts);
  const within = (timeouts: FetchTimeouts): GuardedFetch => {
    const common = { timeouts, maxBodyBytes };
    const silence = { headersTimeout: timeouts.idleMs, bodyTimeout: timeouts.idleMs };
    return {
      async fetch(input, { method = "GET", headers, body = null, signal } = {}, observer = {}) {
        const url = new URL(input);
        if (body !== null && typeof body !== "string")
          throw new TypeError("only text bodies are sent");
        const own = new Headers(headers);
        own.set("accept-encoding", "identity");
        if (signal?.aborted) throw signal.reason;
        const pool = pools.to(url, timeouts);
        const receiver = new Receiver({ ...common, observer, signal, takesJson: false });
        pool.dispatch(
          { ...silence, method, path: pathOf(url), headers: [...own].flat(), body },
          receiver,
        );
        return responseOf(await receiver.answer);
      },
      poster(url) {
        const path = pathOf(url);
        return ({ body, headers, observer }) => {
          const pool = pools.to(url, timeouts);
          const receiver = new Receiver({ ...common, observer, takesJson: true });
          // A list is written as it is.
          const own = Object.entries(headers).flat();
          own.push("accept-encoding", "identity");
          pool.dispatch({ ...silence, method: "POST", path, headers: own, body }, receiver);
          return receiver;
        };
      },
    };
  };
  return { within, close: () => pools.close() };
}

/** Connections that are kept, by where they lead. */
class Pools {
  readonly #allowHosts: readonly string[];
  readonly #known = new Map<string, Pool>();

  constructor(allowHosts: readonly string[]) {
    this.#allowHosts = allowHosts;
  }

  /** @throws UpstreamFailure E-UPSTREAM-HOST for an address that is not to be reached */
  to(url: URL, { connectMs }: FetchTimeouts): Pool {
    const key = `${url.origin} ${connectMs}`;
    const known = this.#known.get(key);
    if (known) return known;
    const pool = new Pool(url.origin, {
      connect: buildConnector({
        ...guardedConnection(url, this.#allowHosts, refused),
        timeout: connectMs,
        allowH2: false,
      }),
      keepAliveTimeout: IDLE_SOCKET_MS,
      keepAliveMaxTimeout: IDLE_SOCKET_MS,
    });
    this.#known.set(key, pool);
    return pool;
  }

  close(): void {
    for (const pool of this.#known.values()) pool.destroy().catch(() => undefined);
    this.#known.clear();
  }
}

const pathOf = (url: URL) => url.pathname + url.search;

/** What was posted as the `Response` that it is. */
export function responseOf(posted: Posted): Response {
  if (posted.kind === "other") return posted.response;
  const headers = { "content-type": "application/json" };
  return new Response(posted.text, { headers, status: posted.status });
}
