/** How long a message is tried for, from its first try on, in seconds. */
const LONGEST_TRYING = 3_600;
const LONGEST_PAUSE = 300;

/**
 * When to try a message again that could not be sent: after about as long as it has been tried for, so that the pauses
 * double, up to five minutes; shortened by chance to as little as the half, so that messages that failed together do not
 * come back together; and never before the provider wants to be asked again.
 *
 * @param failed.triedSeconds how long ago its first try began
 * @param failed.retryAfterSeconds what the provider asks for
 * @param failed.chance from 0 to 1
 * @returns in how many whole seconds; undefined when its time will be over by then
 */
export function nextTry(failed: {
  triedSeconds: number;
  retryAfterSeconds?: number | undefined;
  chance: number;
}): number | undefined {
  const { triedSeconds, retryAfterSeconds = 0, chance } = failed;
  const pause = Math.min(Math.max(triedSeconds, 1), LONGEST_PAUSE) * (0.5 + chance / 2);
  const wait = Math.ceil(Math.max(pause, retryAfterSeconds));
  return triedSeconds + wait > LONGEST_TRYING ? undefined : wait;
}
