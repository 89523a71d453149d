import { AppError } from "../platform/errors.ts";

const MOST = 10_000;
const MOST_BY_KEY = 100;

/** Counts the requests that are held while people think, so that nobody can hold all there are. */
export interface Waiters {
  /**
   * @returns a signal that aborts when the server closes, and how to leave
   * @throws AppError E-WAITERS
   */
  enter(keyId: string): { closing: AbortSignal; leave: () => void };
  /** Those who wait are told now how it stands. */
  close(): void;
}

export function createWaiters(most = MOST, mostByKey = MOST_BY_KEY): Waiters {
  const byKey = new Map<string, number>();
  const closing = new AbortController();
  let all = 0;
  const count = (keyId: string, by: 1 | -1) => {
    all += by;
    const now = (byKey.get(keyId) ?? 0) + by;
    if (now === 0) byKey.delete(keyId);
    else byKey.set(keyId, now);
  };
  return {
    enter(keyId) {
      const mine = byKey.get(keyId) ?? 0;
      if (mine >= mostByKey) {
        throw tooMany(`${mine} requests of this key wait for answers already.`);
      }
      if (all >= most) throw tooMany(`${all} requests wait for answers already.`);
      count(keyId, 1);
      return { closing: closing.signal, leave: () => count(keyId, -1) };
    },
    close: () => closing.abort(),
  };
}

function tooMany(words: string): AppError {
  return new AppError("E-WAITERS", words, { extra: { retry_after_seconds: 5 } });
}
