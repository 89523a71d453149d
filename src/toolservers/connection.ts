import {
  Client,
  type ConnectOptions,
  ProtocolError,
  SERVER_INFO_META_KEY,
  type StandardSchemaV1,
} from "@modelcontextprotocol/client";
import { runExchange } from "./exchange.ts";
import type { GuardedFetch } from "./guardedfetch.ts";
import type { ServerFacts } from "./health.ts";
import { HttpTransport } from "./httptransport.ts";
import { foreignText, toUpstreamError, type UpstreamError, UpstreamFailure } from "./outcome.ts";
import { StdioTransport, type StdioTransportOptions } from "./stdiotransport.ts";

/** What the tool server answered to one request, every field as it came. */
export interface Answer {
  kind: "answer";
  result: Record<string, unknown>;
}

/** An open connection to one tool server. */
export interface Connection {
  /** Whether the server is greeted the way of the 2025 protocol. */
  readonly legacy: boolean;
  /** What the server said of itself. */
  readonly facts: ServerFacts;
  /** The server's session; undefined where it keeps none. */
  readonly sessionId: string | undefined;
  /**
   * @param options.leftMs how much of `timeoutMs` is left, in milliseconds
   */
  request(
    method: "tools/list" | "tools/call",
    params: Record<string, unknown>,
    options: { timeoutMs: number; leftMs: number; signal?: AbortSignal | undefined },
  ): Promise<Answer | UpstreamError>;
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

function newClient(probeMs: number): Client {
  return new Client(CLIENT_INFO, {
    capabilities: {},
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

function toConnection(client: Client, ends: Ends): Connection {
  const listeners: ((why: UpstreamFailure | undefined) => void)[] = [];
  client.onclose = () => {
    for (const listener of listeners.splice(0)) listener(ends.failure());
  };
  return {
    legacy: client.getProtocolEra() === "legacy",
    facts: factsOf(client),
    get sessionId() {
      return ends.sessionId();
    },
    request: (method, params, { timeoutMs, leftMs, signal }) =>
      runExchange<Answer | UpstreamError>(
        signal,
        async (exchange) => {
          const { ending } = exchange;
          await client.request({ method, params }, anything, { timeout: leftMs, signal: ending });
          return { kind: "answer", result: withoutEnvelope(exchange.result ?? {}) };
        },
        (error, sent) => {
          const place = { sent, timeoutMs };
          if (error instanceof ProtocolError) return toUpstreamError(error, place);
          const words = "The caller went away before the tool server answered.";
          const gone = signal?.aborted ? new UpstreamFailure("E-CALL-LOST", words) : undefined;
          return toUpstreamError(gone ?? ends.failure() ?? error, place);
        },
      ),
    onClosed: (listener) => listeners.push(listener),
    close: () => ends.close(),
  };
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
  timeoutMs: number;
  abandon: AbortSignal;
}): Promise<Connection> {
  const transport = new HttpTransport(options.url, options.headers, options.guarded);
  const client = newClient(options.timeoutMs);
  try {
    await client.connect(transport, { timeout: options.timeoutMs, signal: options.abandon });
  } catch (error) {
    await transport.close();
    throw error;
  }
  return toConnection(client, {
    failure: () => undefined,
    sessionId: () => transport.sessionId,
    async close() {
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, TERMINATE_MS);
      await Promise.race([transport.terminateSession().catch(() => undefined), late.promise]);
      clearTimeout(timer);
      await client.close();
    },
  });
}
