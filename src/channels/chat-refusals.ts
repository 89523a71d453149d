import { appendAudit, systemActor } from "../audit/index.ts";
import type { Caller } from "../identity/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { ErrorCode } from "../platform/errors.ts";
import type { ButtonSubject, ChatTag } from "./chat-tags.ts";
import type { ChatPlace, ChatUser } from "./chat-types.ts";

/** What somebody tried in a chat and may not, and as far as it is known, about what and as whom. */
export interface ChatRefusal {
  code: ErrorCode;
  tag?: Pick<ChatTag, "decision">;
  message?: { subject: ButtonSubject; runId: string };
  caller?: Caller | undefined;
}

/** Records what was refused in a chat. Nothing else has changed, so it is a transaction of its own. */
export async function recordRefusal(
  db: Database,
  user: ChatUser,
  place: ChatPlace,
  { code, tag, message, caller }: ChatRefusal,
): Promise<void> {
  const { projectId, channelId, channelType } = user;
  await db.transaction({ role: "app", projects: [projectId] }, (tx) =>
    appendAudit(tx, {
      projectId,
      actor: caller?.actor ?? systemActor("chat"),
      action: "chat.refused",
      subject: message ? { kind: "run", id: message.runId } : { kind: "channel", id: channelId },
      details: {
        code,
        channel_type: channelType,
        channel_id: channelId,
        ...(tag ? { decision: tag.decision } : {}),
        ...(message
          ? { approval_id: message.subject.approvalId, message_id: message.subject.messageId }
          : {}),
      },
      private: storable({ user_id: user.userId, user_name: user.name, chat_id: place.chatId }),
    }),
  );
}

const TEXT_MAX = 200;

/** What a provider says of somebody, as it can be kept. */
function storable(texts: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [
      name,
      text.slice(0, TEXT_MAX).toWellFormed().replaceAll("\0", "\ufffd"),
    ]),
  );
}
