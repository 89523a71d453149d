import type { Outgoing, Sender, SenderDeps, Sent } from "../sender.ts";
import { contentOf } from "./blocks.ts";
import type { SlackBody } from "./body.ts";
import { failureOf, openSlack } from "./client.ts";
import { messageIdOf, readMessageId } from "./message-id.ts";

/**
 * Sends to the channel's conversation, as the app's bot. Messages of one run stand in the thread of the first.
 *
 * Each carries its id as `client_msg_id`. Slack documents it by its errors alone (`duplicate_message_not_found`), so it is a
 * help and no promise: the sender does not call itself safe to repeat.
 *
 * @throws AppError E-SECRET-MISSING
 */
export async function slackSender(body: SlackBody, deps: SenderDeps): Promise<Sender> {
  const token = await deps.readSecret(body.bot_token);
  const { api_url: apiUrl, conversation_id: channel } = body;
  const slackFor = (signal: AbortSignal) =>
    openSlack({ token, apiUrl, allowHosts: deps.allowHosts, signal });
  return {
    hasThreads: true,
    send: (message, signal) =>
      attempt(async () => {
        const thread = readMessageId(message.threadId);
        const sent = await slackFor(signal).apiCall("chat.postMessage", {
          channel,
          client_msg_id: message.messageId,
          ...shownOf(message),
          ...(thread?.chatId === channel ? { thread_ts: thread.ts } : {}),
        });
        return idIn(sent, channel);
      }),
    async edit(message, signal) {
      const place = readMessageId(message.providerMessageId);
      if (!place)
        return { ok: false, isPermanent: true, reason: "It is not known which message it was." };
      const at = { channel: place.chatId, ts: place.ts };
      return attempt(async () => {
        await slackFor(signal).apiCall("chat.update", { ...at, ...shownOf(message) });
        return {};
      });
    },
  };
}

async function attempt(work: () => Promise<{ providerMessageId?: string }>): Promise<Sent> {
  try {
    return { ok: true, ...(await work()) };
  } catch (error) {
    return failureOf(error);
  }
}

function idIn(sent: object, asked: string): { providerMessageId?: string } {
  const { channel = asked, ts } = sent as { channel?: unknown; ts?: unknown };
  const isKnown = typeof ts === "string" && typeof channel === "string";
  return isKnown ? { providerMessageId: messageIdOf(channel, ts) } : {};
}

function shownOf({ content, type }: Outgoing) {
  return {
    ...contentOf(content.text, content.buttons ?? [], { hasHeadline: type === "approval_request" }),
    unfurl_links: false,
    unfurl_media: false,
  };
}
