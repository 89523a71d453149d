import { Api, type ApiClientOptions, GrammyError, HttpError } from "grammy";
import { AppError } from "../../platform/errors.ts";
import { guardedPost, NoAnswer } from "../guarded-request.ts";
import { oneLine } from "../preview.ts";

/** The longest answer that is read: a hundred updates are far from it. */
const MOST_ANSWER_BYTES = 16 * 1024 * 1024;
/** Of the Bot API, a token is the bot's id and a key. */
const TOKEN = /^(\d{1,20}):[A-Za-z0-9_-]{1,256}$/;

/** A bot, as whom the Bot API is called. */
export interface Bot {
  /** The user that it is. */
  id: number;
  api: Api;
}

export interface BotOptions {
  token: string;
  apiRoot: string;
  /** Hosts that may have private addresses. */
  allowHosts: readonly string[];
}

/** @throws AppError E-SEND when the token is none */
export function openBot({ token, apiRoot, allowHosts }: BotOptions): Bot {
  const id = TOKEN.exec(token.trim())?.[1];
  if (id === undefined) {
    throw new AppError(
      "E-SEND",
      "The channel's token is no token of a Telegram bot, such as 110201543:AAH….",
    );
  }
  const fetch = guardedFetch(allowHosts) as unknown as NonNullable<ApiClientOptions["fetch"]>;
  return { id: Number(id), api: new Api(token.trim(), { apiRoot, fetch }) };
}

/** What went wrong with a call, for whoever tries it again or gives it up. */
export interface Failure {
  ok: false;
  isPermanent: boolean;
  /** In words; never with the bot's token in it. */
  reason: string;
  retryAfterSeconds?: number;
  mayHaveArrived?: boolean;
}

/** What an error of a call means. @throws what is none of the Bot API's or the network's */
export function failureOf(error: unknown): Failure {
  if (error instanceof GrammyError) return refusalOf(error);
  const inner = error instanceof HttpError ? error.error : error;
  if (inner instanceof AppError) return { ok: false, isPermanent: true, reason: inner.message };
  if (!(inner instanceof NoAnswer)) throw error;
  const { message: reason, mayHaveArrived } = inner;
  return { ok: false, isPermanent: false, reason, ...(mayHaveArrived ? { mayHaveArrived } : {}) };
}

/** The server looked at the call and answered that it did not do it. */
function refusalOf({ error_code: code, description, parameters }: GrammyError): Failure {
  const { retry_after: seconds, migrate_to_chat_id: moved } = parameters;
  const more = moved === undefined ? "" : ` The group's new id is ${moved}: put it in chat_id.`;
  return {
    ok: false,
    // 401 and 404 are about the token, which can be mended.
    isPermanent: code === 400 || code === 403,
    reason: `Telegram answered ${code} (${oneLine(String(description))}).${more}`,
    ...(seconds !== undefined && seconds > 0 ? { retryAfterSeconds: seconds } : {}),
    ...(code >= 500 ? { mayHaveArrived: true } : {}),
  };
}

interface Asked {
  body: string;
  signal: AbortSignal;
}

/** A `fetch` as the library calls it, through our own connections. */
function guardedFetch(allowHosts: readonly string[]) {
  return async (address: string | URL, asked: Asked) => {
    const { status, text } = await guardedPost({
      url: new URL(address),
      headers: { "content-type": "application/json", "user-agent": "AwoooP" },
      body: asked.body,
      allowHosts,
      mostBytes: MOST_ANSWER_BYTES,
      signal: asked.signal,
    });
    const answer = parsed(text);
    if (answer === undefined)
      throw new NoAnswer(`The Bot API server answered ${status}, and no JSON of its own.`, true);
    return { json: async () => answer };
  };
}

function parsed(text: string): object | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    const isAnswer = typeof answer === "object" && answer !== null && "ok" in answer;
    return isAnswer ? answer : undefined;
  } catch {
    return undefined;
  }
}
