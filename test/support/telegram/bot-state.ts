import { EventEmitter, once } from "node:events";
import { wrongIn } from "./refusals.ts";

/** Somebody who uses Telegram. */
export interface Person {
  id: number;
  first_name: string;
  username?: string;
}

/** A message as the chat shows it. */
export interface Shown {
  message_id: number;
  date: number;
  chat: { id: number; type: string; title?: string; first_name?: string };
  from: Person & { is_bot: boolean };
  text: string;
  entities?: unknown[];
  reply_markup?: { inline_keyboard?: { text: string; callback_data?: string; url?: string }[][] };
  reply_to_message?: Shown;
}

interface Webhook {
  url: string;
  secret_token?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: parameters of any method
type Parameters = any;
type Answer =
  | { result: unknown }
  | { error_code: number; description: string; parameters?: object };

const refuse = (error_code: number, description: string) => ({ error_code, description });

/** One bot, its chats, and the people in them. */
export class BotState {
  readonly me: { id: number; is_bot: true; first_name: string; username: string };
  readonly chats = new Map<number, Shown[]>();
  /** What buttons have answered, by the press. */
  readonly pressed = new Map<string, { text?: string; show_alert?: boolean }>();
  webhook: Webhook | undefined;
  #nextUpdate = 1_000;
  #nextMessage = 1;
  #nextPress = 1;
  #updates: { update_id: number }[] = [];
  /** Whether somebody waits for updates. */
  isFetching = false;
  /** How often somebody began to. */
  fetches = 0;
  /** How often two fetched updates at once. */
  conflicts = 0;
  readonly #news = new EventEmitter();

  constructor(token: string) {
    const id = Number(token.split(":")[0]);
    this.me = { id, is_bot: true, first_name: "AwoooP", username: "awooop_test_bot" };
  }

  /** Updates that nobody has confirmed yet. */
  get pending(): number {
    return this.#updates.length;
  }

  async call(method: string, given: Parameters, gone: AbortSignal): Promise<Answer> {
    const wrong = wrongIn(method, given);
    if (wrong) return refuse(400, wrong);
    switch (method) {
      case "getMe":
        return { result: this.me };
      case "getUpdates":
        return this.#fetch(given, gone);
      case "setWebhook":
        this.webhook = given;
        return { result: true };
      case "deleteWebhook":
        this.webhook = undefined;
        return { result: true };
      case "sendMessage":
        return this.#post(given);
      case "editMessageText":
        return this.#edit(given);
      case "answerCallbackQuery":
        this.pressed.set(given.callback_query_id, given);
        return { result: true };
      default:
        return refuse(404, "Not Found");
    }
  }

  /** Makes a chat: a person's own with the bot, or a group (a negative id). */
  addChat(id: number): void {
    this.chats.set(id, []);
  }

  /** Somebody writes; answers the update. */
  say(chatId: number, from: Person, text: string, more: object = {}) {
    const message = this.#add(chatId, { ...from, is_bot: false }, { text, ...more });
    return this.happen({ message });
  }

  /** Somebody presses a button; answers the update and the press's id. */
  press(message: Shown, from: Person, data: string) {
    const id = `press-${this.#nextPress++}`;
    const by = { ...from, is_bot: false };
    const callback_query = { id, from: by, message, chat_instance: "1", data };
    return { id, update: this.happen({ callback_query }) };
  }

  /** The messages of a chat that the bot wrote, as they are now. */
  sentTo(chatId: number): Shown[] {
    return (this.chats.get(chatId) ?? []).filter(({ from }) => from.is_bot);
  }

  /** Posts an update to the webhook as Telegram does; answers the status. */
  async post(update: object, secret = this.webhook?.secret_token): Promise<number> {
    const { url } = this.webhook ?? {};
    if (url === undefined) throw new Error("no webhook is set");
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(secret === undefined ? {} : { "x-telegram-bot-api-secret-token": secret }),
      },
      body: JSON.stringify(update),
    });
    await response.text();
    return response.status;
  }

  /** Something happens that the bot is told of. */
  happen<T extends object>(what: T): T & { update_id: number } {
    const update = { update_id: this.#nextUpdate++, ...what };
    this.#updates.push(update);
    this.#news.emit("update");
    return update;
  }

  /** What is before the offset is confirmed and gone. */
  async #fetch({ offset = 0, limit = 100, timeout = 0 }: Parameters, gone: AbortSignal) {
    if (this.webhook)
      return refuse(409, "Conflict: can't use getUpdates method while webhook is active");
    if (this.isFetching) {
      this.conflicts += 1;
      return refuse(409, "Conflict: terminated by other getUpdates request");
    }
    this.isFetching = true;
    this.fetches += 1;
    try {
      this.#updates = this.#updates.filter(({ update_id }) => update_id >= offset);
      if (this.#updates.length === 0 && timeout > 0) {
        const signal = AbortSignal.any([gone, AbortSignal.timeout(timeout * 1_000)]);
        await once(this.#news, "update", { signal }).catch(() => {});
      }
      return { result: this.#updates.slice(0, limit) };
    } finally {
      this.isFetching = false;
    }
  }

  #post({ chat_id, text, ...more }: Parameters): Answer {
    const messages = this.chats.get(Number(chat_id));
    if (!messages) return refuse(400, "Bad Request: chat not found");
    const { reply_parameters, reply_markup, entities } = more;
    const repliedTo = messages.find(
      ({ message_id }) => message_id === reply_parameters?.message_id,
    );
    if (reply_parameters && !repliedTo && !reply_parameters.allow_sending_without_reply)
      return refuse(400, "Bad Request: message to be replied not found");
    return {
      result: this.#add(Number(chat_id), this.me, {
        text,
        ...(entities ? { entities } : {}),
        ...(reply_markup?.inline_keyboard ? { reply_markup } : {}),
        ...(repliedTo ? { reply_to_message: repliedTo } : {}),
      }),
    };
  }

  #edit({ chat_id, message_id, text, reply_markup }: Parameters): Answer {
    const messages = this.chats.get(Number(chat_id)) ?? [];
    const found = messages.find((of) => of.message_id === Number(message_id) && of.from.is_bot);
    if (!found) return refuse(400, "Bad Request: message to edit not found");
    const { reply_markup: _, ...rest } = found;
    const hasKeys = (reply_markup?.inline_keyboard ?? []).length > 0;
    const after: Shown = { ...rest, text, ...(hasKeys ? { reply_markup } : {}) };
    if (JSON.stringify(after) === JSON.stringify(found))
      return refuse(400, "Bad Request: message is not modified");
    messages.splice(messages.indexOf(found), 1, after);
    return { result: after };
  }

  #add(chatId: number, from: Shown["from"], what: { text: string }): Shown {
    const messages = this.chats.get(chatId);
    if (!messages) throw new Error(`there is no chat ${chatId}`);
    const isGroup = chatId < 0;
    const chat = isGroup
      ? { id: chatId, type: "supergroup", title: "On call" }
      : { id: chatId, type: "private", first_name: "Ada" };
    const message = { message_id: this.#nextMessage++, date: 1_790_000_000, chat, from, ...what };
    messages.push(message);
    return message;
  }
}
