/** A revocation in another process holds at the latest after this time. */
const KEPT_MS = 3_000;
const MOST_ENTRIES = 10_000;

/** Answers that are looked up once and then kept for a few seconds; simultaneous questions share one look-up. */
export interface Kept<T> {
  get(id: string): Promise<T | undefined>;
  forget(id: string): void;
  forgetAll(): void;
}

export function keep<T>(lookUp: (id: string) => Promise<T | undefined>): Kept<T> {
  const entries = new Map<string, { answer: Promise<T | undefined>; until: number }>();
  return {
    async get(id) {
      const found = entries.get(id);
      if (found && found.until > performance.now()) return found.answer;
      if (entries.size >= MOST_ENTRIES) entries.clear();
      const entry = { answer: lookUp(id), until: performance.now() + KEPT_MS };
      entries.set(id, entry);
      const drop = () => entries.get(id) === entry && entries.delete(id);
      // What is unknown now may be made in a moment.
      entry.answer.then((answer) => answer === undefined && drop(), drop);
      return entry.answer;
    },
    forget(id) {
      entries.delete(id);
    },
    forgetAll() {
      entries.clear();
    },
  };
}
