/** How often in a row a program ended by itself, and when it may be started again (milliseconds since 1970). */
export interface Backoff {
  ends: number;
  nextAt: number;
}

export const NO_BACKOFF: Backoff = { ends: 0, nextAt: 0 };

/** Who lived that long has not ended because of how it was started. */
const STABLE_MS = 30_000;
const FIRST_MS = 1000;
const LONGEST_MS = 60_000;

/**
 * The first end is forgiven; from then on each wait is twice the last, up to a minute, and shortened by chance to as
 * little as its half, so that programs that ended together do not start together.
 *
 * @param end.livedMs how long it ran
 * @param end.chance from 0 to 1
 */
export function afterEnd(
  before: Backoff,
  end: { now: number; livedMs: number; chance: number },
): Backoff {
  const ends = end.livedMs >= STABLE_MS ? 1 : before.ends + 1;
  if (ends === 1) return { ends, nextAt: end.now };
  const wait = Math.min(FIRST_MS * 2 ** (ends - 2), LONGEST_MS);
  return { ends, nextAt: end.now + wait * (0.5 + end.chance / 2) };
}
