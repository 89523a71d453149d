import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 25;

/**
 * Polls until `probe` yields something other than `undefined` or `false`, and returns that.
 *
 * @param options.timeoutMs how long to wait, in milliseconds
 * @param options.what completes the sentence "Waited 5000 ms for …"
 * @throws Error when the time is up, naming what was awaited, and the probe's last error if any
 */
export async function waitFor<T>(
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  options: { timeoutMs: number; what: string },
): Promise<T> {
  const deadline = Date.now() + options.timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      cause = error;
    }
    if (Date.now() >= deadline) {
      const why = cause instanceof Error ? `; the last try failed: ${cause.message}` : "";
      throw new Error(`Waited ${options.timeoutMs} ms for ${options.what}${why}`, { cause });
    }
    await sleep(POLL_MS);
  }
}
