import { sql } from "kysely";
import { activeRevision } from "../contracts/index.ts";
import { announce } from "../platform/database/changes.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import type { JobData, JobInfo } from "../platform/jobs/index.ts";
import type { Sealer } from "../platform/sealing.ts";
import { readSecret } from "../secrets/index.ts";
import { channelBodySchema } from "./channel-body.ts";
import { keyOf } from "./hook-auth.ts";
import type { MessageContent } from "./messages.ts";
import { type Posted, post } from "./post.ts";
import { runLink } from "./run-link.ts";

export interface DeliverDeps {
  db: Database;
  sealer: Sealer;
  /** Hosts that may have private addresses (AWOOOP_ALLOW_HOSTS). */
  allowHosts: readonly string[];
  /** Where the console is reached. */
  publicUrl: string;
}

/**
 * Works on a `message.deliver` job: sends one queued message, signed as a Standard Webhook whose `webhook-id` is the
 * message's id. The row stays locked while it is sent, so a doubled job sends nothing; when the process dies between
 * the answer and the commit, the message is sent again under the same `webhook-id`, by which receivers drop it.
 *
 * @throws AppError E-SEND when it failed and is to be tried again, so that the job engine waits and does so
 */
export async function deliverMessage(
  deps: DeliverDeps,
  data: JobData["message.deliver"],
  job: JobInfo,
): Promise<void> {
  const scope = { role: "app", projects: [data.project_id] } as const;
  const again = await deps.db.transaction(scope, async (tx) => {
    const message = await lockQueued(tx, data);
    if (!message) return undefined;
    const sent = await attempt(tx, deps, message, job.signal);
    const isLast = sent.ok || sent.isPermanent || job.retryCount >= job.retryLimit;
    await recordAttempt(tx, message, sent, isLast);
    return sent.ok || isLast ? undefined : sent.reason;
  });
  if (again !== undefined) throw new AppError("E-SEND", again);
}

type Message = NonNullable<Awaited<ReturnType<typeof lockQueued>>>;

/** The message, unless it has been dealt with or is being sent this moment. */
async function lockQueued(tx: Tx, ids: JobData["message.deliver"]) {
  return tx
    .selectFrom("outbound_messages")
    .selectAll()
    .where("project_id", "=", ids.project_id)
    .where("message_id", "=", ids.message_id)
    .where("send_status", "=", "queued")
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
}

async function attempt(
  tx: Tx,
  deps: DeliverDeps,
  message: Message,
  signal: AbortSignal,
): Promise<Posted> {
  const target = await readTarget(tx, deps.sealer, message);
  if ("reason" in target) return { ok: false, isPermanent: false, reason: target.reason };
  const key = keyOf(target.secret);
  if (!key) {
    const reason = `The secret of the channel "${message.channel_id}" is no base64 text (with or without whsec_ before it), so the message can't be signed.`;
    return { ok: false, isPermanent: false, reason };
  }
  const body = JSON.stringify(bodyOf(message, deps.publicUrl));
  const now = new Date();
  return post({
    url: target.url,
    headers: {
      "webhook-id": message.message_id,
      "webhook-timestamp": String(Math.floor(now.getTime() / 1_000)),
      "webhook-signature": key.sign(message.message_id, now, body),
    },
    body,
    allowHosts: deps.allowHosts,
    signal,
  });
}

/** Where the message goes now: the channel may have changed since it was queued. */
async function readTarget(
  tx: Tx,
  sealer: Sealer,
  { project_id, channel_id }: Message,
): Promise<{ url: string; secret: string } | { reason: string }> {
  const revision = await activeRevision(tx, project_id, channel_id, "channel");
  const channel = channelBodySchema.safeParse(revision?.body).data;
  if (channel?.type !== "webhook" || channel.url === undefined || channel.secret === undefined) {
    return { reason: `"${channel_id}" is not an active webhook channel of the project any more.` };
  }
  try {
    const name = channel.secret.slice("secret:".length);
    return { url: channel.url, secret: await readSecret(tx, sealer, project_id, name) };
  } catch (error) {
    if (error instanceof AppError) return { reason: error.message };
    throw error;
  }
}

/** The same bytes at each attempt. */
function bodyOf(message: Message, publicUrl: string) {
  const content = message.content as unknown as MessageContent;
  return {
    type: "awooop.message",
    message_id: message.message_id,
    project_id: message.project_id,
    run_id: message.run_id,
    message_type: message.message_type,
    subject_kind: message.subject_kind,
    text: content.text,
    console_url: runLink(publicUrl, message.project_id, message.run_id),
    ...(content.approval ? { approval: content.approval } : {}),
    timestamp: message.queued_at,
  };
}

async function recordAttempt(
  tx: Tx,
  message: Message,
  sent: Posted,
  isLast: boolean,
): Promise<void> {
  await tx
    .updateTable("outbound_messages")
    .set({
      attempt_count: message.attempt_count + 1,
      send_error: sent.ok ? null : sent.reason,
      ...(sent.ok ? { send_status: "sent", sent_at: sql<string>`clock_timestamp()` } : {}),
      ...(!sent.ok && isLast ? { send_status: "failed" } : {}),
    })
    .where("project_id", "=", message.project_id)
    .where("message_id", "=", message.message_id)
    .execute();
  const { project_id, message_id } = message;
  await announce(tx, { project_id, kind: "message", id: message_id });
}
