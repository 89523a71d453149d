import type { Logger } from "../platform/log.ts";
import type { Answer, Connection } from "./connection.ts";
import { type ConnectorOptions, connect, readBody, type ToolServerRef } from "./connector.ts";
import { createGuardedFetch } from "./guardedfetch.ts";
import { seconds, toUpstreamError, type UpstreamError, UpstreamFailure } from "./outcome.ts";
import type { ToolDefinition } from "./pins.ts";
import { readPage, readTools } from "./toollist.ts";
import { hasLoneSurrogate, replaceLoneSurrogates } from "./wellformed.ts";

/** What a tool answered, every field as it came (a `CallToolResult`). */
export interface ToolResult {
  kind: "result";
  result: Record<string, unknown>;
}

export interface CallOptions {
  /** From asking for the connection to the answer, in milliseconds; by default the contract's. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** The request's `_meta`; keys under `io.modelcontextprotocol/` are the connection's own. */
  meta?: Record<string, unknown> | undefined;
}

/** The connections to all tool servers. Nothing here throws: what fails comes back as an `UpstreamError`. */
export interface ToolServerPool {
  listTools(
    ref: ToolServerRef,
    options?: Omit<CallOptions, "meta">,
  ): Promise<{ kind: "tools"; tools: ToolDefinition[] } | UpstreamError>;
  /** Calls a tool once. It is never sent a second time, except where the server said it did not know the session. */
  callTool(
    ref: ToolServerRef,
    name: string,
    args: Record<string, unknown>,
    options?: CallOptions,
  ): Promise<ToolResult | UpstreamError>;
  /**
   * Lets what is under way come to its end (5 s at most), for a write that is cut off would have an unknown fate; then
   * ends all connections and programs. Later calls fail with `sent: false`.
   */
  close(): Promise<void>;
}

export interface ToolServerPoolOptions
  extends Pick<ConnectorOptions, "resolveSecret" | "allowStdio"> {
  /** Hosts that may have private addresses (AWOOOP_ALLOW_HOSTS). */
  allowHosts: readonly string[];
  log: Logger;
  /** The largest result that is passed on, in bytes of JSON; 1 MiB by default. */
  maxResultBytes?: number;
  /** An unused connection is closed after this time; 10 minutes by default. */
  idleMs?: number;
}

/** A connection and who uses it. */
interface Entry {
  readonly key: string;
  readonly connection: Promise<Connection>;
  connected: boolean;
  inFlight: number;
  usedAt: number;
  /** No further request goes here; the connection closes when the last one is done. */
  retired: boolean;
  /** Ends the attempt to connect, and a program, at once. */
  readonly abandon: AbortController;
}

const MIB = 1024 * 1024;
const CONNECT_MS = 10_000;
const FINISH_MS = 5000;
const CLOSE_MS = 5000;
const MAX_LIST_PAGES = 50;

type Method = "tools/list" | "tools/call";

class Pool implements ToolServerPool {
  readonly #options: ToolServerPoolOptions;
  readonly #connector: ConnectorOptions;
  readonly #maxResultBytes: number;
  readonly #entries = new Map<string, Entry>();
  /** All that has not ended yet: the entries in use and the retired ones. */
  readonly #alive = new Set<Entry>();
  /** The requests that wait for their answer. */
  readonly #underWay = new Set<Promise<unknown>>();
  /** Programs that speak the 2025 protocol only, so that they are not asked again at every start. */
  readonly #legacy = new Set<string>();
  readonly #sweeper: NodeJS.Timeout;
  readonly #killAll = () => {
    for (const entry of this.#alive) entry.abandon.abort(closing());
  };
  #closed = false;

  constructor(options: ToolServerPoolOptions) {
    this.#options = options;
    this.#maxResultBytes = options.maxResultBytes ?? MIB;
    const { resolveSecret, allowStdio, allowHosts, log } = options;
    // Room for what surrounds the result: the envelope, progress messages, a list of many tools.
    const maxBodyBytes = this.#maxResultBytes + 4 * MIB;
    const guarded = createGuardedFetch({ allowHosts, connectTimeoutMs: CONNECT_MS, maxBodyBytes });
    this.#connector = { resolveSecret, allowStdio, log, guarded, maxMessageBytes: maxBodyBytes };
    const idleMs = options.idleMs ?? 600_000;
    this.#sweeper = setInterval(() => this.#sweep(idleMs), Math.min(idleMs, 60_000));
    this.#sweeper.unref();
    // Last resort for an exit that skips close(): programs that ignore the end of their input would live on.
    process.on("exit", this.#killAll);
  }

  async listTools(ref: ToolServerRef, options: Omit<CallOptions, "meta"> = {}) {
    const listed: unknown[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MAX_LIST_PAGES; page++) {
      const answer = await this.#ask(
        ref,
        "tools/list",
        cursor === undefined ? {} : { cursor },
        options,
      );
      if (answer.kind === "upstream_error") return answer;
      const found = readPage(answer.result);
      if (!found) return invalid("The tool server's list of tools is not valid MCP.");
      listed.push(...found.tools);
      cursor = found.nextCursor;
      if (cursor === undefined) {
        const { tools, refused } = readTools(listed);
        if (refused.length > 0) {
          const where = { project: ref.projectId, server: ref.serverId };
          this.#options.log.warn(
            { ...where, refused: refused.slice(0, 20) },
            "tools were left out",
          );
        }
        return { kind: "tools" as const, tools };
      }
    }
    return invalid(`The tool server's list of tools has more than ${MAX_LIST_PAGES} pages.`);
  }

  async callTool(
    ref: ToolServerRef,
    name: string,
    args: Record<string, unknown>,
    options: CallOptions = {},
  ): Promise<ToolResult | UpstreamError> {
    const meta = options.meta === undefined ? {} : { _meta: options.meta };
    const answer = await this.#ask(ref, "tools/call", { name, arguments: args, ...meta }, options);
    if (answer.kind === "upstream_error") return answer;
    const { result } = answer;
    if (!Array.isArray(result.content)) return invalid("The tool's result has no content.");
    const json = JSON.stringify(result);
    if (Buffer.byteLength(json) > this.#maxResultBytes) {
      return {
        kind: "upstream_error",
        code: "E-UPSTREAM-SIZE",
        message: `The tool's result is larger than ${this.#maxResultBytes} bytes.`,
        sent: true,
        answered: false,
      };
    }
    // Without this, a result that is no Unicode text could be neither hashed nor stored, though the tool has done it.
    if (hasLoneSurrogate(json))
      return { kind: "result", result: JSON.parse(replaceLoneSurrogates(json)) };
    return { kind: "result", result };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweeper);
    await settledWithin([...this.#underWay], FINISH_MS);
    const ending = [...this.#alive].map(async (entry) => {
      if (!entry.connected) entry.abandon.abort(closing());
      const connection = await entry.connection.catch(() => undefined);
      await connection?.close().catch(() => undefined);
    });
    await settledWithin(ending, CLOSE_MS);
    this.#connector.guarded.close();
    this.#killAll();
    process.off("exit", this.#killAll);
  }

  async #ask(
    ref: ToolServerRef,
    method: Method,
    params: Record<string, unknown>,
    options: Omit<CallOptions, "meta">,
  ): Promise<Answer | UpstreamError> {
    const answer = await this.#attempt(ref, method, params, options);
    if (answer !== "no session") return answer;
    const again = await this.#attempt(ref, method, params, options);
    return again !== "no session"
      ? again
      : invalid("The tool server forgets its sessions at once.");
  }

  async #attempt(
    ref: ToolServerRef,
    method: Method,
    params: Record<string, unknown>,
    options: Omit<CallOptions, "meta">,
  ): Promise<Answer | UpstreamError | "no session"> {
    const started = Date.now();
    let timeoutMs = options.timeoutMs ?? 0;
    let entry: Entry;
    let connection: Connection;
    try {
      timeoutMs ||= readBody(ref).timeout_seconds * 1000;
      entry = this.#entry(ref);
      connection = await within(entry.connection, timeoutMs, options.signal);
    } catch (error) {
      return toUpstreamError(error, { sent: false, timeoutMs });
    }
    const hadSession = connection.sessionId !== undefined;
    entry.inFlight += 1;
    try {
      const leftMs = Math.max(1, timeoutMs - (Date.now() - started));
      const { signal } = options;
      const asked = connection.request(method, params, { timeoutMs, leftMs, signal });
      this.#underWay.add(asked);
      const answer = await asked.finally(() => this.#underWay.delete(asked));
      if (answer.kind === "answer") return answer;
      // A refused request may mean a lost session, a changed secret or a server of another era: greet it anew.
      if (answer.httpStatus !== undefined) this.#retire(entry);
      return answer.httpStatus === 404 && hadSession ? "no session" : answer;
    } finally {
      entry.inFlight -= 1;
      entry.usedAt = Date.now();
      if (entry.retired && entry.inFlight === 0) void connection.close().catch(() => undefined);
    }
  }

  #entry(ref: ToolServerRef): Entry {
    if (this.#closed) throw closing();
    const key = JSON.stringify([ref.projectId, ref.serverId, ref.bodyHash]);
    const existing = this.#entries.get(key);
    if (existing) return existing;
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    const entry: Entry = {
      key,
      connection: promise,
      connected: false,
      inFlight: 0,
      usedAt: Date.now(),
      retired: false,
      abandon: new AbortController(),
    };
    this.#entries.set(key, entry);
    this.#alive.add(entry);
    const legacy = this.#legacy.has(key);
    connect(ref, this.#connector, { legacy, abandon: entry.abandon.signal }).then(
      (connection) => {
        entry.connected = true;
        if (connection.legacy) this.#legacy.add(key);
        connection.onClosed(() => this.#forget(entry));
        resolve(connection);
      },
      (error) => {
        this.#forget(entry);
        reject(error);
      },
    );
    return entry;
  }

  #retire(entry: Entry): void {
    entry.retired = true;
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
  }

  #forget(entry: Entry): void {
    this.#retire(entry);
    this.#alive.delete(entry);
  }

  #sweep(idleMs: number): void {
    const oldest = Date.now() - idleMs;
    for (const entry of this.#entries.values()) {
      if (!entry.connected || entry.inFlight > 0 || entry.usedAt > oldest) continue;
      this.#retire(entry);
      void entry.connection.then((connection) => connection.close()).catch(() => undefined);
    }
  }
}

/** Opens the pool. Connections are made at first use, shared by concurrent calls, and made again after they ended. */
export function createToolServerPool(options: ToolServerPoolOptions): ToolServerPool {
  return new Pool(options);
}

function closing(): UpstreamFailure {
  const words = "The connections to tool servers are being closed.";
  return new UpstreamFailure("E-UPSTREAM-CONNECT", words);
}

function invalid(message: string): UpstreamError {
  return {
    kind: "upstream_error",
    code: "E-UPSTREAM-PROTOCOL",
    message,
    sent: true,
    answered: false,
  };
}

async function settledWithin(work: readonly Promise<unknown>[], timeoutMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  await Promise.race([Promise.allSettled(work), promise]);
  clearTimeout(timer);
}

/** Waits for the connection as long as the caller does; the connection itself goes on for others. */
async function within(
  connection: Promise<Connection>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Connection> {
  const { promise, reject } = Promise.withResolvers<never>();
  const words = `The tool server did not accept a connection within ${seconds(timeoutMs)} s.`;
  const timer = setTimeout(
    () => reject(new UpstreamFailure("E-UPSTREAM-CONNECT", words)),
    timeoutMs,
  );
  const onAbort = () =>
    reject(new UpstreamFailure("E-CALL-LOST", "The caller went away before the call was sent."));
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([connection, promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
