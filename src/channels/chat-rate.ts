const MOST_KNOWN = 10_000;

/** Counts what somebody does, in windows that begin with the first of it; in this process. */
export interface ChatRate {
  /** How many seconds are left until they may go on; 0 when they may now. */
  wait(who: string): number;
  count(who: string): void;
}

/** @param now milliseconds; any clock that only goes forward */
export function createChatRate(most: number, windowMs: number, now: () => number): ChatRate {
  const seen = new Map<string, { count: number; until: number }>();
  return {
    wait(who) {
      const found = seen.get(who);
      if (!found || found.count < most) return 0;
      return Math.max(0, Math.ceil((found.until - now()) / 1_000));
    },
    count(who) {
      const found = seen.get(who);
      if (found && found.until > now()) {
        found.count += 1;
        return;
      }
      if (seen.size >= MOST_KNOWN) seen.clear();
      seen.set(who, { count: 1, until: now() + windowMs });
    },
  };
}
