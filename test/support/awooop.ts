import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { compileCache } from "./compile-cache.ts";
import { AnswerCheck } from "./openapi.ts";
import { waitFor } from "./wait.ts";

const MAIN = fileURLToPath(new URL("../../dist/server/main.js", import.meta.url));
/** Ends the server when this process is gone, however it went. */
const END_WITH_PARENT = new URL("../../demo/end-with-parent.ts", import.meta.url).href;

/** Fixed, so that a server that is started again knows what the first one stored. */
export const ADMIN_KEY = `awp_e2etests_${"k".repeat(43)}`;
const SECRET_KEY = "the secret key of the end-to-end tests";

export interface AwooopOptions {
  /** The database of the server; else one embedded in `dataDir`. */
  databaseUrl?: string;
  dataDir?: string;
  /** A fixed one, so that clients find a restarted server; any free one by default. */
  port?: number;
  env?: Record<string, string>;
}

/** An answer of the server; an empty or other than JSON body is its text. */
export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  body: any;
}

export interface Send {
  method?: string;
  /** Sent as JSON; a text as it is. */
  body?: unknown;
  /** The platform admin's by default; null for none. */
  key?: string | null;
  headers?: Record<string, string>;
}

/** A real server in a process of its own; each of its answers is held against the API's description. */
export interface Awooop {
  url: string;
  port: number;
  pid: number;
  /** Under /api/v1. */
  api(path: string, send?: Send): Promise<Answer>;
  /** As `api`, for any path. */
  send(path: string, send?: Send): Promise<Answer>;
  /** Kills the process with SIGKILL and waits until it is gone. */
  kill9(): Promise<void>;
  /** Asks it to stop and waits; answers its exit code. Nothing happens when it has ended already. */
  stop(): Promise<number | null>;
  /** What it has printed so far, on both streams. */
  output(): string;
}

/** What a server printed that did not come up. */
export class StartRefused extends Error {
  readonly exitCode: number | null;

  constructor(exitCode: number | null, output: string) {
    super(`The server ended with ${exitCode}:\n${output}`);
    this.exitCode = exitCode;
  }
}

const STARTED_WITHIN_MS = 40_000;
const STOPPED_WITHIN_MS = 15_000;

/**
 * Starts the server as it is built, and waits until it is ready.
 *
 * @throws StartRefused when it ends instead
 */
export async function startAwooop(options: AwooopOptions): Promise<Awooop> {
  const child = spawn(process.execPath, ["--import", END_WITH_PARENT, MAIN], {
    // Nothing of this process's own environment decides how it runs.
    env: { PATH: process.env.PATH, HOME: tmpdir(), ...compileCache, ...environment(options) },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  const closed = once(child, "close");
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
  }
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  const ready = () => /^AwoooP is ready: (\S+)$/m.exec(output)?.[1];
  await waitFor(() => ended() || ready() !== undefined, {
    timeoutMs: STARTED_WITHIN_MS,
    what: "the server to start",
  }).catch((error: unknown) => {
    child.kill("SIGKILL");
    throw new Error(`${(error as Error).message}; it said:\n${output}`);
  });
  const url = ready();
  if (url === undefined) {
    await closed;
    throw new StartRefused(child.exitCode, output);
  }
  let check: Promise<AnswerCheck> | undefined;
  const send = async (path: string, what: Send = {}) => {
    check ??= describedBy(url);
    return request({ url, path, check: await check }, what);
  };
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid ?? 0,
    api: (path, what) => send(`/api/v1${path}`, what),
    send,
    async kill9() {
      child.kill("SIGKILL");
      await exited;
    },
    stop: () => stop(child, exited, ended),
    output: () => output,
  };
}

function environment(options: AwooopOptions): Record<string, string> {
  return {
    ...(options.databaseUrl === undefined ? {} : { DATABASE_URL: options.databaseUrl }),
    ...(options.dataDir === undefined ? {} : { AWOOOP_DATA_DIR: options.dataDir }),
    AWOOOP_PORT: String(options.port ?? 0),
    AWOOOP_ADMIN_KEY: ADMIN_KEY,
    AWOOOP_SECRET_KEY: SECRET_KEY,
    AWOOOP_ALLOW_STDIO: "true",
    AWOOOP_ALLOW_HOSTS: "127.0.0.1,localhost",
    AWOOOP_LOG_LEVEL: "warn",
    ...options.env,
  };
}

async function describedBy(url: string): Promise<AnswerCheck> {
  return new AnswerCheck(await (await fetch(`${url}/api/v1/openapi.json`)).json());
}

async function request(
  at: { url: string; path: string; check: AnswerCheck },
  what: Send,
): Promise<Answer> {
  const { method = what.body === undefined ? "GET" : "POST", body, key = ADMIN_KEY } = what;
  const response = await fetch(at.url + at.path, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...what.headers,
    },
    body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const contentType = response.headers.get("content-type") ?? "";
  const { status } = response;
  at.check.assert({ method, path: at.path, status, contentType, body: text });
  return { status, body: /\bjson\b/.test(contentType) ? JSON.parse(text) : text };
}

async function stop(
  child: ChildProcess,
  exited: Promise<unknown>,
  ended: () => boolean,
): Promise<number | null> {
  if (!ended()) {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOPPED_WITHIN_MS);
    await exited;
    clearTimeout(timer);
  }
  return child.exitCode;
}
