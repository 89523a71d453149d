import { ErrorCode, LogLevel, type WebAPICallError, WebClient } from "@slack/web-api";
import { AppError } from "../../platform/errors.ts";
import { guardedPost, NoAnswer } from "../guarded-request.ts";
import { oneLine } from "../preview.ts";
import type { Sent } from "../sender.ts";

/** A view or a message comes back in the answer; nothing that is asked for here is longer. */
const MOST_ANSWER_BYTES = 1024 * 1024;
const TIMEOUT_MS = 10_000;

export interface SlackClientOptions {
  token: string;
  apiUrl: string;
  /** Hosts that may have private addresses. */
  allowHosts: readonly string[];
  /** Ends a call under way. */
  signal?: AbortSignal;
}

type Fetch = NonNullable<NonNullable<ConstructorParameters<typeof WebClient>[1]>["fetch"]>;

/** Slack's Web API, each call tried once: whoever calls knows best when to try again. */
export function openSlack({ token, apiUrl, allowHosts, signal }: SlackClientOptions): WebClient {
  const fetch: Fetch = async (address, init = {}) => {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const { status, statusText, headers, text } = await guardedPost({
      url: new URL(address),
      headers: init.headers ?? {},
      body: typeof init.body === "string" ? init.body : "",
      allowHosts,
      mostBytes: MOST_ANSWER_BYTES,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    return {
      ok: status >= 200 && status < 300,
      status,
      statusText,
      url: String(address),
      headers: {
        get: (name) => headers.get(name.toLowerCase()) ?? null,
        entries: () => headers.entries(),
      },
      arrayBuffer: async () => new TextEncoder().encode(text).buffer,
      json: async () => JSON.parse(text),
      text: async () => text,
    };
  };
  return new WebClient(token.trim(), {
    slackApiUrl: apiUrl,
    allowAbsoluteUrls: false,
    fetch,
    logger: SILENT,
    rejectRateLimitedCalls: true,
    retryConfig: { retries: 0 },
  });
}

/** Its own would write to the console, past our log. */
const SILENT = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  getLevel: () => LogLevel.ERROR,
  setName() {},
};

/** What another try with the same message can't mend: each is about the message, or about where it goes. */
const PERMANENT = new Set([
  "as_user_not_supported",
  "cant_update_message",
  "channel_is_limited_access",
  "channel_not_found",
  "duplicate_message_not_found",
  "edit_window_closed",
  "ekm_access_denied",
  "invalid_arguments",
  "invalid_blocks",
  "invalid_blocks_format",
  "is_archived",
  "is_inactive",
  "message_not_found",
  "messages_tab_disabled",
  "msg_blocks_too_long",
  "msg_too_long",
  "no_text",
  "not_in_channel",
  "restricted_action",
  "restricted_action_read_only_channel",
  "restricted_action_thread_locked",
  "thread_locked_channel",
  "user_not_in_channel",
]);

/** Slack can't say of these whether the message went out ("some aspect of the operation may have succeeded"). */
const UNCERTAIN = new Set([
  "fatal_error",
  "internal_error",
  "request_timeout",
  "service_unavailable",
]);

/** What went wrong with a call. Never with the token in it. @throws what is none of Slack's or the network's */
export function failureOf(error: unknown): Extract<Sent, { ok: false }> {
  const { code } = error as Partial<WebAPICallError>;
  if (code === ErrorCode.RateLimitedError) {
    const { retryAfter } = error as { retryAfter: number };
    const reason = `Slack asks to be left alone for ${retryAfter} s.`;
    return { ok: false, isPermanent: false, reason, retryAfterSeconds: retryAfter };
  }
  if (code === ErrorCode.PlatformError) {
    const { data } = error as { data: { error: unknown } };
    return refusalOf(oneLine(String(data.error), 100));
  }
  if (code === ErrorCode.HTTPError) {
    const { statusCode: status } = error as { statusCode: number };
    const isOurs = status < 500 && status !== 408;
    const reason = `Slack answered ${status}.`;
    return { ok: false, isPermanent: isOurs, reason, ...(isOurs ? {} : { mayHaveArrived: true }) };
  }
  const inner = code === ErrorCode.RequestError ? (error as { original: unknown }).original : error;
  if (inner instanceof AppError) return { ok: false, isPermanent: true, reason: inner.message };
  if (inner instanceof NoAnswer) {
    const { message: reason, mayHaveArrived } = inner;
    return { ok: false, isPermanent: false, reason, ...(mayHaveArrived ? { mayHaveArrived } : {}) };
  }
  // A 429 that does not say for how long.
  if (/^Retry header did not contain/.test((inner as Error).message))
    return { ok: false, isPermanent: false, reason: "Slack answered 429." };
  throw error;
}

function refusalOf(error: string): Extract<Sent, { ok: false }> {
  return {
    ok: false,
    isPermanent: PERMANENT.has(error),
    reason: `Slack refused it (${error}).`,
    ...(UNCERTAIN.has(error) ? { mayHaveArrived: true } : {}),
  };
}
