import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import {
  type JSONRPCMessage,
  ReadBuffer,
  serializeMessage,
  type Transport,
} from "@modelcontextprotocol/client";
import { currentExchange, ResultTap } from "./exchange.ts";
import { UpstreamFailure } from "./outcome.ts";

/** How to start a program. */
export interface Program {
  command: string;
  args: readonly string[];
  /** The whole environment: nothing of ours is passed on. */
  env: Readonly<Record<string, string>>;
  cwd: string;
}

export interface StdioTransportOptions {
  program: Program;
  /** The longest message the program may write, in bytes. */
  maxMessageBytes: number;
  /** What the program writes on standard error. */
  onStderr(chunk: Buffer): void;
}

/** How long a program may take to leave by itself after its input was closed, and again after SIGTERM. */
const GRACE_MS = 1000;

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
  readonly #buffer: ReadBuffer;
  readonly #tap = new ResultTap();
  #child: ChildProcess | undefined;
  #closed = false;
  #exited = false;
  #failure: UpstreamFailure | undefined;

  constructor(options: StdioTransportOptions) {
    this.#options = options;
    this.#buffer = new ReadBuffer({ maxBufferSize: options.maxMessageBytes });
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

  start(): Promise<void> {
    const { program } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const child = spawn(program.command, [...program.args], {
      cwd: program.cwd,
      env: { ...program.env },
      stdio: ["pipe", "pipe", "pipe"],
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    this.#child = child;
    child.once("spawn", () => resolve());
    child.once("error", (error: NodeJS.ErrnoException) => {
      const why =
        error.code === "ENOENT" ? "the program or its folder does not exist" : error.message;
      reject(
        new UpstreamFailure(
          "E-UPSTREAM-CONNECT",
          `The tool server's program could not be started: ${why}.`,
          {
            cause: error,
          },
        ),
      );
    });
    child.once("exit", (code, signal) => {
      this.#exited = true;
      const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
      this.#failure ??= new UpstreamFailure("E-UPSTREAM-DIED", `The tool server's program ${how}.`);
      signalGroup(child, "SIGKILL");
      // Its last words may still be in the pipe; a process that fled from the group may hold that open.
      setTimeout(() => this.#ended(), GRACE_MS).unref();
    });
    child.once("close", () => this.#ended());
    child.stdin?.on("error", (error) => this.onerror?.(error));
    child.stdout?.on("data", (chunk: Buffer) => this.#read(chunk));
    child.stdout?.on("error", (error) => this.onerror?.(error));
    child.stderr?.on("data", (chunk: Buffer) => this.#options.onStderr(chunk));
    return promise;
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#child?.stdin;
    if (this.#closed || !stdin?.writable) {
      throw new UpstreamFailure("E-UPSTREAM-CONNECT", "The tool server's program is not running.");
    }
    const exchange = currentExchange();
    if (exchange && "method" in message && "id" in message) {
      exchange.reached = true;
      this.#tap.expect(message.id, exchange);
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
    if (this.#closed) return;
    try {
      this.#buffer.append(chunk);
      for (let message = this.#next(); message !== null; message = this.#next())
        this.onmessage?.(this.#tap.pass(message));
    } catch (error) {
      // Whoever writes more than the limit in one message has lost the right to be listened to.
      const words = `The tool server wrote a message larger than ${this.#options.maxMessageBytes} bytes and was ended.`;
      this.#failure ??= new UpstreamFailure("E-UPSTREAM-SIZE", words, { cause: error });
      this.kill();
    }
  }

  /** The next whole message; lines that are no JSON-RPC message are reported and skipped. */
  #next(): JSONRPCMessage | null {
    for (;;) {
      try {
        return this.#buffer.readMessage();
      } catch (error) {
        this.onerror?.(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  #ended(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#buffer.clear();
    this.#child?.stdin?.destroy();
    this.#child?.stdout?.destroy();
    this.#child?.stderr?.destroy();
    this.onclose?.();
  }
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
