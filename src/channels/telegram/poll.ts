import { GrammyError } from "grammy";
import { keyed } from "../correlation.ts";
import type { IncomingEvent } from "../incoming.ts";
import { ingest } from "../ingest.ts";
import { doDeed } from "./deeds.ts";
import { noteProgress } from "./leases.ts";
import { meaningOf } from "./meaning.ts";
import type { TendDeps, Tended } from "./tend.ts";
import { ALLOWED_UPDATES, readUpdate, type Update } from "./update.ts";

/** How long Telegram may keep a question for updates open. */
const POLL_SECONDS = 20;
/** How long we wait for that, in milliseconds. */
const TIMEOUT_MS = (POLL_SECONDS + 5) * 1_000;
const MOST_UPDATES = 100;

/**
 * Fetches updates once and takes them in, in their order. What they come to is committed together with the number of the next
 * one, and only that confirms them to Telegram: after a crash they are fetched again.
 */
export async function fetchUpdates(
  deps: TendDeps,
  tended: Tended,
  from: number,
  signal: AbortSignal,
): Promise<void> {
  const updates = await ask(tended, from, signal);
  const read = (raw: unknown) =>
    asUpdate(raw, () => deps.figures.refused(tended.channel, "E-HOOK-PAYLOAD"));
  await takeAll(deps, tended, updates.map(read), signal);
}

async function ask({ bot }: Tended, offset: number, signal: AbortSignal): Promise<unknown[]> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) as never;
  const asked = { timeout: POLL_SECONDS, limit: MOST_UPDATES, allowed_updates: ALLOWED_UPDATES };
  try {
    return await bot.api.getUpdates({ offset, ...asked }, within);
  } catch (error) {
    // They are posted somewhere as long as that is not taken back, such as to the channel's hook before it changed.
    if (!(error instanceof GrammyError) || !/webhook/i.test(error.description)) throw error;
    await bot.api.deleteWebhook({}, within);
    return [];
  }
}

/** One that we can't read is passed over: otherwise nothing behind it would ever be seen. */
function asUpdate(raw: unknown, refused: () => void): Update {
  try {
    return readUpdate(raw);
  } catch (error) {
    const { update_id } = Object(raw) as Update;
    if (!Number.isSafeInteger(update_id)) throw error;
    refused();
    return { update_id };
  }
}

/** Messages that come together are stored together; what else people do is done one by one. */
async function takeAll(
  deps: TendDeps,
  tended: Tended,
  updates: readonly Update[],
  signal: AbortSignal,
): Promise<void> {
  const { channel, body, bot } = tended;
  const side = { channel, body, botId: bot.id };
  const answering = { bot, language: body.language };
  let events: IncomingEvent[] = [];
  let next: number | undefined;
  for (const update of updates) {
    if (signal.aborted) break;
    const meaning = meaningOf(side, update);
    if (meaning.kind === "event") events.push(meaning.event);
    else if (meaning.kind === "ignored") logIgnored(deps, tended, update, meaning.why);
    else {
      if (events.length > 0) await commit(deps, tended, events, update.update_id);
      events = [];
      const show = await doDeed(deps, answering, meaning);
      await commit(deps, tended, [], update.update_id + 1);
      await show();
    }
    next = update.update_id + 1;
  }
  await commit(deps, tended, events, next);
}

/** @throws LeaseLost, and then nothing was stored */
async function commit(
  { db, effects, holder, figures }: TendDeps,
  { channel, body, isFailing }: Tended,
  events: readonly IncomingEvent[],
  nextUpdateId: number | undefined,
): Promise<void> {
  const scope = { role: "app", projects: [channel.projectId] } as const;
  const stored = await db.transaction(scope, async (tx) => {
    await noteProgress(tx, channel, holder, {
      isWell: isFailing,
      ...(nextUpdateId === undefined ? {} : { nextUpdateId }),
    });
    if (events.length === 0) return [];
    const delivery = {
      channel: { ...channel, channelType: body.type },
      rule: body.correlate,
      events: keyed(events, body.correlate),
    };
    const { written } = await ingest(tx, effects, delivery);
    return written;
  });
  await figures.counting(channel, async (took) => took({ events: stored }));
}

function logIgnored({ log }: TendDeps, { channel }: Tended, update: Update, why: string): void {
  const chatId = update.message?.chat.id;
  log.info({ ...channel, update_id: update.update_id, chat_id: chatId }, `ignored: ${why}`);
}
