import { sql } from "kysely";
import { type Actor, appendAudit } from "../audit/index.ts";
import { announce } from "../platform/database/changes.ts";
import type { Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import type { Jobs } from "../platform/jobs/index.ts";
import type { OutboxMessage } from "./outbox-contract.ts";

/** What follows `select` for an `OutboxMessage`. */
export const OUTBOX_COLUMNS = sql`message_id, project_id, run_id, channel_id, channel_type, message_type, subject_kind,
  content_preview, send_status, send_error, provider_message_id, attempt_count, may_be_double, edits, queued_at, sent_at,
  case when send_status = 'queued' then next_attempt_at end as next_attempt_at`;

/**
 * Has a message that was given up tried again, with its job and its entry in the audit log. Whether an earlier try may have
 * arrived is not forgotten.
 *
 * @throws AppError E-NOT-FOUND, E-MESSAGE-STATE when it was not given up
 */
export async function resendMessage(
  tx: Tx,
  jobs: Pick<Jobs, "send">,
  wish: { projectId: string; messageId: string; actor: Actor },
): Promise<OutboxMessage> {
  const { projectId: project_id, messageId: message_id, actor } = wish;
  const { rows } = await sql<OutboxMessage>`
    update outbound_messages set send_status = 'queued', next_attempt_at = now(), trying_since = null
    where project_id = ${project_id} and message_id = ${message_id}::uuid and send_status = 'failed'
    returning ${OUTBOX_COLUMNS}`.execute(tx);
  const [message] = rows;
  if (!message) throw await whyNot(tx, project_id, message_id);
  await jobs.send(tx, "message.deliver", { project_id, message_id });
  await appendAudit(tx, {
    projectId: project_id,
    actor,
    action: "message.resend",
    subject: { kind: "message", id: message_id },
  });
  await announce(tx, { project_id, kind: "message", id: message_id });
  return message;
}

async function whyNot(tx: Tx, projectId: string, messageId: string): Promise<AppError> {
  const found = await tx
    .selectFrom("outbound_messages")
    .select("send_status")
    .where("project_id", "=", projectId)
    .where("message_id", "=", messageId)
    .executeTakeFirst();
  if (!found)
    return new AppError("E-NOT-FOUND", "There is no such message, or not in this project.");
  const detail = `The message is ${found.send_status}; only one that was given up (failed) can be sent again.`;
  return new AppError("E-MESSAGE-STATE", detail, { extra: { send_status: found.send_status } });
}
