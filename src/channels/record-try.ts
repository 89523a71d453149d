import { sql } from "kysely";
import { announce } from "../platform/database/changes.ts";
import type { Tx } from "../platform/database/index.ts";
import type { Jobs } from "../platform/jobs/index.ts";
import { redact } from "../platform/redact.ts";
import { inSeconds } from "./due.ts";
import { oneLine } from "./preview.ts";
import type { Sent } from "./sender.ts";
import { LOST_SECONDS, type MessageIds, type MessageRow } from "./take.ts";
import { nextTry } from "./tries.ts";

type Failed = Extract<Sent, { ok: false }>;
const REASON_MAX = 500;
const now = sql<string>`clock_timestamp()`;

function update(tx: Tx, { project_id, message_id }: MessageIds) {
  return tx
    .updateTable("outbound_messages")
    .where("project_id", "=", project_id)
    .where("message_id", "=", message_id);
}

/**
 * Notes that a try begins, before anything is sent: were the process to die, it is known that one may have arrived.
 *
 * @returns which try it is
 */
export async function recordStart(
  tx: Tx,
  message: MessageRow,
  isRepeatSafe: boolean,
): Promise<number> {
  const { attempt_count } = await update(tx, message)
    .set({
      attempt_count: message.attempt_count + 1,
      trying_since: sql<string>`coalesce(trying_since, ${now})`,
      next_attempt_at: inSeconds(LOST_SECONDS),
      is_unsure: true,
      may_be_double: message.may_be_double || (message.is_unsure && !isRepeatSafe),
    })
    .returning("attempt_count")
    .executeTakeFirstOrThrow();
  return attempt_count;
}

/** Leaves the message for later without a try. */
export async function postpone(
  tx: Tx,
  jobs: Pick<Jobs, "send">,
  message: MessageIds,
  seconds: number,
): Promise<void> {
  await update(tx, message)
    .set({ next_attempt_at: inSeconds(seconds) })
    .execute();
  await sendAgain(tx, jobs, message, seconds);
}

async function sendAgain(
  tx: Tx,
  jobs: Pick<Jobs, "send">,
  { project_id, message_id }: MessageIds,
  delaySeconds: number,
): Promise<void> {
  await jobs.send(tx, "message.deliver", { project_id, message_id }, { delaySeconds });
}

/** Notes that the message is not sent at all. */
export async function recordSuppressed(tx: Tx, message: MessageIds, reason: string): Promise<void> {
  await update(tx, message).set({ send_status: "suppressed", send_error: reason }).execute();
  await announceMessage(tx, message);
}

/** As `recordSuppressed`, if no try has begun. */
export async function withdrawMessage(tx: Tx, message: MessageIds, reason: string): Promise<void> {
  await update(tx, message)
    .where("send_status", "=", "queued")
    .where("attempt_count", "=", 0)
    .set({ send_status: "suppressed", send_error: reason })
    .execute();
  await announceMessage(tx, message);
}

/** Notes that the message was sent. A later try, where this one had counted as lost, may have sent it too. */
export async function recordSent(
  tx: Tx,
  message: MessageIds,
  sent: Extract<Sent, { ok: true }>,
  isRepeatSafe: boolean,
): Promise<void> {
  const { numUpdatedRows } = await update(tx, message)
    .where("send_status", "in", ["queued", "failed"])
    .set({
      send_status: "sent",
      sent_at: now,
      send_error: sent.note === undefined ? null : shown(sent.note),
      provider_message_id: sent.providerMessageId ?? null,
      is_unsure: false,
    })
    .executeTakeFirst();
  if (numUpdatedRows === 0n && !isRepeatSafe)
    await update(tx, message).set({ may_be_double: true }).execute();
  await announceMessage(tx, message);
}

/**
 * Notes that a try failed, with the job of the next one; or that the message is given up. What a try says that counts as
 * lost by now is not looked at.
 *
 * @param attempt which try it was
 */
export async function recordFailure(
  tx: Tx,
  jobs: Pick<Jobs, "send">,
  message: MessageIds,
  attempt: number,
  failed: Failed,
): Promise<void> {
  const mine = () =>
    update(tx, message).where("send_status", "=", "queued").where("attempt_count", "=", attempt);
  const row = await mine()
    .set({ send_error: shown(failed.reason), is_unsure: failed.mayHaveArrived ?? false })
    .returning(sql<number>`extract(epoch from ${now} - trying_since)::float8`.as("tried"))
    .executeTakeFirst();
  if (!row) return;
  const seconds = failed.isPermanent
    ? undefined
    : nextTry({
        triedSeconds: row.tried,
        retryAfterSeconds: failed.retryAfterSeconds,
        chance: Math.random(),
      });
  if (seconds === undefined) await mine().set({ send_status: "failed" }).execute();
  else await postpone(tx, jobs, message, seconds);
  await announceMessage(tx, message);
}

/** What a provider said is not ours: without secrets, on one line. */
function shown(reason: string): string {
  return redact(oneLine(reason, REASON_MAX)) as string;
}

function announceMessage(tx: Tx, { project_id, message_id }: MessageIds): Promise<void> {
  return announce(tx, { project_id, kind: "message", id: message_id });
}
