import {
  CLIENT_CAPABILITIES_META_KEY,
  Client,
  type ConnectOptions,
  LOG_LEVEL_META_KEY,
  ProtocolError,
  SERVER_INFO_META_KEY,
  type StandardSchemaV1,
} from "@modelcontextprotocol/client";
import { DirectHttp } from "./direct.ts";
import { type Exchange, runExchange } from "./exchange.ts";
import type { GuardedFetch } from "./guardedfetch.ts";
import type { ServerFacts } from "./health.ts";
import { HttpTransport } from "./httptransport.ts";
import { ModernNews } from "./modernnews.ts";
import {
  foreignText,
  seconds,
  toUpstreamError,
  type UpstreamError,
  UpstreamFailure,
} from "./outcome.ts";
import { askableOf, type ClientPeer, PeerError } from "./peer.ts";
import { type InputRequired, MAX_ROUNDS, type Round, readInputRequired } from "./rounds.ts";
import { StdioTransport, type StdioTransportOptions } from "./stdiotransport.ts";
import type { ServerNotification } from "./unsolicited.ts";

/** What the tool server answered to one request, every field as it came. */
export interface Answer {
  kind: "answer";
  result: Record<string, unknown>;
}

export interface RequestOptions {
  timeoutMs: number;
  /** How much of `timeoutMs` is left, in milliseconds. */
  leftMs: number;
  signal?: AbortSignal | undefined;
  /** The client whose call it is. */
  peer?: ClientPeer | undefined;
  /** For a server of the 2026-07-28 protocol over HTTP. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** An open connection to one tool server. */
export interface Connection {
  /** Whether the server is greeted the way of the 2025 protocol. */
  readonly legacy: boolean;
  /** What the server said of itself. */
  readonly facts: ServerFacts;
  /** The server's session; undefined where it keeps none. */
  readonly sessionId: string | undefined;
  request(
    method: string,
    params: Record<string, unknown>,
    options: RequestOptions,
  ): Promise<Answer | InputRequired | UpstreamError>;
  /** Called once when the connection has ended, by itself (then with the reason where one is known) or by `close`. */
  onClosed(listener: (why: UpstreamFailure | undefined) => void): void;
  close(): Promise<void>;
}

const CLIENT_INFO = { name: "awooop", title: "AwoooP gateway", version: "0.1.0" };
/** How long a silent program may keep us waiting before it is taken for one of the 2025 era. */
const PROBE_MS = 5000;
const TERMINATE_MS = 1000;

/** Nothing is checked or dropped here; the real result is in the exchange. */
const anything: StandardSchemaV1<unknown, unknown> = {
  "~standard": { version: 1, vendor: "awooop", validate: (value) => ({ value }) },
};

/** Takes off what belongs to this connection and not to the result: its kind, and who the server says it is. */
function withoutEnvelope(answer: Record<string, unknown>): Record<string, unknown> {
  const { resultType, _meta: meta, ...result } = answer;
  if (typeof meta !== "object" || meta === null) return result;
  const { [SERVER_INFO_META_KEY]: serverInfo, ...rest } = meta as Record<string, unknown>;
  return Object.keys(rest).length === 0 ? result : { ...result, _meta: rest };
}

/**
 * A server of the 2025 protocol is told once, for all calls, what it may ask; whether the client of a call can answer
 * is seen when it asks. One of 2026-07-28 is told with each call.
 */
const ASKABLE = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

const SUBSCRIPTIONS = new Set(["resources/subscribe", "resources/unsubscribe"]);

/** The longest that a client may take for its answers to a tool server, in milliseconds. */
const LONGEST_ASKING_MS = 3_600_000;

function newClient(probeMs: number): Client {
  return new Client(CLIENT_INFO, {
    capabilities: ASKABLE,
    inputRequired: { autoFulfill: false },
    versionNegotiation: { mode: "auto", probe: { timeoutMs: probeMs } },
  });
}

function factsOf(client: Client): ServerFacts {
  const { name, version } = client.getServerVersion() ?? {};
  const short = (text: unknown) => (typeof text === "string" ? foreignText(text) : undefined);
  const protocolVersion = short(client.getNegotiatedProtocolVersion());
  return { protocolVersion, name: short(name), version: short(version) };
}

interface Ends {
  failure(): UpstreamFailure | undefined;
  sessionId(): string | undefined;
  close(): Promise<void>;
}

/** The request's `_meta`: what the client of this call can be asked, for a server that wants to know with each call. */
function withPeer(
  params: Record<string, unknown>,
  legacy: boolean,
  peer: ClientPeer | undefined,
): Record<string, unknown> {
  if (legacy) {
    // Answers and state are words of the newer protocol; a client that sends them unasked has nobody to hear them.
    const { inputResponses: _answers, requestState: _state, ...known } = params;
    return known;
  }
  const level = peer?.logLevel;
  const _meta = {
    ...(params._meta as Record<string, unknown> | undefined),
    [CLIENT_CAPABILITIES_META_KEY]: askableOf(peer),
    ...(level === undefined ? {} : { [LOG_LEVEL_META_KEY]: level }),
  };
  return { ...params, _meta };
}

function refusedRounds(words: string): UpstreamError {
  return {
    kind: "upstream_error",
    code: "E-UPSTREAM-PROTOCOL",
    message: words,
    sent: true,
    answered: true,
  };
}

/** Asks the client all that the tool server wants to know; a 2025-era client that can't take the questions as they are. */
async function askAll(
  { inputRequests, requestState }: InputRequired,
  peer: ClientPeer,
  exchange: Exchange,
): Promise<Round> {
  const asking = Object.entries(inputRequests).map(async ([name, { method, params }]) => {
    const signal = AbortSignal.any([exchange.ending, exchange.over]);
    return [name, await exchange.untimed(() => peer.request(method, params, signal))] as const;
  });
  return { inputResponses: Object.fromEntries(await Promise.all(asking)), requestState };
}

/** One request to its end: the answer, or questions that the caller takes on. */
async function converse(
  ask: (params: Record<string, unknown>) => Promise<Record<string, unknown>>,
  params: Record<string, unknown>,
  exchange: Exchange,
): Promise<Answer | InputRequired | UpstreamError> {
  const { peer } = exchange;
  let result = await ask(params);
  for (let rounds = 0; result.resultType === "input_required"; rounds++) {
    if (!peer) return refusedRounds("The tool asks for further input, and there is nobody to ask.");
    const questions = readInputRequired(result);
    if (!questions || rounds >= MAX_ROUNDS)
      return refusedRounds("The tool asks for further input in a way that is not passed on.");
    if (peer.takesRounds) return questions;
    let round: Round;
    try {
      round = await askAll(questions, peer, exchange);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      return refusedRounds(`The client did not answer what the tool asked: ${error.message}`);
    }
    exchange.answered = false;
    const { inputResponses, requestState } = round;
    result = await ask({
      ...params,
      inputResponses,
      ...(requestState === undefined ? {} : { requestState }),
    });
  }
  return { kind: "answer", result: withoutEnvelope(result) };
}

function toConnection(client: Client, ends: Ends, direct?: DirectHttp): Connection {
  const listeners: ((why: UpstreamFailure | undefined) => void)[] = [];
  const legacy = client.getProtocolEra() === "legacy";
  const news = legacy ? undefined : new ModernNews(client);
  client.onclose = () => {
    news?.close();
    for (const listener of listeners.splice(0)) listener(ends.failure());
  };
  return {
    legacy,
    facts: factsOf(client),
    get sessionId() {
      return ends.sessionId();
    },
    async request(method, asked, options) {
      const { timeoutMs, leftMs, signal, peer, headers } = options;
      if (news && SUBSCRIPTIONS.has(method)) return subscription(news, method, asked);
      const params = withPeer(asked, legacy, peer);
      const late = () => tooLate(timeoutMs);
      const started = performance.now();
      const first = direct?.fits(method, params, peer)
        ? await direct.ask(params, { timeoutMs, leftMs, signal, late, headers })
        : undefined;
      if (first?.kind === "answer") return { ...first, result: withoutEnvelope(first.result) };
      if (first?.kind === "upstream_error") return first;
      const left = Math.max(1, leftMs - (performance.now() - started));
      return runExchange<Answer | InputRequired | UpstreamError>(
        { signal, peer, leftMs: left, late, prefetched: first },
        (exchange) => converse(asker(client, method, options, exchange), params, exchange),
        (error, sent) => {
          const place = { sent, timeoutMs };
          if (error instanceof ProtocolError) return toUpstreamError(error, place);
          const words = "The caller went away before the tool server answered.";
          const gone = signal?.aborted ? new UpstreamFailure("E-CALL-LOST", words) : undefined;
          return toUpstreamError(gone ?? ends.failure() ?? error, place);
        },
      );
    },
    onClosed: (listener) => listeners.push(listener),
    close: () => ends.close(),
  };
}

/** Sends a request through the SDK; what comes back is kept as it came. */
function asker(client: Client, method: string, options: RequestOptions, exchange: Exchange) {
  const { leftMs, peer, headers } = options;
  const isModern = client.getProtocolEra() === "modern";
  const onprogress = peer?.wantsProgress
    ? (progress: object) => peer.notify("notifications/progress", { ...progress })
    : undefined;
  const more = {
    timeout: leftMs + LONGEST_ASKING_MS,
    signal: exchange.ending,
    ...(onprogress ? { onprogress } : {}),
    ...(isModern && headers ? { headers } : {}),
  };
  return async (params: Record<string, unknown>) => {
    await client.request({ method, params }, anything, more);
    return exchange.result ?? {};
  };
}

/** The newer protocol has no requests for single resources: they are part of what is listened to. */
function subscription(news: ModernNews, method: string, { uri }: Record<string, unknown>): Answer {
  if (method === "resources/subscribe") news.subscribe(String(uri));
  else news.unsubscribe(String(uri));
  return { kind: "answer", result: {} };
}

function tooLate(timeoutMs: number): UpstreamFailure {
  const words = `The tool server did not answer within ${seconds(timeoutMs)} s.`;
  return new UpstreamFailure("E-UPSTREAM-TIMEOUT", words);
}

/**
 * Starts a program and greets it. The newer protocol is tried first, on the same process; a program that ends when it
 * is asked so is started once more and greeted the old way (pass `legacy` to do that at once).
 *
 * @param options.abandon ends the program at once, whatever it is doing
 * @throws UpstreamFailure or an error of the SDK
 */
export async function connectStdio(
  options: StdioTransportOptions & {
    timeoutMs: number;
    legacy: boolean;
    abandon: AbortSignal;
  },
): Promise<Connection> {
  const attempt = async (connect: ConnectOptions) => {
    const transport = new StdioTransport(options);
    options.abandon.throwIfAborted();
    options.abandon.addEventListener("abort", () => transport.kill(), { once: true });
    const client = newClient(Math.min(PROBE_MS, options.timeoutMs / 2));
    try {
      await client.connect(transport, connect);
    } catch (error) {
      const { failure } = transport;
      transport.kill();
      await transport.close();
      throw failure ?? error;
    }
    return toConnection(client, {
      failure: () => transport.failure,
      sessionId: () => undefined,
      close: () => transport.close(),
    });
  };
  const greeting = { timeout: options.timeoutMs, signal: options.abandon };
  if (options.legacy) return attempt({ ...greeting, prior: { kind: "legacy" } });
  try {
    return await attempt(greeting);
  } catch (error) {
    if (!(error instanceof UpstreamFailure && error.code === "E-UPSTREAM-DIED")) throw error;
    return attempt({ ...greeting, prior: { kind: "legacy" } });
  }
}

/**
 * Greets a Streamable HTTP server, in the protocol's newest era that it speaks.
 *
 * @throws UpstreamFailure or an error of the SDK
 */
export async function connectHttp(options: {
  url: URL;
  headers: Record<string, string>;
  guarded: GuardedFetch;
  onNotification(notification: ServerNotification): void;
  timeoutMs: number;
  abandon: AbortSignal;
}): Promise<Connection> {
  const transport = new HttpTransport(options);
  const client = newClient(options.timeoutMs);
  try {
    await client.connect(transport, { timeout: options.timeoutMs, signal: options.abandon });
  } catch (error) {
    await transport.close();
    throw error;
  }
  const sessionId = () => transport.sessionId;
  transport.direct = new DirectHttp({
    ...options,
    legacy: client.getProtocolEra() === "legacy",
    protocolVersion: client.getNegotiatedProtocolVersion() ?? "",
    clientInfo: CLIENT_INFO,
    sessionId,
  });
  const ends: Ends = {
    failure: () => undefined,
    sessionId,
    async close() {
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, TERMINATE_MS);
      await Promise.race([transport.terminateSession().catch(() => undefined), late.promise]);
      clearTimeout(timer);
      await client.close();
    },
  };
  return toConnection(client, ends, transport.direct);
}
