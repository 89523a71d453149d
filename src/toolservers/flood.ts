import type { Readable } from "node:stream";

/** What a tool server may say unasked: so many messages at once, and so many more each second. */
const BURST = 2000;
const A_SECOND = 1000;

/** Counts what comes unasked, and knows when it is too much. */
export class FloodGuard {
  #left = BURST;
  #at: number;

  constructor(now = performance.now()) {
    this.#at = now;
  }

  /** Counts so many messages; false when that is too much. */
  allows(messages: number, now = performance.now()): boolean {
    this.#left = Math.min(BURST, this.#left + ((now - this.#at) / 1000) * A_SECOND);
    this.#at = now;
    this.#left -= messages;
    return this.#left >= 0;
  }
}

const PAUSE_MS = 50;

/**
 * Reads a stream no faster than so many bytes in 50 ms: whoever pours into it has to wait, and we have time for others.
 */
export function readSlowly(stream: Readable, mostBytes: number, onData: (chunk: Buffer) => void) {
  let bytes = 0;
  let since = performance.now();
  stream.on("data", (chunk: Buffer) => {
    const now = performance.now();
    if (now - since >= PAUSE_MS) {
      since = now;
      bytes = 0;
    }
    bytes += chunk.length;
    onData(chunk);
    if (bytes < mostBytes || stream.destroyed) return;
    stream.pause();
    setTimeout(() => stream.resume(), PAUSE_MS).unref();
  });
}
