import { AppError } from "../platform/errors.ts";
import { keyOf } from "./hook-auth.ts";
import { post } from "./post.ts";
import type { Outgoing, Sender, SenderDeps } from "./sender.ts";

/**
 * Posts messages as JSON, signed as Standard Webhooks (standardwebhooks.com) under the message's id, by which receivers
 * drop what they have got before.
 *
 * @throws AppError E-SEND when the channel's secret is no signing key
 */
export async function webhookSender(
  url: string,
  secret: string,
  deps: SenderDeps,
): Promise<Sender> {
  const key = keyOf(await deps.readSecret(secret));
  if (!key) {
    throw new AppError(
      "E-SEND",
      "The channel's secret is no base64 text (with or without whsec_ before it), so the message can't be signed.",
    );
  }
  return {
    isRepeatSafe: true,
    send(message, signal) {
      const body = JSON.stringify(bodyOf(message));
      const now = new Date();
      const headers = {
        "webhook-id": message.messageId,
        "webhook-timestamp": String(Math.floor(now.getTime() / 1_000)),
        "webhook-signature": key.sign(message.messageId, now, body),
      };
      return post({ url, headers, body, allowHosts: deps.allowHosts, signal });
    },
  };
}

/** The same bytes at each try. */
function bodyOf(message: Outgoing) {
  const { content } = message;
  return {
    type: "awooop.message",
    message_id: message.messageId,
    project_id: message.projectId,
    run_id: message.runId,
    message_type: message.type,
    subject_kind: message.subjectKind,
    text: content.text,
    console_url: message.consoleUrl,
    ...(content.approval ? { approval: content.approval } : {}),
    timestamp: message.queuedAt,
  };
}
