import type { Database } from "../../platform/database/index.ts";
import type { Sealer } from "../../platform/sealing.ts";
import { readSecret } from "../../secrets/index.ts";
import type { ChatReply } from "../chat-types.ts";
import type { ChannelRef } from "../event-queries.ts";
import { guardedPost } from "../guarded-request.ts";
import { formFor } from "./asked.ts";
import { contentOf, type SlackContent } from "./blocks.ts";
import type { SlackBody } from "./body.ts";
import { failureOf, openSlack } from "./client.ts";
import type { Deed } from "./meaning.ts";

const TIMEOUT_MS = 10_000;
const MOST_ANSWER_BYTES = 65_536;

const WORDS = {
  open: { en: "Open in the console", "zh-TW": "在主控台開啟" },
  late: {
    en: "That took too long for Slack. Please try again.",
    "zh-TW": "對 Slack 來說花費太久，請再試一次。",
  },
  failed: {
    en: "That did not work. Please try again, or use the console.",
    "zh-TW": "操作沒有成功，請再試一次，或使用主控台。",
  },
};

export interface AnswerDeps {
  db: Database;
  sealer: Sealer;
  /** Hosts that may have private addresses. */
  allowHosts: readonly string[];
}

/** In whose name, and in which language, people are answered. */
export interface Answering {
  channel: ChannelRef;
  contract: SlackBody;
}

/** A reply as Slack shows it; undefined where there is nothing to say. */
export function wordsOf(
  { note, text, url }: ChatReply,
  { language }: SlackBody,
): SlackContent | undefined {
  const words = [note, text].filter((part) => part !== undefined).join("\n");
  if (words === "" && url === undefined) return undefined;
  const buttons = url === undefined ? [] : [{ label: WORDS.open[language], url }];
  return contentOf(words || WORDS.open[language], buttons, { hasHeadline: false });
}

/** What is said where what was asked for did not come through. */
export function failedReply({ language }: SlackBody): ChatReply {
  return { note: WORDS.failed[language] };
}

/**
 * Shows a reply to nobody but whoever asked for it: others in the conversation may have fewer rights.
 *
 * @throws Error when Slack can't be reached, or does not take it
 */
export async function show(
  deps: AnswerDeps,
  answering: Answering,
  deed: Deed,
  reply: ChatReply,
): Promise<void> {
  const { contract } = answering;
  if (reply.ask && deed.triggerId !== undefined) {
    await openForm(deps, answering, deed, reply.ask);
  }
  const isAskedInWords = reply.ask !== undefined && deed.triggerId === undefined;
  const words = wordsOf(
    isAskedInWords ? { text: reply.ask?.text ?? "", ...reply } : reply,
    contract,
  );
  if (words) await say(deps, answering, deed, words);
}

/** Slack lets a form be opened within three seconds; whoever was kept waiting longer is told so. */
async function openForm(
  deps: AnswerDeps,
  answering: Answering,
  deed: Deed,
  ask: NonNullable<ChatReply["ask"]>,
): Promise<void> {
  const { contract } = answering;
  const slack = await openChannelSlack(deps, answering);
  const view = formFor(ask, deed.place, contract.language);
  try {
    await slack.apiCall("views.open", { trigger_id: deed.triggerId, view });
  } catch (error) {
    const note = WORDS.late[contract.language];
    const words = wordsOf({ note }, contract);
    if (words) await say(deps, answering, deed, words);
    throw new Error(failureOf(error).reason);
  }
}

async function say(
  deps: AnswerDeps,
  answering: Answering,
  { user, place, responseUrl }: Deed,
  words: SlackContent,
): Promise<void> {
  if (responseUrl !== undefined) return respond(deps, responseUrl, words);
  const slack = await openChannelSlack(deps, answering);
  const message = { channel: place.chatId, ...words, ...inThread(place.threadId) };
  const isOwnChat = place.chatId.startsWith("D");
  const person = user.userId.slice(user.userId.indexOf(":") + 1);
  try {
    await (isOwnChat
      ? slack.apiCall("chat.postMessage", message)
      : slack.apiCall("chat.postEphemeral", { ...message, user: person }));
  } catch (error) {
    throw new Error(failureOf(error).reason);
  }
}

function inThread(threadId: string | undefined) {
  return threadId === undefined ? {} : { thread_ts: threadId };
}

/** The address comes from outside, so it is reached as tool servers are: no private host unless allowed. */
async function respond(
  { allowHosts }: AnswerDeps,
  responseUrl: string,
  words: SlackContent,
): Promise<void> {
  const body = { response_type: "ephemeral", replace_original: false, ...words };
  const { status } = await guardedPost({
    url: new URL(responseUrl),
    headers: { "content-type": "application/json", "user-agent": "AwoooP" },
    body: JSON.stringify(body),
    allowHosts,
    mostBytes: MOST_ANSWER_BYTES,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (status !== 200) throw new Error(`The response_url answered ${status}.`);
}

async function openChannelSlack(
  { db, sealer, allowHosts }: AnswerDeps,
  { channel: { projectId }, contract }: Answering,
) {
  const name = contract.bot_token.slice("secret:".length);
  const token = await db.transaction(
    { role: "app", projects: [projectId] },
    (tx) => readSecret(tx, sealer, projectId, name),
    { snapshot: true },
  );
  return openSlack({ token, apiUrl: contract.api_url, allowHosts });
}
