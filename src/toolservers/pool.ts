import { isTooDeep } from "../platform/contract.ts";
import type { Logger } from "../platform/log.ts";
import type { Answer } from "./connection.ts";
import type { ConnectorOptions, ToolServerRef } from "./connector.ts";
import { toolServerBody } from "./contract.ts";
import { createGuardedConnections } from "./guardedfetch.ts";
import { HealthBook } from "./health.ts";
import { MemoryWatch } from "./memorywatch.ts";
import { closing, invalid, toUpstreamError, type UpstreamError } from "./outcome.ts";
import type { ToolDefinition } from "./pins.ts";
import type { InputRequired, Round } from "./rounds.ts";
import { readPage, readTools } from "./toollist.ts";
import type { ServerNotification } from "./unsolicited.ts";
import { type AskOptions, Upstream } from "./upstream.ts";
import { settledWithin } from "./waiting.ts";
import { hasLoneSurrogate, replaceLoneSurrogates } from "./wellformed.ts";

/** What a tool answered, every field as it came (a `CallToolResult`). */
export interface ToolResult {
  kind: "result";
  result: Record<string, unknown>;
}

export interface CallOptions extends AskOptions {
  /** The request's `_meta`; keys under `io.modelcontextprotocol/` are the connection's own. */
  meta?: Record<string, unknown> | undefined;
  /** A further round of a call that was answered with `input_required`. */
  round?: Round | undefined;
}

type NotificationListener = (ref: ToolServerRef, notification: ServerNotification) => void;

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
  ): Promise<ToolResult | InputRequired | UpstreamError>;
  /** Sends any other request; the result is as it came, of bounded size. */
  ask(
    ref: ToolServerRef,
    method: string,
    params: Record<string, unknown>,
    options?: CallOptions,
  ): Promise<ToolResult | InputRequired | UpstreamError>;
  /** Listens to what tool servers say to all who use them, such as that a list has changed; returns how to stop. */
  onNotification(listener: NotificationListener): () => void;
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
  /** Where it is noted how the tool servers are. */
  health?: HealthBook;
  /** How long a tool server that fails again and again is left alone; 10 s by default. */
  breakerResetMs?: number;
}

const MIB = 1024 * 1024;
const FINISH_MS = 5000;
const CLOSE_MS = 5000;
const MAX_LIST_PAGES = 50;
const HEADER_MISMATCH = -32020;
const NO_LIST = "The tool server's list of tools is not valid MCP.";
const MAX_LIST_BYTES = 8 * MIB;

type ListPage = { kind: "page" } & NonNullable<ReturnType<typeof readPage>>;

class Pool implements ToolServerPool {
  readonly #options: ToolServerPoolOptions;
  readonly #connector: ConnectorOptions;
  readonly #health: HealthBook;
  readonly #closeConnections: () => void;
  readonly #maxResultBytes: number;
  readonly #upstreams = new Map<string, Upstream>();
  readonly #sweeper: NodeJS.Timeout;
  readonly #listeners = new Set<NotificationListener>();
  readonly #killAll = () => {
    for (const upstream of this.#upstreams.values()) upstream.kill();
  };
  #closed = false;

  constructor(options: ToolServerPoolOptions) {
    this.#options = options;
    this.#maxResultBytes = options.maxResultBytes ?? MIB;
    const { resolveSecret, allowStdio, allowHosts, log } = options;
    this.#health = options.health ?? new HealthBook(log);
    // Room for what surrounds the result: the envelope, progress messages, a list of many tools.
    const maxBodyBytes = this.#maxResultBytes + 4 * MIB;
    const connections = createGuardedConnections({ allowHosts, maxBodyBytes });
    this.#closeConnections = connections.close;
    const memory = new MemoryWatch();
    const maxMessageBytes = maxBodyBytes;
    this.#connector = {
      ...{ resolveSecret, allowStdio, log },
      ...{ connections, memory, maxMessageBytes },
      onNotification: (ref, said) => this.#tell(ref, said),
    };
    const idleMs = options.idleMs ?? 600_000;
    this.#sweeper = setInterval(() => this.#sweep(idleMs), Math.min(idleMs, 60_000));
    this.#sweeper.unref();
    // Last resort for an exit that skips close(): programs that ignore the end of their input would live on.
    process.on("exit", this.#killAll);
  }

  onNotification(listener: NotificationListener) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async listTools(ref: ToolServerRef, options: AskOptions = {}) {
    const listed: unknown[] = [];
    let bytes = 0;
    let cursor: string | undefined;
    // All pages together have the time that one request has.
    const until = Date.now() + (options.timeoutMs ?? timeoutOf(ref));
    for (let page = 0; page < MAX_LIST_PAGES; page++) {
      const params = cursor === undefined ? {} : { cursor };
      const timeoutMs = page === 0 ? options.timeoutMs : Math.max(1, until - Date.now());
      const limits = { ...options, timeoutMs };
      const found = await this.#ask(ref, "tools/list", params, limits, pageOf);
      if (found.kind === "upstream_error") return found;
      if (found.kind !== "page") return invalid(NO_LIST);
      bytes += JSON.stringify(found.tools).length;
      if (bytes > MAX_LIST_BYTES)
        return tooLarge("The tool server's list of tools", MAX_LIST_BYTES);
      listed.push(...found.tools);
      cursor = found.nextCursor;
      if (cursor === undefined) return { kind: "tools" as const, tools: this.#usable(ref, listed) };
    }
    return invalid(`The tool server's list of tools has more than ${MAX_LIST_PAGES} pages.`);
  }

  async callTool(
    ref: ToolServerRef,
    name: string,
    args: Record<string, unknown>,
    options: CallOptions = {},
  ): Promise<ToolResult | InputRequired | UpstreamError> {
    const answer = await this.ask(ref, "tools/call", { name, arguments: args }, options);
    // It wants headers that its pinned schema says nothing of: what is known of its tools is out of date.
    if (answer.kind === "upstream_error" && answer.rpc?.code === HEADER_MISMATCH)
      this.#tell(ref, { method: "notifications/tools/list_changed", params: {} });
    if (answer.kind === "result" && !Array.isArray(answer.result.content))
      return invalid("The tool's result has no content.");
    return answer;
  }

  async ask(
    ref: ToolServerRef,
    method: string,
    asked: Record<string, unknown>,
    options: CallOptions = {},
  ): Promise<ToolResult | InputRequired | UpstreamError> {
    const { meta, round } = options;
    const params = {
      ...asked,
      ...(meta === undefined ? {} : { _meta: meta }),
      ...(round && { inputResponses: round.inputResponses }),
      ...(round?.requestState !== undefined && { requestState: round.requestState }),
    };
    return this.#ask(ref, method, params, options, (answer) => this.#fit(answer));
  }

  #tell(ref: ToolServerRef, said: ServerNotification): void {
    for (const listener of this.#listeners) listener(ref, said);
  }

  #fit({ result }: Answer): ToolResult | UpstreamError {
    if (isTooDeep(result)) return invalid("The tool's result is nested too deeply.");
    const json = JSON.stringify(result);
    if (Buffer.byteLength(json) > this.#maxResultBytes)
      return tooLarge("The tool's result", this.#maxResultBytes);
    // Without this, a result that is no Unicode text could be neither hashed nor stored, though the tool has done it.
    if (hasLoneSurrogate(json))
      return { kind: "result", result: JSON.parse(replaceLoneSurrogates(json)) };
    return { kind: "result", result };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweeper);
    const upstreams = [...this.#upstreams.values()];
    await settledWithin(
      upstreams.flatMap(({ underWay }) => [...underWay]),
      FINISH_MS,
    );
    await settledWithin(
      upstreams.map((upstream) => upstream.close()),
      CLOSE_MS,
    );
    this.#closeConnections();
    this.#killAll();
    process.off("exit", this.#killAll);
  }

  async #ask<T extends { kind: string }>(
    ref: ToolServerRef,
    method: string,
    params: Record<string, unknown>,
    options: AskOptions,
    read: (answer: Answer) => T | UpstreamError,
  ): Promise<T | InputRequired | UpstreamError> {
    if (this.#closed) return toUpstreamError(closing(), { sent: false, timeoutMs: 0 });
    return this.#upstream(ref).ask(ref, method, params, options, read);
  }

  #upstream(ref: ToolServerRef): Upstream {
    const key = keyOf(ref);
    const existing = this.#upstreams.get(key);
    if (existing) return existing;
    const { breakerResetMs } = this.#options;
    const upstream = new Upstream(ref, {
      connector: this.#connector,
      health: this.#health,
      breakerResetMs,
    });
    this.#upstreams.set(key, upstream);
    return upstream;
  }

  #usable(ref: ToolServerRef, listed: readonly unknown[]): ToolDefinition[] {
    const isHttp = (ref.body as { transport?: unknown } | null)?.transport === "http";
    const { tools, refused } = readTools(listed, isHttp);
    if (refused.length > 0) {
      const where = { project: ref.projectId, server: ref.serverId };
      this.#options.log.warn({ ...where, refused: refused.slice(0, 20) }, "tools were left out");
    }
    return tools;
  }

  #sweep(idleMs: number): void {
    const since = Date.now() - idleMs;
    for (const [key, upstream] of this.#upstreams) {
      if (!upstream.rest(since)) continue;
      this.#upstreams.delete(key);
      void upstream.close();
    }
  }
}

/** One for each project and body; a program that is shared, one for all projects that say exactly the same. */
function keyOf({ projectId, serverId, bodyHash, body }: ToolServerRef): string {
  const isShared = (body as { sharing?: unknown } | null)?.sharing === "shared";
  return isShared ? `* ${bodyHash}` : `${projectId} ${serverId} ${bodyHash}`;
}

function pageOf({ result }: Answer): ListPage | UpstreamError {
  if (isTooDeep(result)) return invalid("The tool server's list of tools is nested too deeply.");
  const page = readPage(result);
  return page === undefined ? invalid(NO_LIST) : { kind: "page", ...page };
}

function timeoutOf(ref: ToolServerRef): number {
  const found = toolServerBody.safeParse(ref.body);
  return found.success ? found.data.timeout_seconds * 1000 : 0;
}

function tooLarge(what: string, mostBytes: number): UpstreamError {
  const message = `${what} is larger than ${mostBytes} bytes.`;
  return { kind: "upstream_error", code: "E-UPSTREAM-SIZE", message, sent: true, answered: false };
}

/** Opens the pool. Connections are made at first use, shared by concurrent calls, and made again after they ended. */
export function createToolServerPool(options: ToolServerPoolOptions): ToolServerPool {
  return new Pool(options);
}
