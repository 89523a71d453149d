import { setTimeout as sleep } from "node:timers/promises";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import type { JobData, JobInfo, Jobs } from "../platform/jobs/index.ts";
import type { Logger } from "../platform/log.ts";
import type { Sealer } from "../platform/sealing.ts";
import { editIfClosed } from "./closed-questions.ts";
import {
  postpone,
  recordFailure,
  recordSent,
  recordStart,
  recordSuppressed,
} from "./record-try.ts";
import type { Outgoing, Sender, Sent } from "./sender.ts";
import {
  currentSender,
  lockDue,
  type MessageRow,
  readOutgoing,
  waitsForThread,
  whyUnasked,
} from "./take.ts";

/** The longest a try takes, whatever the sender does. */
const TRY_MS = 20_000;
/** How long what became of a try is offered to a database that is away. */
const WRITE_MS = 300_000;
const WRITE_PAUSE_MS = 500;
/** How soon a message looks again whether the first of its run has gone out. */
const THREAD_PAUSE_SECONDS = 2;

export interface DeliverDeps {
  db: Database;
  jobs: Pick<Jobs, "send">;
  sealer: Sealer;
  /** Hosts that may have private addresses (AWOOOP_ALLOW_HOSTS). */
  allowHosts: readonly string[];
  /** Where the console is reached. */
  publicUrl: string;
  log: Logger;
}

/** A try that has begun: its row says so. */
interface Try {
  message: MessageRow;
  attempt: number;
  sender: Sender;
  outgoing: Outgoing;
}

/**
 * Works on `message.deliver` jobs: tries to send one queued message, or to change one in place. A first transaction
 * notes that the try begins and a second one how it ended; between them none is open, however slow the provider is. A doubled
 * job finds a message that is not due. When the process dies in between, the sweeper has it tried again once the try counts
 * as lost; where the provider does not drop what it has got before, the row then says that it may have been sent twice.
 * Failures for now are tried again by a job of their own, which holds no place while it waits.
 */
export function createDelivery(
  deps: DeliverDeps,
): (data: JobData["message.deliver"], job: Pick<JobInfo, "signal">) => Promise<void> {
  /** Until when a provider wants to be left alone, by channel; other processes find out by themselves. */
  const pausedUntil = new Map<string, number>();
  return async (data, { signal }) => {
    const scope = { role: "app", projects: [data.project_id] } as const;
    const begun = await deps.db.transaction(scope, async (tx) => {
      const message = await lockDue(tx, data);
      if (!message) return undefined;
      const pausedMs = (pausedUntil.get(channelOf(message)) ?? 0) - Date.now();
      if (pausedMs <= 0) return begin(tx, deps, message);
      await postpone(tx, deps.jobs, message, Math.ceil(pausedMs / 1_000));
      return undefined;
    });
    if (!begun) return;
    const sent = await attempt(deps.log, begun, signal);
    if (!sent.ok && sent.retryAfterSeconds !== undefined) {
      const until = Date.now() + sent.retryAfterSeconds * 1_000;
      pausedUntil.set(channelOf(begun.message), until);
    }
    await writeDown(deps, (tx) => finish(tx, deps, begun, sent), data.project_id);
  };
}

const channelOf = ({ project_id, channel_id }: MessageRow) => `${project_id} ${channel_id}`;

/** Begins a try, unless there is nothing to be sent now. */
async function begin(tx: Tx, deps: DeliverDeps, message: MessageRow): Promise<Try | undefined> {
  const unasked = await whyUnasked(tx, message);
  if (unasked !== undefined) {
    await recordSuppressed(tx, message, unasked);
    return undefined;
  }
  let sender: Sender;
  try {
    sender = await currentSender(tx, deps, message);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const attempt = await recordStart(tx, message, true);
    const failed = { ok: false, isPermanent: false, reason: error.message } as const;
    await recordFailure(tx, deps.jobs, message, attempt, failed);
    return undefined;
  }
  const outgoing = await readOutgoing(tx, message, deps.publicUrl);
  if (sender.hasThreads && outgoing.threadId === null && (await waitsForThread(tx, message))) {
    await postpone(tx, deps.jobs, message, THREAD_PAUSE_SECONDS);
    return undefined;
  }
  const attempt = await recordStart(tx, message, isRepeatSafe(sender, message));
  return { message, attempt, sender, outgoing };
}

/** A change in place comes to the same however often it is made. */
function isRepeatSafe(sender: Sender, { edits }: MessageRow): boolean {
  return sender.isRepeatSafe === true || edits !== null;
}

/** One try, over after 20 seconds whatever the sender does. */
async function attempt(
  log: Logger,
  { message, sender, outgoing }: Try,
  stopping: AbortSignal,
): Promise<Sent> {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(TRY_MS)]);
  const over = Promise.withResolvers<Sent>();
  const give = () =>
    over.resolve({
      ok: false,
      isPermanent: false,
      reason: stopping.aborted
        ? "The worker was stopped while it was sent."
        : `It was not sent within ${TRY_MS / 1_000} s.`,
      mayHaveArrived: true,
    });
  signal.addEventListener("abort", give, { once: true });
  try {
    return await Promise.race([sendOrEdit(message, sender, outgoing, signal), over.promise]);
  } catch (error) {
    log.error({ err: error, message_id: message.message_id }, "a sender failed");
    const reason = "The sender failed; the server's log says why.";
    return { ok: false, isPermanent: false, reason, mayHaveArrived: true };
  } finally {
    signal.removeEventListener("abort", give);
  }
}

async function sendOrEdit(
  { edits }: MessageRow,
  sender: Sender,
  outgoing: Outgoing,
  signal: AbortSignal,
): Promise<Sent> {
  if (edits === null) return sender.send(outgoing, signal);
  if (sender.edit && outgoing.providerMessageId !== null) return sender.edit(outgoing, signal);
  return { ok: false, isPermanent: true, reason: "The message can't be changed any more." };
}

/** Notes how a try ended, with what follows. */
async function finish(tx: Tx, deps: DeliverDeps, begun: Try, sent: Sent): Promise<void> {
  const { message, attempt: number, sender } = begun;
  if (!sent.ok) return recordFailure(tx, deps.jobs, message, number, sent);
  await recordSent(tx, message, sent, isRepeatSafe(sender, message));
  // Its question may have been closed while it was on its way.
  if (sender.edit) await editIfClosed(tx, deps.jobs, message);
}

/** Sent is sent: a database that is away is waited for, so that nothing goes out a second time. */
async function writeDown(
  { db, log }: DeliverDeps,
  work: (tx: Tx) => Promise<void>,
  projectId: string,
): Promise<void> {
  const givenUpAt = Date.now() + WRITE_MS;
  for (;;) {
    try {
      return await db.transaction({ role: "app", projects: [projectId] }, work);
    } catch (error) {
      if (Date.now() >= givenUpAt) throw error;
      log.warn({ err: error }, "what became of a message could not be written down yet");
      await sleep(WRITE_PAUSE_MS);
    }
  }
}
