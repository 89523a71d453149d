import http from "node:http";
import https from "node:https";
import { AppError } from "../platform/errors.ts";
import { guardedConnection } from "../platform/net.ts";
import { oneLine } from "./preview.ts";

const TIMEOUT_MS = 10_000;

/** How a delivery ended. A permanent failure is not tried again. */
export type Posted = { ok: true } | { ok: false; isPermanent: boolean; reason: string };

export interface PostRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
  /** Hosts that may have private addresses. */
  allowHosts: readonly string[];
  signal: AbortSignal;
}

/**
 * Posts JSON once: ten seconds at most, no redirects, public addresses and allowed hosts only. Only the status of the
 * answer counts; its body is not read.
 */
export async function post(request: PostRequest): Promise<Posted> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const status = await send(request, AbortSignal.any([request.signal, timeout]));
    return judge(status);
  } catch (error) {
    if (error instanceof AppError) return { ok: false, isPermanent: true, reason: error.message };
    const reason = timeout.aborted
      ? `No answer within ${TIMEOUT_MS / 1_000} s.`
      : `The connection failed (${oneLine(whyOf(error))}).`;
    return { ok: false, isPermanent: false, reason };
  }
}

/** A host with several addresses fails with an error that has a code and no words. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ("code" in error ? String(error.code) : error.name);
}

async function send(request: PostRequest, signal: AbortSignal): Promise<number> {
  const url = new URL(request.url);
  const connection = guardedConnection(url, request.allowHosts, refused);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const sent = (url.protocol === "https:" ? https : http).request(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "user-agent": "AwoooP",
      "content-length": Buffer.byteLength(request.body),
      ...request.headers,
    },
    agent: false,
    signal,
    ...connection,
  });
  sent.once("response", (response) => {
    resolve(response.statusCode ?? 0);
    response.destroy();
  });
  sent.on("error", reject);
  sent.end(request.body);
  return promise;
}

function refused(host: string): AppError {
  return new AppError(
    "E-SEND",
    `${host} is a private or link-local address. A platform operator can allow the host with AWOOOP_ALLOW_HOSTS.`,
  );
}

/** What the receiver's status says: taken, not now, or never. */
export function judge(status: number): Posted {
  if (status >= 200 && status < 300) return { ok: true };
  if (status >= 300 && status < 400) {
    return {
      ok: false,
      isPermanent: true,
      reason: `The receiver redirects (${status}); that is not followed.`,
    };
  }
  const isPermanent = status >= 400 && status < 500 && status !== 408 && status !== 429;
  return { ok: false, isPermanent, reason: `The receiver answered ${status}.` };
}
