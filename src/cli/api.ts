import { readFileSync } from "node:fs";
import { AppError, type FieldError } from "../platform/errors.ts";
import { usageError } from "./usage.ts";

const DEFAULT_URL = "http://127.0.0.1:4600";
const TIMEOUT_MS = 60_000;

/** What is wrong with a field, or with a place in a file. */
export type Fault = Pick<FieldError, "path" | "message">;

/** An error that the server answered with; its code may be newer than this program. */
export class ServerProblem extends Error {
  readonly code: string;
  readonly errors: readonly Fault[];

  constructor(problem: { code: string; detail: string; errors?: readonly Fault[] }) {
    super(problem.detail);
    this.name = "ServerProblem";
    this.code = problem.code;
    this.errors = problem.errors ?? [];
  }
}

/** Members that are undefined are left out. */
export type Query = Readonly<Record<string, string | undefined>>;

/** The server's operator API. */
export interface Api {
  get<T>(path: string, query?: Query): Promise<T>;
  send<T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<T>;
}

/** Names an id in a path, whatever characters it has. */
export function segment(id: string): string {
  return encodeURIComponent(id);
}

/**
 * The API at AWOOOP_URL under AWOOOP_KEY (or the key in the file AWOOOP_KEY_FILE); both are read when first used.
 *
 * @throws ServerProblem what the server refused; AppError E-CLI-USAGE, E-CLI-SERVER
 */
export function createApi(env: NodeJS.ProcessEnv): Api {
  const call = async <T>(
    method: string,
    path: string,
    query: Query,
    body?: unknown,
  ): Promise<T> => {
    const { url, key } = connection(env);
    const target = new URL(`${url.pathname.replace(/\/$/, "")}/api/v1${path}`, url);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) target.searchParams.set(name, value);
    }
    return exchange<T>(target, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        accept: "application/json, application/problem+json",
        "accept-language": "en",
        "user-agent": "awooop-cli",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  };
  return {
    get: (path, query) => call("GET", path, query ?? {}),
    send: (method, path, body) => call(method, path, {}, body),
  };
}

function connection(env: NodeJS.ProcessEnv): { url: URL; key: string } {
  const url = URL.parse(env.AWOOOP_URL || DEFAULT_URL);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw usageError(`AWOOOP_URL must be an address such as ${DEFAULT_URL}.`);
  }
  const key = (env.AWOOOP_KEY || keyFromFile(env.AWOOOP_KEY_FILE))?.trim();
  if (!key) {
    throw usageError(
      "AWOOOP_KEY is not set: it holds the key (awp_…) to work with, or AWOOOP_KEY_FILE names a file that does.",
    );
  }
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw usageError("AWOOOP_KEY is not a key: it has blanks or other characters no key has.");
  }
  return { url, key };
}

function keyFromFile(path: string | undefined): string | undefined {
  if (!path) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw usageError(`AWOOOP_KEY_FILE can't be read: ${(error as Error).message}.`);
  }
}

async function exchange<T>(target: URL, init: RequestInit): Promise<T> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(target, init);
    text = await response.text();
  } catch (error) {
    throw new AppError(
      "E-CLI-SERVER",
      `No answer from ${target.origin} (${reasonOf(error)}). Is the server running there? AWOOOP_URL says where it is.`,
    );
  }
  if (response.status === 204) return undefined as T;
  const answer = parse(text);
  if (response.ok && answer !== undefined) return answer as T;
  const problem = answer as { code?: unknown; detail?: unknown; errors?: Fault[] } | undefined;
  if (typeof problem?.code === "string" && typeof problem.detail === "string") {
    throw new ServerProblem({ ...problem, code: problem.code, detail: problem.detail });
  }
  throw new AppError(
    "E-CLI-SERVER",
    `${target.origin} answered ${response.status}, but not as AwoooP does. AWOOOP_URL must be the address of the server.`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Why a fetch failed: the cause says it (`connect ECONNREFUSED 127.0.0.1:4600`), the error itself does not. */
function reasonOf(error: unknown): string {
  const { cause, message, name } = error as Error;
  if (name === "TimeoutError") return `none within ${TIMEOUT_MS / 1000} s`;
  return cause instanceof Error
    ? cause.message || (cause as NodeJS.ErrnoException).code || message
    : message;
}
