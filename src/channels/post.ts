import { AppError } from "../platform/errors.ts";
import { guardedPost, NoAnswer } from "./guarded-request.ts";
import type { Sent } from "./sender.ts";

const TIMEOUT_MS = 10_000;

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
 * answer and its `Retry-After` count; its body is not read.
 */
export async function post(request: PostRequest): Promise<Sent> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const { url, headers, body, allowHosts } = request;
  try {
    const { status, headers: answered } = await guardedPost({
      url: new URL(url),
      headers: { "content-type": "application/json", "user-agent": "AwoooP", ...headers },
      body,
      allowHosts,
      mostBytes: 0,
      signal: AbortSignal.any([request.signal, timeout]),
    });
    return judge(status, answered.get("retry-after"));
  } catch (error) {
    if (error instanceof AppError) return { ok: false, isPermanent: true, reason: error.message };
    if (!(error instanceof NoAnswer)) throw error;
    const reason = timeout.aborted ? `No answer within ${TIMEOUT_MS / 1_000} s.` : error.message;
    return { ok: false, isPermanent: false, reason };
  }
}

/**
 * What the receiver's status says: taken, not now, or never.
 *
 * @param retryAfter the header `Retry-After` (RFC 9110 §10.2.3), where the answer has one
 */
export function judge(status: number, retryAfter?: string): Sent {
  if (status >= 200 && status < 300) return { ok: true };
  if (status >= 300 && status < 400) {
    return {
      ok: false,
      isPermanent: true,
      reason: `The receiver redirects (${status}); that is not followed.`,
    };
  }
  const isPermanent = status >= 400 && status < 500 && status !== 408 && status !== 429;
  const seconds = isPermanent ? undefined : secondsOf(retryAfter, Date.now());
  return {
    ok: false,
    isPermanent,
    reason: `The receiver answered ${status}.`,
    ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
  };
}

/** Seconds, or a date. */
function secondsOf(retryAfter: string | undefined, now: number): number | undefined {
  if (retryAfter === undefined) return undefined;
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter);
  const until = Date.parse(retryAfter);
  return Number.isNaN(until) ? undefined : Math.max(0, Math.ceil((until - now) / 1_000));
}
