const NEWLINE = 0x0a;
const LEAST_BYTES = 16 * 1024;

/** Puts lines together out of the pieces they arrive in. */
export class MessageLines {
  readonly #maxBytes: number;
  /** The beginning of a line whose end has not come yet; its room doubles, so that many small pieces cost little. */
  #held = Buffer.alloc(0);
  #bytes = 0;

  /** @param maxBytes the longest line */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes a piece in.
   *
   * @param onLine gets each line that it ends; answers false when the rest is of no interest
   * @returns false once a line is longer than it may be
   */
  push(piece: Buffer, onLine: (line: string) => boolean): boolean {
    let from = 0;
    for (;;) {
      const end = piece.indexOf(NEWLINE, from);
      const part = piece.subarray(from, end === -1 ? piece.length : end);
      if (this.#bytes + part.length > this.#maxBytes) return false;
      if (end === -1) {
        this.#hold(part);
        return true;
      }
      if (!onLine(this.#endedBy(part))) return true;
      from = end + 1;
    }
  }

  clear(): void {
    this.#held = Buffer.alloc(0);
    this.#bytes = 0;
  }

  #hold(part: Buffer): void {
    if (part.length === 0) return;
    const needed = this.#bytes + part.length;
    if (needed > this.#held.length) {
      const roomier = Buffer.allocUnsafe(Math.max(LEAST_BYTES, needed, 2 * this.#held.length));
      this.#held.copy(roomier, 0, 0, this.#bytes);
      this.#held = roomier;
    }
    part.copy(this.#held, this.#bytes);
    this.#bytes = needed;
  }

  #endedBy(part: Buffer): string {
    if (this.#bytes === 0) return part.toString("utf8");
    this.#hold(part);
    const line = this.#held.toString("utf8", 0, this.#bytes);
    this.#bytes = 0;
    if (this.#held.length > 4 * LEAST_BYTES) this.clear();
    return line;
  }
}
