import { sql } from "kysely";
import { activeRevision } from "../contracts/index.ts";
import { announce } from "../platform/database/changes.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import type { JobData, JobInfo } from "../platform/jobs/index.ts";
import type { Sealer } from "../platform/sealing.ts";
import { readSecret } from "../secrets/index.ts";
import { channelBodySchema } from "./channel-body.ts";
import type { MessageContent } from "./messages.ts";
import { runLink } from "./run-link.ts";
import type { Outgoing, Sent } from "./sender.ts";
import { senderOf } from "./sender-of.ts";

export interface DeliverDeps {
  db: Database;
  sealer: Sealer;
  /** Hosts that may have private addresses (AWOOOP_ALLOW_HOSTS). */
  allowHosts: readonly string[];
  /** Where the console is reached. */
  publicUrl: string;
}

/**
 * Works on a `message.deliver` job: sends one queued message. The row stays locked while it is sent, so a doubled job sends nothing; when the process dies between
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
): Promise<Sent> {
  const { project_id, channel_id } = message;
  // As the channel is now: it may have changed since the message was queued.
  const revision = await activeRevision(tx, project_id, channel_id, "channel");
  const body = channelBodySchema.safeParse(revision?.body).data;
  try {
    if (!body) throw new AppError("E-SEND", `There is no active channel "${channel_id}" any more.`);
    const sender = await senderOf(body, {
      allowHosts: deps.allowHosts,
      readSecret: (reference) =>
        readSecret(tx, deps.sealer, project_id, reference.slice("secret:".length)),
    });
    return await sender.send(outgoing(message, deps.publicUrl), signal);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { ok: false, isPermanent: false, reason: error.message };
  }
}

function outgoing(message: Message, publicUrl: string): Outgoing {
  return {
    messageId: message.message_id,
    projectId: message.project_id,
    runId: message.run_id,
    channelId: message.channel_id,
    type: message.message_type as Outgoing["type"],
    subjectKind: message.subject_kind,
    content: message.content as unknown as MessageContent,
    queuedAt: message.queued_at,
    consoleUrl: runLink(publicUrl, message.project_id, message.run_id),
    providerMessageId: null,
    threadId: null,
  };
}

async function recordAttempt(tx: Tx, message: Message, sent: Sent, isLast: boolean): Promise<void> {
  await tx
    .updateTable("outbound_messages")
    .set({
      attempt_count: message.attempt_count + 1,
      send_error: sent.ok ? (sent.note ?? null) : sent.reason,
      ...(sent.ok && sent.providerMessageId !== undefined
        ? { provider_message_id: sent.providerMessageId }
        : {}),
      ...(sent.ok ? { send_status: "sent", sent_at: sql<string>`clock_timestamp()` } : {}),
      ...(!sent.ok && isLast ? { send_status: "failed" } : {}),
    })
    .where("project_id", "=", message.project_id)
    .where("message_id", "=", message.message_id)
    .execute();
  const { project_id, message_id } = message;
  await announce(tx, { project_id, kind: "message", id: message_id });
}
