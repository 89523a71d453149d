import http from "node:http";
import https from "node:https";
import { Readable, Transform } from "node:stream";
import { guardedConnection } from "../platform/net.ts";
import { FloodGuard } from "./flood.ts";
import { seconds, UpstreamFailure } from "./outcome.ts";

/** What a caller may want to know of a request on its way. */
export interface FetchObserver {
  /** The connection stands: from here on the request may have been received. */
  onReached?(): void;
  /** The response's body broke off; `fetch` only tells its reader. */
  onBodyError?(error: Error): void;
}

/** How long a request waits, in milliseconds. */
export interface FetchTimeouts {
  /** For the connection alone. */
  connectMs: number;
  /** For the next byte, once the connection stands. */
  idleMs: number;
}

/** The answer to a message that was posted: JSON that came whole, or whatever else it is. */
export type Posted =
  | { kind: "json"; status: number; text: string }
  | { kind: "other"; response: Response };

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
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const NO_BODY = new Set([204, 205, 304]);

function refused(host: string): UpstreamFailure {
  return new UpstreamFailure(
    "E-UPSTREAM-HOST",
    `${host} is a private or link-local address. A platform operator can allow the host with AWOOOP_ALLOW_HOSTS.`,
  );
}

/** How many events a piece of an event stream ends. */
function eventsIn(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) {
    const isBlank =
      chunk[at - 1] === NEWLINE || (chunk[at - 1] === RETURN && chunk[at - 2] === NEWLINE);
    if (isBlank) count += 1;
  }
  return count;
}

function capped(source: http.IncomingMessage, maxBytes: number, onError?: (error: Error) => void) {
  const isStream = source.headers["content-type"]?.startsWith("text/event-stream") === true;
  const flood = new FloodGuard();
  let seen = 0;
  const cap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > maxBytes) {
        const words = `The tool server's answer is larger than ${maxBytes} bytes.`;
        return done(new UpstreamFailure("E-UPSTREAM-SIZE", words));
      }
      if (!isStream) return done(null, chunk);
      if (!flood.allows(eventsIn(chunk))) {
        const words = "The tool server sent too much that nobody asked for.";
        return done(new UpstreamFailure("E-UPSTREAM-PROTOCOL", words));
      }
      // Each event is taken apart where it is read, so others get their turn between the pieces.
      setImmediate(done, null, chunk);
    },
  });
  cap.once("error", (error) => {
    onError?.(error);
    source.destroy();
  });
  source.once("error", (error) => cap.destroy(error));
  source.once("aborted", () => cap.destroy(new Error("the connection broke off")));
  cap.once("close", () => source.destroy());
  return source.pipe(cap);
}

function toResponse(message: http.IncomingMessage, body: Transform): Response {
  const headers = new Headers();
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const status = message.statusCode ?? 502;
  if (NO_BODY.has(status)) {
    body.resume();
    return new Response(null, { status, headers });
  }
  return new Response(Readable.toWeb(body) as ReadableStream, { status, headers });
}

/** Gives a request up when no byte has come or gone for so long. */
function endWhenSilent(
  request: http.ClientRequest,
  idleMs: number,
  body: () => Transform | undefined,
) {
  request.setTimeout(idleMs, () => {
    const words = `The tool server sent nothing for ${seconds(idleMs)} s.`;
    const failure = new UpstreamFailure("E-UPSTREAM-TIMEOUT", words);
    // First the body: its reader would otherwise hear of a broken connection only.
    body()?.destroy(failure);
    request.destroy(failure);
  });
}

/** Tells the observer when the connection stands, and gives up when it does not in time. */
function watchConnection(
  request: http.ClientRequest,
  secure: boolean,
  timeoutMs: number,
  observer?: FetchObserver,
) {
  request.once("socket", (socket) => {
    if (request.reusedSocket || (!secure && !socket.connecting)) return observer?.onReached?.();
    const timer = setTimeout(() => {
      request.destroy(
        new UpstreamFailure(
          "E-UPSTREAM-CONNECT",
          `No connection to the tool server within ${seconds(timeoutMs)} s.`,
        ),
      );
    }, timeoutMs);
    socket.once(secure ? "secureConnect" : "connect", () => {
      clearTimeout(timer);
      observer?.onReached?.();
    });
    request.once("close", () => clearTimeout(timer));
  });
}

/**
 * HTTP without surprises for tool servers: no private or link-local address unless its host is allowed (checked on the
 * very address that is connected to), no redirects followed, bodies bounded, idle connections kept 4 s.
 *
 * @throws (from `fetch`) UpstreamFailure E-UPSTREAM-HOST, E-UPSTREAM-CONNECT, or Node's own network error
 */
export function createGuardedConnections(options: GuardedFetchOptions): GuardedConnections {
  const agentOptions = { keepAlive: true, timeout: IDLE_SOCKET_MS, maxFreeSockets: 256 };
  const agents = { http: new http.Agent(agentOptions), https: new https.Agent(agentOptions) };
  return {
    within: (timeouts) => ({
      fetch: (input, init = {}, observer) =>
        send(agents, options, timeouts, { url: new URL(input), init, observer }),
      poster: (url) => posterTo(url, agents, options, timeouts),
    }),
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

async function send(
  agents: { http: http.Agent; https: https.Agent },
  options: GuardedFetchOptions,
  timeouts: FetchTimeouts,
  asked: { url: URL; init: RequestInit; observer: FetchObserver | undefined },
): Promise<Response> {
  const { url, init, observer } = asked;
  const connection = guardedConnection(url, options.allowHosts, refused);
  const secure = url.protocol === "https:";
  const headers = new Headers(init.headers);
  headers.set("accept-encoding", "identity");
  if (init.body !== undefined && init.body !== null && typeof init.body !== "string") {
    throw new TypeError("only text bodies are sent");
  }
  const { promise, resolve: settle, reject } = Promise.withResolvers<Response>();
  const request = (secure ? https : http).request(url, {
    method: init.method ?? "GET",
    headers: Object.fromEntries(headers),
    agent: secure ? agents.https : agents.http,
    ...connection,
    ...(init.signal ? { signal: init.signal } : {}),
  });
  watchConnection(request, secure, timeouts.connectMs, observer);
  let body: Transform | undefined;
  endWhenSilent(request, timeouts.idleMs, () => body);
  request.once("response", (message) => {
    body = capped(message, options.maxBodyBytes, observer?.onBodyError);
    settle(toResponse(message, body));
  });
  request.on("error", reject);
  request.end(init.body ?? undefined);
  return promise;
}

function posterTo(
  url: URL,
  agents: { http: http.Agent; https: https.Agent },
  options: GuardedFetchOptions,
  timeouts: FetchTimeouts,
): (post: Post) => Posting {
  const secure = url.protocol === "https:";
  const { host } = url;
  const place = {
    method: "POST",
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port,
    path: url.pathname + url.search,
    agent: secure ? agents.https : agents.http,
  };
  // What may be connected to does not change; where it may not at all, each request says so.
  let connection: ReturnType<typeof guardedConnection> | undefined;
  return ({ body: text, headers, observer }) => {
    connection ??= guardedConnection(url, options.allowHosts, refused);
    const { promise: answer, resolve, reject } = Promise.withResolvers<Posted>();
    const own = { host, "accept-encoding": "identity", "content-length": Buffer.byteLength(text) };
    const request = (secure ? https : http).request({
      ...place,
      ...connection,
      // A list is written as it is; fields of an object would each be looked up and kept.
      headers: Object.entries({ ...headers, ...own }).flat() as string[],
    });
    watchConnection(request, secure, timeouts.connectMs, observer);
    let body: Transform | undefined;
    endWhenSilent(request, timeouts.idleMs, () => body);
    request.once("response", (message) => {
      const { statusCode: status = 502 } = message;
      const mayAnswer = status === 200 || (status >= 400 && status < 500);
      if (mayAnswer && isJson(message)) {
        collect(message, options.maxBodyBytes).then(
          (json) => resolve({ kind: "json", status, text: json }),
          reject,
        );
        return;
      }
      body = capped(message, options.maxBodyBytes, observer.onBodyError);
      resolve({ kind: "other", response: toResponse(message, body) });
    });
    request.on("error", reject);
    request.end(text);
    return {
      answer,
      cut(why) {
        reject(why);
        request.destroy(why);
      },
    };
  };
}

function isJson(message: http.IncomingMessage): boolean {
  return message.headers["content-type"]?.startsWith("application/json") === true;
}

/** The whole of a body. */
function collect(message: http.IncomingMessage, maxBytes: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const parts: Buffer[] = [];
  let seen = 0;
  message.on("data", (part: Buffer) => {
    seen += part.length;
    parts.push(part);
    if (seen <= maxBytes) return;
    const words = `The tool server's answer is larger than ${maxBytes} bytes.`;
    reject(new UpstreamFailure("E-UPSTREAM-SIZE", words));
    message.destroy();
  });
  message.once("end", () => resolve(Buffer.concat(parts).toString()));
  message.once("error", reject);
  message.once("aborted", () => reject(new Error("the connection broke off")));
  return promise;
}
