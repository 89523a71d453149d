import { z } from "zod";
import { asIssue, says } from "../../platform/findings-contract.ts";
import { correlate, httpAddress, secretName } from "../body-parts.ts";

/** Where Telegram answers bots. */
export const TELEGRAM_API = "https://api.telegram.org";

/** The largest id that Telegram gives has 52 bits. */
const id = z.number().int().refine(Number.isSafeInteger, says("unsafe_number"));

/** The body of a channel that is one chat with one bot (core.telegram.org/bots/api). */
export const telegramBody = z
  .strictObject({
    type: z.literal("telegram"),
    /** The bot's token, as BotFather gives it. */
    token: secretName,
    /** Messages go to this chat, and are taken from it alone. Groups have negative ids. */
    chat_id: id.refine((given) => given !== 0, says("no_chat_id")),
    /** A topic of a forum: the channel is this topic alone then. */
    message_thread_id: id.min(1).optional(),
    /** How updates come in; without it the channel only sends. */
    receive: z
      .discriminatedUnion("by", [
        /** Telegram posts them to the channel's hook, and shows this secret with each. */
        z.strictObject({ by: z.literal("webhook"), secret: secretName }),
        /** They are fetched, which needs no address that Telegram can reach. */
        z.strictObject({ by: z.literal("polling") }),
      ])
      .optional(),
    /** Another Bot API server, such as one of one's own. */
    api_root: httpAddress
      .refine((url) => !/[/?#]$|[?#]/.test(url), says("no_slash_at_end"))
      .default(TELEGRAM_API),
    /** Of what is said and asked here. */
    language: z.enum(["en", "zh-TW"]).default("en"),
    correlate: correlate.optional(),
  })
  .superRefine((body, context) => {
    if (body.correlate !== undefined && body.receive === undefined)
      context.addIssue({ ...asIssue("takes_no_messages"), path: ["correlate"] });
  });
export type TelegramBody = z.infer<typeof telegramBody>;
