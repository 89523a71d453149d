/**
 * How far the event stream is behind, in milliseconds. The server's clock and ours differ by an unknown
 * amount, so the smallest difference seen is taken as "no delay" and only what exceeds it counts.
 */
export class LagMeter {
  #smallest = Number.POSITIVE_INFINITY;

  /** `serverNow` as the event says it, `receivedAt` by our clock, both in milliseconds. */
  measure(serverNow: number, receivedAt: number): number {
    const difference = receivedAt - serverNow;
    this.#smallest = Math.min(this.#smallest, difference);
    return difference - this.#smallest;
  }
}

/** Milliseconds to wait before the n-th attempt to reconnect (from 0): 1 s, doubling, at most 15 s. */
export const reconnectDelay = (attempt: number): number => Math.min(15_000, 1000 * 2 ** attempt);
