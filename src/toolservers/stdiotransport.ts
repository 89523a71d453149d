import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import {
  deserializeMessage,
  type JSONRPCMessage,
  serializeMessage,
  type Transport,
} from "@modelcontextprotocol/client";
import { currentExchange, ResultTap } from "./exchange.ts";
import { FloodGuard, readSlowly } from "./flood.ts";
import { DEFAULT_MEMORY_MB, launchOf, type Program } from "./launcher.ts";
import type { MemoryWatch } from "./memorywatch.ts";
import { MessageLines } from "./messagelines.ts";
import { UpstreamFailure } from "./outcome.ts";
import { type ServerNotification, Unsolicited } from "./unsolicited.ts";

export interface StdioTransportOptions {
  program: Program;
  memory: MemoryWatch;
  /** The longest message the program may write, in bytes. */
  maxMessageBytes: number;
  /** What the program writes on standard error. */
  onStderr(chunk: Buffer): void;
  onNotification(notification: ServerNotification): void;
}

/** How long a program may take to leave by itself after its input was closed, and again after SIGTERM. */
const GRACE_MS = 1000;
const MIB = 1024 * 1024;
/** What may wait for a program that does not read its input. */
const MOST_UNREAD = 16 * MIB;

/**
 * MCP over the standard streams of a child process.
 *
 * The SDK's own transport hands HOME, PATH, USER and more to the program, and it leaves behind what the program itself
 * started. Here the environment is exactly the given one, and the program leads a process group that ends as a whole.
 * `pid` and `stderr` are what the SDK knows a stdio transport by when it negotiates the protocol's era.
 */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #options: StdioTransportOptions;
  readonly #lines: MessageLines;
  readonly #flood = new FloodGuard();
  readonly #tap = new ResultTap();
  readonly #unsolicited: Unsolicited;
  /** Requests that are not answered yet. */
  #asked = 0;
  #child: ChildProcess | undefined;
  #closed = false;
  #exited = false;
  #failure: UpstreamFailure | undefined;

  constructor(options: StdioTransportOptions) {
    this.#options = options;
    this.#lines = new MessageLines(options.maxMessageBytes);
    this.#unsolicited = new Unsolicited({
      send: (message) => this.send(message),
      only: () => this.#tap.only(),
      onNotification: options.onNotification,
    });
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get stderr(): Readable | null {
    return this.#child?.stderr ?? null;
  }

  /** Why no answer can come any more; undefined while the program lives. */
  get failure(): UpstreamFailure | undefined {
    return this.#failure;
  }

  async start(): Promise<void> {
    const { program } = this.#options;
    const launch = launchOf(program);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const child = spawn(launch.command, launch.args, {
      cwd: program.cwd,
      env: { ...program.env },
      stdio: ["pipe", "pipe", "pipe", ...(launch.isGuarded ? ["pipe" as const] : [])],
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    this.#child = child;
    child.once("spawn", () => resolve());
    child.once("error", (error: NodeJS.ErrnoException) => {
      const why =
        error.code === "ENOENT" ? "the program or its folder does not exist" : error.message;
      const words = `The tool server's program could not be started: ${why}.`;
      reject(new UpstreamFailure("E-UPSTREAM-CONNECT", words, { cause: error }));
    });
    child.once("exit", (code, signal) => this.#exit(child, code, signal));
    child.once("close", () => this.#ended());
    child.stdin?.on("error", (error) => this.onerror?.(error));
    child.stdio[3]?.on("error", (error) => this.onerror?.(error));
    if (child.stdout) {
      readSlowly(child.stdout, 4 * MIB, (chunk) => this.#read(chunk));
      child.stdout.on("error", (error) => this.onerror?.(error));
    }
    if (child.stderr) readSlowly(child.stderr, MIB / 2, (chunk) => this.#options.onStderr(chunk));
    this.#watchMemory(child);
    return promise;
  }

  #watchMemory(child: ChildProcess): void {
    if (child.pid === undefined) return;
    const mostMb = this.#options.program.limits.memory_mb ?? DEFAULT_MEMORY_MB;
    const unwatch = this.#options.memory.watch(child.pid, {
      mostMb,
      onExceeded: (usedMb) => {
        const words = `The tool server's program used ${usedMb} MiB of memory, more than the ${mostMb} it may, and was ended.`;
        this.#failWith(new UpstreamFailure("E-UPSTREAM-DIED", words));
      },
    });
    child.once("exit", unwatch);
  }

  #exit(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    this.#exited = true;
    const { limits } = this.#options.program;
    const words = `The tool server's program ${howEnded(code, signal, limits.cpu_seconds)}.`;
    this.#failure ??= new UpstreamFailure("E-UPSTREAM-DIED", words);
    signalGroup(child, "SIGKILL");
    // Its last words may still be in the pipe; a process that fled from the group may hold that open.
    setTimeout(() => this.#ended(), GRACE_MS).unref();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#child?.stdin;
    if (this.#closed || !stdin?.writable) {
      throw new UpstreamFailure("E-UPSTREAM-CONNECT", "The tool server's program is not running.");
    }
    if (stdin.writableLength > MOST_UNREAD) {
      const words = "The tool server's program does not read its input.";
      throw new UpstreamFailure("E-UPSTREAM-CONNECT", words);
    }
    if ("method" in message && "id" in message) {
      this.#asked += 1;
      const exchange = currentExchange();
      if (exchange) {
        exchange.reached = true;
        this.#tap.expect(message.id, exchange);
      }
    }
    if (stdin.write(serializeMessage(message))) return;
    await new Promise<void>((resolve) => {
      stdin.once("drain", resolve);
      stdin.once("close", resolve);
    });
  }

  /** Ends the program: closes its input, then asks, then forces; with everything it started. */
  async close(): Promise<void> {
    const child = this.#child;
    if (!child?.pid || this.#exited) return this.#ended();
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    child.once("exit", () => resolve());
    child.stdin?.end();
    const steps = [
      setTimeout(() => signalGroup(child, "SIGTERM"), GRACE_MS),
      setTimeout(() => signalGroup(child, "SIGKILL"), 2 * GRACE_MS),
      setTimeout(resolve, 3 * GRACE_MS),
    ];
    await gone;
    for (const step of steps) clearTimeout(step);
    this.#ended();
  }

  /** Ends the program's whole group at once; synchronous, so that it also works while the process exits. */
  kill(): void {
    if (this.#child && !this.#exited) signalGroup(this.#child, "SIGKILL");
  }

  #read(chunk: Buffer): void {
    if (this.#closed || this.#failure) return;
    if (this.#lines.push(chunk, (line) => this.#readLine(line))) return;
    const words = `The tool server wrote a message larger than ${this.#options.maxMessageBytes} bytes and was ended.`;
    this.#failWith(new UpstreamFailure("E-UPSTREAM-SIZE", words));
  }

  /** Takes one line; what is no JSON-RPC message is reported and skipped. False once nothing more is listened to. */
  #readLine(line: string): boolean {
    const message = this.#messageIn(line);
    const isAnswer = message !== undefined && !("method" in message) && this.#asked > 0;
    if (isAnswer) this.#asked -= 1;
    else if (!this.#flood.allows(1)) {
      const words = "The tool server wrote too much that nobody asked for and was ended.";
      this.#failWith(new UpstreamFailure("E-UPSTREAM-PROTOCOL", words));
      return false;
    }
    if (message !== undefined && !this.#unsolicited.take(message)) this.#handOn(message, isAnswer);
    return !this.#closed;
  }

  /**
   * The SDK takes an answer at once, and what was said before it a moment later, when it has forgotten whose progress that
   * was; so an answer that came in one go with it waits that moment too.
   */
  #handOn(message: JSONRPCMessage, isAnswer: boolean): void {
    const passed = this.#tap.pass(message);
    if (isAnswer) queueMicrotask(() => this.onmessage?.(passed));
    else this.onmessage?.(passed);
  }

  #messageIn(line: string): JSONRPCMessage | undefined {
    if (line.trim() === "") return undefined;
    try {
      return deserializeMessage(line);
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  }

  /** Ends a program that has lost the right to be listened to. */
  #failWith(failure: UpstreamFailure): void {
    this.#failure ??= failure;
    this.#lines.clear();
    this.kill();
  }

  #ended(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#lines.clear();
    this.#child?.stdin?.destroy();
    this.#child?.stdout?.destroy();
    this.#child?.stderr?.destroy();
    this.#child?.stdio[3]?.destroy();
    this.onclose?.();
  }
}

function howEnded(
  code: number | null,
  signal: NodeJS.Signals | null,
  cpuSeconds: number | undefined,
): string {
  if (signal === null) return `exited with code ${code}`;
  const usedUp = cpuSeconds !== undefined && (signal === "SIGXCPU" || signal === "SIGKILL");
  return usedUp
    ? `was ended by ${signal}: its contract gives it ${cpuSeconds} s of processor time`
    : `was ended by ${signal}`;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}
