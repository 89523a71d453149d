import pg from "pg";
import type { Logger } from "../log.ts";
import { Unreachable } from "./unreachable.ts";

/** Collects what comes while a transaction is under way and commits it together in the next one. */
export interface GroupCommit<I, O> {
  /** Resolves once the transaction that the item was part of is durable. */
  add(item: I): Promise<O>;
  /** Resolves when nothing is left to commit. */
  idle(): Promise<void>;
}

/** What one transaction commits at the most. */
const MOST_TOGETHER = 256;
const PATIENCE_MS = 20_000;
const PAUSE_MS = 100;

interface Waiting<I, O> {
  item: I;
  resolve(answer: O): void;
  reject(error: unknown): void;
}

/**
 * @param commit commits the items in one transaction and answers for each; `isRepeat` when an earlier try may have been
 *   committed without our hearing of it
 */
export function createGroupCommit<I, O>(options: {
  commit(items: readonly I[], isRepeat: boolean): Promise<O[]>;
  /** Items whose weights add up to more are not committed together. */
  most?: { weight: number; of(item: I): number };
  /** How long a database that can't be reached is tried again, in milliseconds (20,000). */
  patienceMs?: number;
  log: Logger;
}): GroupCommit<I, O> {
  const { commit, most, patienceMs = PATIENCE_MS, log } = options;
  let waiting: Waiting<I, O>[] = [];
  let running: Promise<void> | undefined;

  async function attempt(group: readonly Waiting<I, O>[]): Promise<void> {
    const items = group.map(({ item }) => item);
    const until = performance.now() + patienceMs;
    for (let tries = 0; ; tries++) {
      try {
        const answers = await commit(items, tries > 0);
        group.forEach(({ resolve }, at) => {
          resolve(answers[at] as O);
        });
        return;
      } catch (error) {
        if (isRefusal(error)) return apart(group, error);
        if (performance.now() > until) return refuse(group, error);
        if (tries === 0)
          log.warn({ err: error, items: items.length }, "what waits to be written can't be yet");
        await pause();
      }
    }
  }

  /** One that can't be written must not take the others with it. */
  async function apart(group: readonly Waiting<I, O>[], error: unknown): Promise<void> {
    if (group.length === 1) return refuse(group, error);
    for (const one of group) await attempt([one]);
  }

  async function run(): Promise<void> {
    // What has come with the same turn of the event loop goes together.
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const group = waiting.slice(0, countTogether(waiting, most));
      waiting = waiting.slice(group.length);
      await attempt(group);
    }
    running = undefined;
  }

  return {
    add(item) {
      const { promise, resolve, reject } = Promise.withResolvers<O>();
      waiting.push({ item, resolve, reject });
      running ??= run();
      return promise;
    },
    idle: async () => running,
  };
}

/** How many of those that wait may go together: one at the least. */
function countTogether<I>(
  waiting: readonly { item: I }[],
  most: { weight: number; of(item: I): number } | undefined,
): number {
  if (!most) return MOST_TOGETHER;
  let weight = 0;
  const at = waiting.findIndex(({ item }, place) => {
    weight += most.of(item);
    return place >= MOST_TOGETHER || (place > 0 && weight > most.weight);
  });
  return at < 0 ? waiting.length : at;
}

function refuse<I, O>(group: readonly Waiting<I, O>[], error: unknown): void {
  for (const { reject } of group) reject(error);
}

/** The database has looked at it and won't have it, which is not so of two that waited for each other. */
function isRefusal(error: unknown): boolean {
  if (error instanceof Unreachable) return false;
  return !(error instanceof pg.DatabaseError && /^40/.test(error.code ?? ""));
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
