import { sql } from "kysely";
import type { Database, Tx } from "../../platform/database/index.ts";
import { redact } from "../../platform/redact.ts";
import type { ChannelRef } from "../event-queries.ts";
import { oneLine } from "../preview.ts";

/** How long a process may be silent before another one looks after its channels. */
const LEASE_SECONDS = 30;
const ERROR_CHARS = 500;

/** Another process looks after the channel by now: what was going to be written must not be. */
export class LeaseLost extends Error {}

const scopeOf = ({ projectId }: ChannelRef) => ({ role: "app", projects: [projectId] }) as const;
const leaseEnd = sql<string>`now() + make_interval(secs => ${sql.lit(LEASE_SECONDS)})`;

/**
 * Takes or keeps the channel; undefined while another process holds it.
 *
 * @param botId whose updates are counted: another bot's begin anew
 * @returns the first update that has not been taken in yet, and whether the channel is said to fail
 */
export async function holdChannel(
  db: Database,
  channel: ChannelRef,
  holder: string,
  botId: number,
): Promise<{ nextUpdateId: number; isFailing: boolean } | undefined> {
  const { projectId: project_id, channelId: channel_id } = channel;
  const bot_id = String(botId);
  const row = await db.transaction(scopeOf(channel), (tx) =>
    tx
      .insertInto("telegram_bots")
      .values({ project_id, channel_id, bot_id, holder, lease_until: leaseEnd })
      .onConflict((conflict) =>
        conflict
          .columns(["project_id", "channel_id"])
          .doUpdateSet({
            holder,
            bot_id,
            lease_until: leaseEnd,
            next_update_id: sql`case when telegram_bots.bot_id = ${bot_id} then telegram_bots.next_update_id else 0 end`,
          })
          .where((of) =>
            of.or([
              of("telegram_bots.holder", "=", holder),
              of("telegram_bots.lease_until", "<", sql<string>`now()`),
            ]),
          ),
      )
      .returning(["next_update_id", "failed_at"])
      .executeTakeFirst(),
  );
  return row && { nextUpdateId: row.next_update_id, isFailing: row.failed_at !== null };
}

/**
 * Writes what the holder has come to, in its transaction, and keeps the channel on.
 *
 * @throws LeaseLost when it holds the channel no more
 */
export async function noteProgress(
  tx: Tx,
  { projectId, channelId }: ChannelRef,
  holder: string,
  progress: { nextUpdateId?: number; isWell?: boolean },
): Promise<void> {
  const { nextUpdateId: next, isWell } = progress;
  const row = await tx
    .updateTable("telegram_bots")
    .set({
      lease_until: leaseEnd,
      ...(next === undefined ? {} : { next_update_id: next }),
      ...(isWell ? { failed_at: null, error: null } : {}),
    })
    .where("project_id", "=", projectId)
    .where("channel_id", "=", channelId)
    .where("holder", "=", holder)
    .returning("channel_id")
    .executeTakeFirst();
  if (!row) throw new LeaseLost("another process looks after the channel");
}

/** Writes why a channel fails, for whoever looks after it. */
export async function noteFailure(
  db: Database,
  channel: ChannelRef,
  holder: string,
  error: string,
): Promise<void> {
  await db.transaction(scopeOf(channel), (tx) =>
    tx
      .updateTable("telegram_bots")
      .set({
        error: redact(oneLine(error, ERROR_CHARS)),
        failed_at: sql<string>`coalesce(failed_at, now())`,
      })
      .where("project_id", "=", channel.projectId)
      .where("channel_id", "=", channel.channelId)
      .where("holder", "=", holder)
      .execute(),
  );
}

/** Lets another process have the channel at once. */
export async function letGo(db: Database, channel: ChannelRef, holder: string): Promise<void> {
  await db.transaction(scopeOf(channel), (tx) =>
    tx
      .updateTable("telegram_bots")
      .set({ lease_until: sql<string>`'-infinity'` })
      .where("project_id", "=", channel.projectId)
      .where("channel_id", "=", channel.channelId)
      .where("holder", "=", holder)
      .execute(),
  );
}
