import { sha256Hex } from "../../platform/canonical.ts";
import { type Database, jsonb } from "../../platform/database/index.ts";
import type { DeliveryAnswer } from "../contract.ts";
import type { ChannelRef } from "../event-queries.ts";
import type { IncomingEvent } from "../incoming.ts";
import type { TelegramBody } from "./body.ts";
import { type BotDeps, openChannelBot } from "./channel-bot.ts";
import { type DeedDeps, doDeed } from "./deeds.ts";
import { meaningOf } from "./meaning.ts";
import { readUpdate } from "./update.ts";

export interface TelegramHookDeps extends DeedDeps, BotDeps {}

/** An update that Telegram posted and that proved to be Telegram's. */
interface TelegramPosted {
  channel: ChannelRef;
  contract: TelegramBody;
  update: unknown;
}

const NOTHING: DeliveryAnswer = { events: [] };

/**
 * Takes in what Telegram posted. When it resolves, what the update comes to is committed; what is posted again is known by its
 * number.
 *
 * @param store stores a message as every channel's events are
 * @throws AppError E-HOOK-PAYLOAD
 */
export async function takeFromTelegram(
  deps: TelegramHookDeps,
  { channel, contract, update: body }: TelegramPosted,
  store: (events: readonly IncomingEvent[]) => Promise<DeliveryAnswer>,
): Promise<DeliveryAnswer> {
  const update = readUpdate(body);
  const bot = await openChannelBot(deps, channel.projectId, contract);
  const meaning = meaningOf({ channel, body: contract, botId: bot.id }, update);
  if (meaning.kind === "event") return store([meaning.event]);
  if (meaning.kind === "ignored") {
    const chatId = update.message?.chat.id;
    deps.log.info({ ...channel, chat_id: chatId }, `a Telegram update is ignored: ${meaning.why}`);
    return NOTHING;
  }
  const mark = markOf(channel, update.update_id);
  if (!(await isMarked(deps.db, mark))) {
    const show = await doDeed(deps, { bot, language: contract.language }, meaning);
    await setMark(deps.db, mark);
    await show();
  }
  return NOTHING;
}

type Mark = ReturnType<typeof markOf>;

/** Kept with the answers of requests that may come again. */
function markOf({ projectId, channelId }: ChannelRef, updateId: number) {
  const key = sha256Hex(String(updateId));
  return { project_id: projectId, actor_id: `hook:${channelId}`, key };
}

const scopeOf = ({ project_id }: Mark) => ({ role: "app", projects: [project_id] }) as const;

async function isMarked(db: Database, mark: Mark): Promise<boolean> {
  const found = await db.transaction(
    scopeOf(mark),
    (tx) =>
      tx
        .selectFrom("idempotency_keys")
        .select("key")
        .where((of) => of.and(mark))
        .executeTakeFirst(),
    { snapshot: true },
  );
  return found !== undefined;
}

/** After the deed: what was done and not marked is done again, which finds that it is done. */
async function setMark(db: Database, mark: Mark): Promise<void> {
  await db.transaction(scopeOf(mark), (tx) =>
    tx
      .insertInto("idempotency_keys")
      .values({ ...mark, request_hash: mark.key, response: jsonb(NOTHING) })
      .onConflict((conflict) => conflict.doNothing())
      .execute(),
  );
}
