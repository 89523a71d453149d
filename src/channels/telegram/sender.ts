import { GrammyError } from "grammy";
import type { Outgoing, Sender, SenderDeps, Sent } from "../sender.ts";
import type { TelegramBody } from "./body.ts";
import { type Bot, failureOf, openBot } from "./bot.ts";
import { messageIdOf, readMessageId } from "./message-id.ts";
import { keyboard, withButtons } from "./texts.ts";

/** How long a message may take, in milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * Sends messages to the channel's chat, without markup: nothing in a text can mean anything. Messages of a run are replies to
 * its first one. Telegram has no key by which a message sent twice would be known.
 *
 * @throws AppError E-SEND when the channel's secret is no bot's token
 */
export async function telegramSender(body: TelegramBody, deps: SenderDeps): Promise<Sender> {
  const token = await deps.readSecret(body.token);
  const bot = openBot({ token, apiRoot: body.api_root, allowHosts: deps.allowHosts });
  return {
    hasThreads: true,
    send: (message, signal) => tried(() => send(bot, body, message, signal)),
    edit: (message, signal) => tried(() => edit(bot, message, signal)),
  };
}

async function tried(work: () => Promise<Sent>): Promise<Sent> {
  try {
    return await work();
  } catch (error) {
    return failureOf(error);
  }
}

async function send(
  { api }: Bot,
  body: TelegramBody,
  message: Outgoing,
  signal: AbortSignal,
): Promise<Sent> {
  const { text, ...shown } = shownOf(message);
  const first = readMessageId(message.threadId);
  const sent = await api.sendMessage(
    body.chat_id,
    text,
    {
      ...shown,
      ...(body.message_thread_id === undefined
        ? {}
        : { message_thread_id: body.message_thread_id }),
      // If the first one was deleted, this one is still worth sending.
      ...(first?.chatId === body.chat_id
        ? {
            reply_parameters: { message_id: first.messageId, allow_sending_without_reply: true },
          }
        : {}),
    },
    within(signal),
  );
  return { ok: true, providerMessageId: messageIdOf(sent.chat.id, sent.message_id) };
}

async function edit({ api }: Bot, message: Outgoing, signal: AbortSignal): Promise<Sent> {
  const place = readMessageId(message.providerMessageId);
  if (!place)
    return { ok: false, isPermanent: true, reason: "It is not known which message it was." };
  const { text, reply_markup = { inline_keyboard: [] }, ...shown } = shownOf(message);
  const more = { ...shown, reply_markup };
  try {
    await api.editMessageText(place.chatId, place.messageId, text, more, within(signal));
  } catch (error) {
    if (!isAsItIs(error)) throw error;
  }
  return { ok: true };
}

/** An edit that came through before is refused when it comes again. */
function isAsItIs(error: unknown): boolean {
  return error instanceof GrammyError && /message is not modified/i.test(error.description);
}

function shownOf({ content, type }: Outgoing) {
  const { text, keys } = withButtons(content.text, content.buttons ?? []);
  const headline = text.split("\n", 1)[0]?.length ?? 0;
  return {
    text,
    link_preview_options: { is_disabled: true },
    ...(type === "approval_request" && headline > 0
      ? { entities: [{ type: "bold" as const, offset: 0, length: headline }] }
      : {}),
    ...(keys.length > 0 ? { reply_markup: { inline_keyboard: keyboard(keys) } } : {}),
  };
}

function within(signal: AbortSignal) {
  return AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) as never;
}
