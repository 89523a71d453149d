import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

const STOP_TIMEOUT_MS = 20_000;
const LINES_SHOWN = 20;

export type ChildOptions = {
  /** What the program is called in sentences. */
  name: string;
  args: string[];
  env: Record<string, string | undefined>;
  cwd: string;
  logFile: string;
};

/** A Node program of ours in its own process, its output in a file. */
export class Child {
  readonly #process: ChildProcess;
  readonly #options: ChildOptions;
  readonly #exited: Promise<unknown>;

  constructor(options: ChildOptions) {
    this.#options = options;
    const log = openSync(options.logFile, "a");
    // Its own session: Ctrl-C reaches only the demo, which then stops its children in order.
    this.#process = spawn(process.execPath, options.args, {
      cwd: options.cwd,
      env: options.env,
      stdio: ["pipe", log, log],
      detached: true,
    });
    closeSync(log);
    this.#exited = once(this.#process, "exit");
  }

  get ended(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Waits until `url` answers 200; throws when the program ends before, or after `timeoutMs`. */
  async waitUntilReady(url: string, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      if (this.ended) throw await this.failure();
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
      await response?.body?.cancel();
      if (response?.status === 200) return;
      await pause(50);
    }
    throw new Error(`${this.#options.name} did not answer at ${url} within ${timeoutMs / 1000} s.`);
  }

  /** The error to throw when it has ended unasked: its name, its code, its last words. */
  async failure(): Promise<Error> {
    await this.#exited;
    const output = await readFile(this.#options.logFile, "utf8");
    const end = output.trimEnd().split("\n").slice(-LINES_SHOWN).join("\n    ");
    const how = this.#process.signalCode ?? `code ${this.#process.exitCode}`;
    return new Error(`${this.#options.name} ended with ${how}. Its last words:\n    ${end}`);
  }

  /** Asks it to stop and waits; after 20 s it is killed. */
  async stop(): Promise<void> {
    if (this.ended) return;
    this.#process.kill("SIGTERM");
    const giveUp = new AbortController();
    const timeout = pause(STOP_TIMEOUT_MS, "timeout", { signal: giveUp.signal }).catch(() => "");
    if ((await Promise.race([this.#exited, timeout])) === "timeout") {
      this.kill();
      await this.#exited;
    }
    giveUp.abort();
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }
}

/** `preferred` if nothing listens there, else a port that the system finds free. */
export async function choosePort(preferred: number): Promise<number> {
  return (await tryPort(preferred)) ?? (await tryPort(0)) ?? preferred;
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const found = typeof address === "object" && address ? address.port : undefined;
      server.close(() => resolve(found));
    });
  });
}
