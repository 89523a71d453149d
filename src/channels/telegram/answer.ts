import type { ChatButton, ChatPlace, ChatReply, Language } from "../chat-types.ts";
import type { Bot } from "./bot.ts";
import type { Deed } from "./deed.ts";
import { askedLink } from "./meaning.ts";
import { readMessageId } from "./message-id.ts";
import { cutNote, cutTo, keyboard, withButtons } from "./texts.ts";

/** How long Telegram may take to show an answer, in milliseconds: whoever asked waits, and so do those behind. */
const TIMEOUT_MS = 5_000;

const OPEN = { en: "Open in the console", "zh-TW": "在主控台開啟" };

export interface Answering {
  bot: Bot;
  language: Language;
}

/** Shows an answer in its place, under what it answers. A note that nobody pressed for is said like a text. */
export async function answerIn(
  { bot, language }: Answering,
  { user, place }: Deed,
  reply: ChatReply,
): Promise<void> {
  const link: ChatButton[] =
    reply.url === undefined ? [] : [{ label: OPEN[language], url: reply.url }];
  const words = reply.text ?? reply.note;
  if (words !== undefined || link.length > 0)
    await say(bot, place, withButtons(words ?? OPEN[language], link));
  if (reply.ask) await ask(bot, { user, place }, reply.ask);
}

/**
 * Ends the waiting of who pressed a button, with the note if there is one: they alone see it, and the message that they pressed
 * has the link. The rest of the answer goes to the place.
 */
export async function answerPress(
  answering: Answering,
  pressId: string,
  deed: Deed,
  { note, url, ...reply }: ChatReply,
): Promise<void> {
  const link = note === undefined && url !== undefined ? { url } : {};
  // A long one would be gone before it is read.
  const isLong = note !== undefined && note.length > 60;
  const shown = note === undefined ? {} : { text: cutNote(note), show_alert: isLong };
  await Promise.all([
    answering.bot.api.answerCallbackQuery(pressId, shown, timeout()),
    answerIn(answering, deed, { ...reply, ...link }),
  ]);
}

function say(bot: Bot, place: ChatPlace, { text, keys }: ReturnType<typeof withButtons>) {
  return bot.api.sendMessage(
    place.chatId,
    text,
    {
      ...under(place),
      ...(keys.length > 0 ? { reply_markup: { inline_keyboard: keyboard(keys) } } : {}),
    },
    timeout(),
  );
}

/**
 * Asks for a text: their app opens a reply to the question, for which they have to be named in it. The question carries the
 * token in a link on its last character.
 */
function ask(bot: Bot, { user, place }: Deed, { text, token }: NonNullable<ChatReply["ask"]>) {
  const said = `${user.name}: ${cutTo(text, 3_500)} ↩`;
  const named = { id: Number(user.userId), is_bot: false, first_name: user.name };
  return bot.api.sendMessage(
    place.chatId,
    said,
    {
      ...under(place),
      entities: [
        { type: "text_mention", offset: 0, length: user.name.length, user: named },
        { type: "text_link", offset: said.length - 1, length: 1, url: askedLink(token) },
      ],
      reply_markup: { force_reply: true, selective: true },
    },
    timeout(),
  );
}

/** In the place's topic, as a reply to what is answered if that is still there. */
function under({ chatId, threadId, messageId }: ChatPlace) {
  const to = readMessageId(messageId);
  return {
    link_preview_options: { is_disabled: true },
    ...(threadId === undefined ? {} : { message_thread_id: Number(threadId) }),
    ...(to && String(to.chatId) === chatId
      ? { reply_parameters: { message_id: to.messageId, allow_sending_without_reply: true } }
      : {}),
  };
}

function timeout() {
  return AbortSignal.timeout(TIMEOUT_MS) as never;
}
