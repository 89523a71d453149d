import { type Selectable, sql } from "kysely";
import { activeRevision } from "../contracts/index.ts";
import type { DB, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import type { Sealer } from "../platform/sealing.ts";
import { readSecret } from "../secrets/index.ts";
import { channelBodySchema } from "./channel-body.ts";
import type { MessageContent } from "./messages.ts";
import { runLink } from "./run-link.ts";
import type { Outgoing, Sender } from "./sender.ts";
import { senderOf } from "./sender-of.ts";

/** From then on a try counts as lost: longer than any try takes with the writing down of what became of it. */
export const LOST_SECONDS = 45;
/** How long after the database's start a lost try is left alone: who made it may have been waiting to write it down. */
const SETTLING_SECONDS = 10;
/** How long the later messages of a run wait for the first, whose thread they are to join. */
const THREAD_SECONDS = 60;

export type MessageRow = Selectable<DB["outbound_messages"]>;

/** Names a message. */
export interface MessageIds {
  project_id: string;
  message_id: string;
}

/** The message, locked, if it is to be tried now and nobody else is about to. */
export function lockDue(tx: Tx, ids: MessageIds): Promise<MessageRow | undefined> {
  return tx
    .selectFrom("outbound_messages")
    .selectAll()
    .where("project_id", "=", ids.project_id)
    .where("message_id", "=", ids.message_id)
    .where("send_status", "=", "queued")
    .where("next_attempt_at", "<=", sql<string>`clock_timestamp()`)
    .where(
      sql<boolean>`(not is_unsure or pg_postmaster_start_time() < clock_timestamp()
        - make_interval(secs => ${SETTLING_SECONDS}))`,
    )
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
}

/** Why a message is not to be sent that asks something nobody can answer any more; undefined for all others. */
export async function whyUnasked(tx: Tx, message: MessageRow): Promise<string | undefined> {
  if (message.approval_id === null || message.edits !== null) return undefined;
  const row = await tx
    .selectFrom("approvals")
    .select(["status", sql<boolean>`expires_at <= clock_timestamp()`.as("is_past")])
    .select((of) => of.fn.coalesce("approved_hash", "asked_hash").as("hash"))
    .where("project_id", "=", message.project_id)
    .where("approval_id", "=", message.approval_id)
    .executeTakeFirst();
  if (!row) return undefined;
  if (row.status !== "open") return unaskedBecause(row.status);
  if (row.is_past) return unaskedBecause("expired");
  const asked = (message.content as unknown as MessageContent).approval?.args_hash;
  return asked === undefined || asked === row.hash ? undefined : unaskedBecause("edited");
}

/** In words, what kept a message from asking its question. */
export function unaskedBecause(status: string): string {
  return status === "edited"
    ? "Its question was edited before it was sent; another message asks about the new arguments."
    : `Its question was closed before it was sent: ${status}.`;
}

/**
 * Who sends on the message's channel as it is now: it may have changed since the message was queued.
 *
 * @throws AppError E-SEND, E-SECRET-MISSING when nobody can
 */
export async function currentSender(
  tx: Tx,
  deps: { sealer: Sealer; allowHosts: readonly string[] },
  { project_id, channel_id }: MessageRow,
): Promise<Sender> {
  const revision = await activeRevision(tx, project_id, channel_id, "channel");
  const body = channelBodySchema.safeParse(revision?.body).data;
  if (!body) throw new AppError("E-SEND", `There is no active channel "${channel_id}" any more.`);
  return senderOf(body, {
    allowHosts: deps.allowHosts,
    readSecret: (reference) =>
      readSecret(tx, deps.sealer, project_id, reference.slice("secret:".length)),
  });
}

/** What the sender is given. */
export async function readOutgoing(
  tx: Tx,
  message: MessageRow,
  publicUrl: string,
): Promise<Outgoing> {
  const edited = message.edits === null ? null : await providerIdOf(tx, message, message.edits);
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
    providerMessageId: edited,
    threadId: await threadOf(tx, message),
  };
}

async function providerIdOf(
  tx: Tx,
  { project_id }: MessageRow,
  messageId: string,
): Promise<string | null> {
  const row = await tx
    .selectFrom("outbound_messages")
    .select("provider_message_id")
    .where("project_id", "=", project_id)
    .where("message_id", "=", messageId)
    .executeTakeFirst();
  return row?.provider_message_id ?? null;
}

const ofRunHere = (tx: Tx, { project_id, channel_id }: MessageRow, runId: string) =>
  tx
    .selectFrom("outbound_messages")
    .where("project_id", "=", project_id)
    .where("run_id", "=", runId)
    .where("channel_id", "=", channel_id)
    .where("edits", "is", null);

async function threadOf(tx: Tx, message: MessageRow): Promise<string | null> {
  if (message.run_id === null) return null;
  const first = await ofRunHere(tx, message, message.run_id)
    .select("provider_message_id")
    .where("provider_message_id", "is not", null)
    .orderBy("sent_at")
    .orderBy("message_id")
    .limit(1)
    .executeTakeFirst();
  return first?.provider_message_id ?? null;
}

/** Whether an earlier message of the run, which opens the thread, is still on its way in this channel. */
export async function waitsForThread(tx: Tx, message: MessageRow): Promise<boolean> {
  if (message.run_id === null) return false;
  const earlier = await ofRunHere(tx, message, message.run_id)
    .select("message_id")
    .where("send_status", "=", "queued")
    .where(
      sql<boolean>`(queued_at, message_id) < (${message.queued_at}::timestamptz, ${message.message_id}::uuid)`,
    )
    .where("queued_at", ">", sql<string>`now() - make_interval(secs => ${THREAD_SECONDS})`)
    .limit(1)
    .executeTakeFirst();
  return earlier !== undefined;
}
