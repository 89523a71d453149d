import { z } from "zod";
import { AppError } from "../../platform/errors.ts";
import { says } from "../../platform/findings-contract.ts";
import { fieldErrors } from "../../platform/http/index.ts";

/** What is asked for; the rest of what can happen in a chat does not concern us. */
export const ALLOWED_UPDATES = ["message", "callback_query"] as const;

const id = z.number().int().refine(Number.isSafeInteger, says("unsafe_number"));
const words = z.string().max(65_536);
const name = z.string().max(1_024);

const user = z.looseObject({
  id,
  is_bot: z.boolean(),
  first_name: name,
  last_name: name.optional(),
  username: name.optional(),
});
export type TelegramUser = z.infer<typeof user>;

const chat = z.looseObject({ id, type: name, title: name.optional() });

const entity = z.looseObject({ type: name, url: z.string().max(4_096).optional() });

/** The message that one replies to; it does not say what it was a reply to itself. */
const repliedTo = z.looseObject({
  message_id: id,
  from: user.optional(),
  entities: z.array(entity).max(1_000).optional(),
});

const message = z.looseObject({
  message_id: id,
  message_thread_id: id.optional(),
  is_topic_message: z.boolean().optional(),
  from: user.optional(),
  /** In whose name it was sent, where that is no person. */
  sender_chat: z.looseObject({ id }).optional(),
  chat,
  text: words.optional(),
  caption: words.optional(),
  reply_to_message: repliedTo.optional(),
  forward_origin: z.unknown().optional(),
});
export type TelegramMessage = z.infer<typeof message>;

const press = z.looseObject({
  id: z.string().min(1).max(256),
  from: user,
  /** Missing where the message was sent through the bot by somebody else. */
  message: z
    .looseObject({
      message_id: id,
      message_thread_id: id.optional(),
      is_topic_message: z.boolean().optional(),
      chat,
    })
    .optional(),
  data: z.string().max(1_024).optional(),
});
export type TelegramPress = z.infer<typeof press>;

const update = z.looseObject({
  update_id: id.min(0),
  message: message.optional(),
  callback_query: press.optional(),
});

/** One thing that happened (core.telegram.org/bots/api#update). */
export type Update = z.infer<typeof update>;

/** @throws AppError E-HOOK-PAYLOAD naming every wrong field */
export function readUpdate(body: unknown): Update {
  const parsed = update.safeParse(body);
  if (parsed.success) return parsed.data;
  const errors = fieldErrors(parsed.error, "body").slice(0, 100);
  const first = errors[0];
  const what = first ? `${first.path}: ${first.message}` : "it is empty";
  const words = `The body is no update of the Telegram Bot API (${what}). Nothing was stored.`;
  throw new AppError("E-HOOK-PAYLOAD", words, { errors });
}
