import { redact } from "../../platform/redact.ts";
import { cutToSize } from "../cut-to-size.ts";
import type { ChannelRef } from "../event-queries.ts";
import { type IncomingEvent, PAYLOAD_CHARS } from "../incoming.ts";
import { oneLine } from "../preview.ts";
import type { TelegramBody } from "./body.ts";
import type { Deed } from "./deed.ts";
import { messageIdOf } from "./message-id.ts";
import type { TelegramMessage, TelegramPress, TelegramUser, Update } from "./update.ts";

const NAME_MAX = 100;

/** The channel that an update came in on. */
export interface Side {
  channel: ChannelRef;
  body: Pick<TelegramBody, "chat_id" | "message_thread_id">;
  /** The user that our bot is. */
  botId: number;
}

/** What an update means to us. */
export type Meaning =
  | { kind: "event"; event: IncomingEvent }
  | ({ kind: "command"; text: string } & Deed)
  | ({ kind: "answer"; text: string; token: string } & Deed)
  | ({ kind: "press"; pressId: string; data: string } & Deed)
  | { kind: "ignored"; why: string };

/**
 * What an update means. Commands and answers are only what a person wrote themselves: nothing forwarded, and nothing that was
 * said in the name of a group or by a bot, behind which anybody could be.
 *
 * What is said in other chats is ignored, but for commands in a person's own chat with the bot: so that a code for linking need
 * not be shown to a group.
 */
export function meaningOf(side: Side, update: Update): Meaning {
  const { message, callback_query: press } = update;
  if (press) return meaningOfPress(side, press);
  if (!message) return { kind: "ignored", why: "it is neither a message nor a button" };
  const text = message.text ?? message.caption;
  if (text === undefined || text.trim() === "") return { kind: "ignored", why: "it has no text" };
  const isHere = isInChannel(side, message.chat.id, topicOf(message));
  const author = authorOf(message);
  const isOwnChat = message.chat.type === "private" && message.chat.id === author?.id;
  if (author && (isHere || isOwnChat)) {
    const deed = deedOf(side, author, message);
    if (text.startsWith("/")) return { kind: "command", text, ...deed };
    const token = tokenIn(message, side.botId);
    if (token !== undefined) return { kind: "answer", text, token, ...deed };
  }
  if (!isHere) return { kind: "ignored", why: "it was said in another chat" };
  return { kind: "event", event: eventOf(update, message, text) };
}

/** Whoever pressed it, and wherever: what a button is good for is looked up, and not read off it. */
function meaningOfPress(side: Side, { id, from, message, data }: TelegramPress): Meaning {
  if (!message) return { kind: "ignored", why: "its button stands in no chat of ours" };
  return { kind: "press", pressId: id, data: data ?? "", ...deedOf(side, from, message) };
}

function isInChannel({ body }: Side, chatId: number, topic: number | undefined): boolean {
  if (chatId !== body.chat_id) return false;
  return body.message_thread_id === undefined || body.message_thread_id === topic;
}

/** In groups, a thread of replies has such a number too; only topics can be written to. */
function topicOf(message: {
  message_thread_id?: number | undefined;
  is_topic_message?: boolean | undefined;
}): number | undefined {
  return message.is_topic_message ? message.message_thread_id : undefined;
}

/** The person who wrote it, where it was a person and their own words. */
function authorOf({ from, sender_chat, forward_origin }: TelegramMessage) {
  if (!from || from.is_bot || sender_chat || forward_origin !== undefined) return undefined;
  return from;
}

function nameOf({ first_name, last_name, username, id }: TelegramUser): string {
  const given = [first_name, last_name].filter(Boolean).join(" ");
  const name = oneLine(String(redact(given)), NAME_MAX);
  return name || username || String(id);
}

type Where = Pick<
  TelegramMessage,
  "message_id" | "chat" | "message_thread_id" | "is_topic_message"
>;

function deedOf({ channel }: Side, by: TelegramUser, message: Where): Deed {
  const topic = topicOf(message);
  return {
    user: { channelType: "telegram", ...channel, userId: String(by.id), name: nameOf(by) },
    place: {
      chatId: String(message.chat.id),
      ...(topic === undefined ? {} : { threadId: String(topic) }),
      messageId: messageIdOf(message.chat.id, message.message_id),
    },
  };
}

/** Where an `ask` keeps its token: in the address of a link in its text. Nobody follows it; the name can't exist (RFC 2606). */
const ASKED = "https://awooop.invalid/answer/";

/** The address that brings an ask's token along when it is replied to. */
export function askedLink(token: string): string {
  return ASKED + token;
}

function tokenIn({ reply_to_message: asked }: TelegramMessage, botId: number): string | undefined {
  if (asked?.from?.id !== botId) return undefined;
  const link = asked.entities?.find(({ url }) => url?.startsWith(ASKED))?.url;
  return link === undefined
    ? undefined
    : /^[A-Za-z0-9_-]{1,64}$/.exec(link.slice(ASKED.length))?.[0];
}

/** As triggers see it: the message in words of ours, and the update as it came. */
function eventOf(update: Update, message: TelegramMessage, text: string): IncomingEvent {
  const { chat, from } = message;
  const by = from && { id: String(from.id), name: nameOf(from), username: from.username };
  const labels = {
    chat: String(chat.id),
    thread: String(threadOf(message)),
    ...(by ? { sender: by.id } : {}),
  };
  const payload = { status: "firing", text, from: by, labels, update };
  return {
    providerEventId: String(update.update_id),
    fingerprint: `${chat.id}:${threadOf(message)}`,
    isFiring: true,
    sender: by ? `${by.name} (${by.id})` : null,
    chatId: labels.chat,
    labels,
    payload: redact(cutToSize(payload, PAYLOAD_CHARS)) as Record<string, unknown>,
    preview: oneLine(redact(text)),
  };
}

/** The message that a thread of replies began with; a reply belongs to what it is a reply to. */
function threadOf(message: TelegramMessage): number {
  const { message_id: own, message_thread_id: thread, reply_to_message: repliedTo } = message;
  if (thread !== undefined && topicOf(message) === undefined) return thread;
  // In a topic, what replies to nobody is said to reply to the topic's beginning.
  return repliedTo && repliedTo.message_id !== thread ? repliedTo.message_id : own;
}
