import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../platform/errors.ts";
import type { RunEffects } from "../../runs/index.ts";
import type { ChannelRef } from "../event-queries.ts";
import type { ChannelFigures } from "../figures.ts";
import type { TelegramBody } from "./body.ts";
import { type Bot, type Failure, failureOf } from "./bot.ts";
import { type BotDeps, openChannelBot } from "./channel-bot.ts";
import type { DeedDeps } from "./deeds.ts";
import { holdChannel, LeaseLost, letGo, noteFailure } from "./leases.ts";

/** How often it is tried to take over a channel that another process holds, in milliseconds. */
const HELD_MS = 2_000;
const SHORTEST_MS = 1_000;
const LONGEST_MS = 30_000;

/** What channels are looked after with. */
export interface TendDeps extends DeedDeps, BotDeps {
  effects: RunEffects;
  figures: ChannelFigures;
  /** Where Telegram reaches us. */
  publicUrl: string;
  /** This process, among those that may look after a channel. */
  holder: string;
}

/** A channel in the hands of this process. */
export interface Tended {
  channel: ChannelRef;
  body: TelegramBody;
  bot: Bot;
  /** A round before failed, and whoever looks is told so. */
  isFailing: boolean;
}

/** One round of looking after a channel. @returns whether there will be nothing more to do */
export type Round = (tended: Tended, nextUpdateId: number, signal: AbortSignal) => Promise<boolean>;

/**
 * Looks after a channel in rounds until the signal says so, or there is nothing more to do. One process does so at a time;
 * what fails is tried again after a growing while, or when Telegram says.
 */
export async function tend(
  deps: TendDeps,
  channel: ChannelRef,
  body: TelegramBody,
  { round, signal }: { round: Round; signal: AbortSignal },
): Promise<void> {
  let failures = 0;
  let isHeld = false;
  while (!signal.aborted) {
    try {
      const bot = await openChannelBot(deps, channel.projectId, body);
      const held = await holdChannel(deps.db, channel, deps.holder, bot.id);
      isHeld = held !== undefined;
      if (!held) await pause(HELD_MS, signal);
      else {
        const { nextUpdateId, isFailing } = held;
        if (await round({ channel, body, bot, isFailing }, nextUpdateId, signal)) break;
      }
      failures = 0;
    } catch (error) {
      if (signal.aborted) break;
      if (error instanceof LeaseLost) continue;
      failures += 1;
      await pause(await waitAfter(deps, channel, error, failures), signal);
    }
  }
  if (isHeld) await letGo(deps.db, channel, deps.holder);
}

/** Says what failed, and how long to wait, in milliseconds. */
async function waitAfter(
  { db, holder, log }: TendDeps,
  channel: ChannelRef,
  error: unknown,
  failures: number,
): Promise<number> {
  const wait = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** Math.min(failures - 1, 10));
  const failure = knownFailure(error);
  if (!failure) {
    log.warn(
      { ...channel, err: error },
      "a Telegram channel can't be looked after; it is tried again",
    );
    return wait;
  }
  log.warn({ ...channel, reason: failure.reason }, "a Telegram channel fails; it is tried again");
  // If the database is what fails, that is logged above at the next try.
  await noteFailure(db, channel, holder, failure.reason).catch(() => {});
  const { retryAfterSeconds: asked } = failure;
  return asked === undefined ? wait : Math.max(asked * 1_000, SHORTEST_MS);
}

function knownFailure(error: unknown): Pick<Failure, "reason" | "retryAfterSeconds"> | undefined {
  if (error instanceof AppError) return { reason: error.message };
  try {
    return failureOf(error);
  } catch {
    return undefined;
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {});
}
