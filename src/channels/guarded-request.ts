import http from "node:http";
import https from "node:https";
import { AppError } from "../platform/errors.ts";
import { guardedConnection } from "../platform/net.ts";
import { oneLine } from "./preview.ts";

/** A request to somebody else's server. */
export interface GuardedRequest {
  url: URL;
  headers: Record<string, string>;
  body: string;
  /** Hosts that may have private addresses. */
  allowHosts: readonly string[];
  /** The longest answer that is read, in bytes; 0: no body is. */
  mostBytes: number;
  signal: AbortSignal;
}

export interface GuardedAnswer {
  status: number;
  statusText: string;
  /** By their names in lower case. */
  headers: ReadonlyMap<string, string>;
  text: string;
}

/** A request that got no answer of use. */
export class NoAnswer extends Error {
  /** It may have been received all the same. */
  readonly mayHaveArrived: boolean;

  constructor(message: string, mayHaveArrived: boolean) {
    super(message);
    this.mayHaveArrived = mayHaveArrived;
  }
}

/**
 * Posts once: no redirects, public addresses and allowed hosts only, an answer of bounded size.
 *
 * @throws AppError E-SEND where the host may not be reached
 * @throws NoAnswer
 */
export async function guardedPost(request: GuardedRequest): Promise<GuardedAnswer> {
  const { url, signal, mostBytes } = request;
  const connection = guardedConnection(url, request.allowHosts, refused);
  const { promise, resolve, reject } = Promise.withResolvers<GuardedAnswer>();
  const secure = url.protocol === "https:";
  let hasReached = false;
  const fail = (error: unknown) =>
    reject(error instanceof AppError ? error : new NoAnswer(wordsOf(error), hasReached));
  const sent = (secure ? https : http).request(url, {
    method: "POST",
    headers: { ...request.headers, "content-length": Buffer.byteLength(request.body) },
    agent: false,
    signal,
    ...connection,
  });
  sent.once("socket", (socket) =>
    socket.once(secure ? "secureConnect" : "connect", () => {
      hasReached = true;
    }),
  );
  sent.on("error", fail);
  sent.once("response", (response) => {
    if (mostBytes === 0) {
      resolve(answerOf(response, ""));
      response.destroy();
      return;
    }
    collect(response, mostBytes).then((text) => resolve(answerOf(response, text)), fail);
  });
  sent.end(request.body);
  return promise;
}

function answerOf(response: http.IncomingMessage, text: string): GuardedAnswer {
  const { statusCode = 0, statusMessage = "", headersDistinct } = response;
  const headers = Object.entries(headersDistinct).map(
    ([name, values]) => [name, (values ?? []).join(", ")] as const,
  );
  return { status: statusCode, statusText: statusMessage, headers: new Map(headers), text };
}

async function collect(response: http.IncomingMessage, mostBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response) {
    size += part.length;
    if (size > mostBytes) throw new Error("its answer is too long");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** Node's words name hosts and ports, never a path, in which there may be a secret. */
function wordsOf(error: unknown): string {
  const { name, message, code } = error as NodeJS.ErrnoException;
  if (name === "AbortError" || name === "TimeoutError") return "There was no answer in time.";
  return `The connection failed (${oneLine(message || (code ?? name))}).`;
}

/** The answer for a host that may not be reached. */
function refused(host: string): AppError {
  return new AppError(
    "E-SEND",
    `${host} is a private or link-local address. A platform operator can allow the host with AWOOOP_ALLOW_HOSTS.`,
  );
}
