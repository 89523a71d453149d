import { z } from "zod";
import { paging, projectId, text, timestamp, uuid } from "../platform/contract.ts";

const sendStatus = z.enum(["queued", "sent", "failed", "suppressed"]);

export const outboxQuery = z.object({
  project_id: projectId,
  channel_id: text(1, 128).optional(),
  send_status: sendStatus.optional(),
  ...paging,
});
export type OutboxQuery = z.infer<typeof outboxQuery>;

export const messageParams = z.object({ message_id: uuid });
export const resendBody = z.strictObject({ project_id: projectId });

/** A message that went out, is on its way, was given up, or is not sent on purpose. */
export const outboxMessage = z.object({
  message_id: z.string(),
  project_id: z.string(),
  run_id: z.string().nullable(),
  channel_id: z.string(),
  channel_type: z.string(),
  message_type: z.string(),
  subject_kind: z.string().nullable(),
  content_preview: z.string().nullable(),
  send_status: sendStatus,
  /** Why the last try failed, or why it is not sent; of a sent one what is worth knowing all the same. */
  send_error: z.string().nullable(),
  provider_message_id: z.string().nullable(),
  attempt_count: z.number().int(),
  /** It was sent again though an earlier try may have arrived. */
  may_be_double: z.boolean(),
  /** The message that it changes in place. */
  edits: z.string().nullable(),
  queued_at: timestamp,
  sent_at: timestamp.nullable(),
  /** When it is tried next; null when it is not. */
  next_attempt_at: timestamp.nullable(),
});
export type OutboxMessage = z.infer<typeof outboxMessage>;

export const outboxAnswer = z.object({
  messages: z.array(outboxMessage),
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});
