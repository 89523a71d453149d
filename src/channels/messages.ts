import { createHash } from "node:crypto";
import { sql } from "kysely";
import { activeRevision } from "../contracts/index.ts";
import { announce } from "../platform/database/changes.ts";
import { jsonb, type Tx } from "../platform/database/index.ts";
import { newId } from "../platform/ids.ts";
import type { Jobs } from "../platform/jobs/index.ts";
import { redact } from "../platform/redact.ts";
import type { ChannelBody } from "./channel-body.ts";
import { channelBodySchema, languageOf, sendsOut } from "./channel-body.ts";
import { type ChatButton, isChatType, type Language } from "./chat-types.ts";
import type { SendStatus } from "./contract.ts";
import { cutToSize } from "./cut-to-size.ts";
import { inSeconds } from "./due.ts";
import { oneLine } from "./preview.ts";

const TEXT_CHARS = 16_384;

/** What a message carries; stored as its `content` and sent as it was stored. */
export interface MessageContent {
  text: string;
  /** The question an approval request is about. */
  approval?: ApprovalContent;
  /** In the order they stand in; only on channels that people answer in. */
  buttons?: ChatButton[];
  /** Whom alone it is shown to, and where, by the provider's ids; else everybody in the channel sees it. */
  to?: { userId: string; chatId: string; threadId?: string };
}

export interface ApprovalContent {
  approval_id: string;
  server: string;
  tool: string;
  arguments: unknown;
  /** Of those arguments, to the byte; a decision may name it. */
  args_hash: string;
  expires_at: string;
}

export interface NewMessage {
  projectId: string;
  runId?: string;
  channelId: string;
  type: "approval_request" | "interim" | "final" | "error" | "notice";
  /** What it is about, beyond its type: `auto_repair_done`, `escalation` … */
  subjectKind?: string;
  /** As it is, or in the language of the channel. */
  text: string | ((language: Language) => Promise<string> | string);
  /** The run's state that made it. */
  triggeredByState?: string;
  /** A shadow run's messages are recorded and not sent. */
  isShadow: boolean;
  approval?: ApprovalContent;
  /** The message that it changes in place. */
  edits?: string;
  /** Its buttons, where people can answer in the channel. */
  buttons?: (on: { messageId: string; language: Language }) => Promise<ChatButton[]> | ChatButton[];
  /** Whom alone it is for. */
  to?: MessageContent["to"];
  /** It is sent no sooner than after so many seconds. */
  delaySeconds?: number;
  /** Messages with the same key about the same thing are one message: a repeated job makes no second one. */
  onceKey?: string;
}

/**
 * Puts a message in the outbox, in the caller's transaction, with the job that sends it. A message that can't be sent
 * (no such channel, or one that only takes events in) is recorded as failed with the reason.
 *
 * @returns its id
 */
export async function enqueueMessage(
  tx: Tx,
  jobs: Pick<Jobs, "send">,
  message: NewMessage,
): Promise<string> {
  const revision = await activeRevision(tx, message.projectId, message.channelId, "channel");
  const channel = channelBodySchema.safeParse(revision?.body).data;
  const fate = message.isShadow ? { status: "suppressed" as const } : fateOn(channel, message);
  const message_id = message.onceKey === undefined ? newId() : idFor(message, message.onceKey);
  const language = channel ? languageOf(channel) : "en";
  const content = await contentOf(message, language);
  if (channel && isChatType(channel.type) && message.buttons)
    content.buttons = await message.buttons({ messageId: message_id, language });
  if (message.to) content.to = message.to;
  const { delaySeconds = 0 } = message;
  const inserted = await tx
    .insertInto("outbound_messages")
    .values({
      message_id,
      project_id: message.projectId,
      run_id: message.runId ?? null,
      channel_type: channel?.type ?? "unknown",
      channel_id: message.channelId,
      message_type: message.type,
      subject_kind: message.subjectKind ?? null,
      content: jsonb(content),
      content_preview: oneLine(content.text),
      send_status: fate.status,
      send_error: fate.error ?? null,
      sent_at: fate.status === "sent" ? sql<string>`clock_timestamp()` : null,
      triggered_by_state: message.triggeredByState ?? null,
      approval_id: message.approval?.approval_id ?? null,
      edits: message.edits ?? null,
      ...(delaySeconds > 0 ? { next_attempt_at: inSeconds(delaySeconds) } : {}),
    })
    .onConflict((conflict) => conflict.columns(["project_id", "message_id"]).doNothing())
    .returning("message_id")
    .executeTakeFirst();
  if (!inserted) return message_id;
  const ids = { project_id: message.projectId, message_id };
  if (fate.status === "queued") await jobs.send(tx, "message.deliver", ids, { delaySeconds });
  await announce(tx, { project_id: message.projectId, kind: "message", id: message_id });
  return message_id;
}

/** Redacted and cut to size; buttons stay as they are, or they would be none. */
async function contentOf(message: NewMessage, language: Language): Promise<MessageContent> {
  const { approval } = message;
  const text = typeof message.text === "string" ? message.text : await message.text(language);
  return redact(cutToSize(approval ? { approval, text } : { text }, TEXT_CHARS)) as MessageContent;
}

function fateOn(
  channel: ChannelBody | undefined,
  { channelId }: NewMessage,
): { status: SendStatus; error?: string } {
  if (channel && sendsOut(channel)) return { status: "queued" };
  if (channel?.type === "console") return { status: "sent" };
  const error = channel
    ? `The channel "${channelId}" takes events in; it sends nothing.`
    : `There is no active channel "${channelId}" in the project.`;
  return { status: "failed", error };
}

/** The same id for the same message each time: a UUIDv8 (RFC 9562 §5.8) of what it is about and where it goes. */
function idFor({ projectId, channelId }: NewMessage, onceKey: string): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([projectId, channelId, onceKey]))
    .digest();
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x80, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = digest.toString("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join("-");
}
