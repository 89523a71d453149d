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
        const { to } = message.content;
        if (to) return sendTo(slackFor(signal), to, message);
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

/** What Slack answers where somebody can't be told something in a conversation. */
const NOT_THERE = ["channel_not_found", "not_in_channel", "user_not_in_channel", "is_archived"];

/** Shows it to one person where they asked; where the app is not, in their own chat with it. */
async function sendTo(
  slack: ReturnType<typeof openSlack>,
  { userId: user, chatId: channel, threadId }: NonNullable<Outgoing["content"]["to"]>,
  message: Outgoing,
): Promise<object> {
  const shown = { client_msg_id: message.messageId, ...shownOf(message) };
  const thread = threadId === undefined ? {} : { thread_ts: threadId };
  if (channel.startsWith("D")) {
    await slack.apiCall("chat.postMessage", { channel, ...shown, ...thread });
    return {};
  }
  try {
    await slack.apiCall("chat.postEphemeral", { channel, user, ...shownOf(message), ...thread });
  } catch (error) {
    if (!NOT_THERE.some((why) => failureOf(error).reason.includes(`(${why})`))) throw error;
    await slack.apiCall("chat.postMessage", { channel: user, ...shown });
  }
  return {};
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
