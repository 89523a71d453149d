import { AppError } from "../platform/errors.ts";
import type { ChannelBody } from "./channel-body.ts";
import { emailSender } from "./email-sender.ts";
import type { Sender, SenderDeps } from "./sender.ts";
import { slackSender } from "./slack/sender.ts";
import { telegramSender } from "./telegram/sender.ts";
import { webhookSender } from "./webhook-sender.ts";

/**
 * Who sends on a channel of this body.
 *
 * @throws AppError E-SECRET-MISSING, E-SEND when the channel can't send as it is now
 */
export async function senderOf(body: ChannelBody, deps: SenderDeps): Promise<Sender> {
  if (body.type === "webhook" && body.url !== undefined && body.secret !== undefined)
    return webhookSender(body.url, body.secret, deps);
  if (body.type === "email") return emailSender(body, deps);
  if (body.type === "slack") return slackSender(body, deps);
  if (body.type === "telegram") return telegramSender(body, deps);
  throw new AppError("E-SEND", "The channel sends nothing any more.");
}
