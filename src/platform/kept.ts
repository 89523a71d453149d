/** Answers that are looked up once and kept until they are dropped; simultaneous questions share one look-up. */
export interface Kept<T> {
  /** @param lookUp what is undefined is not kept */
  get(name: string, lookUp: () => Promise<T | undefined>): Promise<T | undefined>;
  /** Forgets some answers; one that is still being looked up is undefined. */
  drop(isTheirs: (name: string, answer: T | undefined) => boolean): void;
  clear(): void;
}

interface Entry<T> {
  answer: Promise<T | undefined>;
  /** Known once the look-up is done. */
  value: T | undefined;
  since: number;
}

const MOST_ENTRIES = 10_000;
/** Where changes are heard of, time only bounds what one that nobody announced could do. */
const HEARD_MS = 10_000;
/** Where they may be missed, nothing is older than this. */
const UNHEARD_MS = 500;

/** @param isHeard whether changes are heard of at this moment; while they are not, answers are kept half a second */
export function createKept<T>(isHeard: () => boolean): Kept<T> {
  const entries = new Map<string, Entry<T>>();
  const isFresh = ({ since }: Entry<T>) =>
    performance.now() - since < (isHeard() ? HEARD_MS : UNHEARD_MS);
  return {
    get(name, lookUp) {
      const found = entries.get(name);
      if (found && isFresh(found)) return found.answer;
      if (entries.size >= MOST_ENTRIES) entries.clear();
      const entry: Entry<T> = { answer: lookUp(), value: undefined, since: performance.now() };
      entries.set(name, entry);
      const forget = () => entries.get(name) === entry && entries.delete(name);
      entry.answer.then((value) => {
        entry.value = value;
        // What is not there now may be made in a moment.
        if (value === undefined) forget();
      }, forget);
      return entry.answer;
    },
    drop(isTheirs) {
      for (const [name, { value }] of entries) if (isTheirs(name, value)) entries.delete(name);
    },
    clear: () => entries.clear(),
  };
}
