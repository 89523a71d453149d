import type { Change } from "../platform/database/changes.ts";

/** Past this many changes a reader is told instead that it missed some, and reads everything anew. */
const MOST_WAITING = 1_000;

export interface Message {
  event: "hello" | "change" | "ping";
  data: string;
}

/** What waits to be sent to one reader: bounded, and each change only once however often it happened meanwhile. */
export interface Feed {
  hello(more: { missed?: true }): void;
  /** Shows that the stream lives; a reader that has taken nothing since the last one, though it could, is too slow. */
  ping(): void;
  change(change: Change): void;
  /** Everything in order, as it comes, until the feed is closed. */
  messages(): AsyncGenerator<Message>;
  close(): void;
  whenClosed(act: () => void): void;
  /** Acts when the reader takes nothing any more; the feed is closed then. */
  whenTooSlow(act: () => void): void;
}

export function createFeed(): Feed {
  const waiting = new Map<string, Message>();
  const closers: (() => void)[] = [];
  let cutOff = () => {};
  let closed = false;
  let wake = () => {};
  let isReading = true;
  let hasMoved = true;

  const now = () => new Date().toISOString();
  const put = (event: Message["event"], data: object, key: string = event) => {
    if (closed) return;
    waiting.set(key, { event, data: JSON.stringify(data) });
    if (waiting.size > MOST_WAITING) {
      waiting.clear();
      feed.hello({ missed: true });
    }
    wake();
  };
  const feed: Feed = {
    hello: (more) => put("hello", { now: now(), ...more }),
    ping() {
      if (!isReading && !hasMoved) {
        feed.close();
        cutOff();
      }
      hasMoved = false;
      put("ping", { now: now() });
    },
    change: ({ project_id, kind, id }) =>
      put("change", { project_id, kind, id }, `${project_id} ${kind} ${id}`),
    async *messages() {
      while (!closed) {
        const [next] = waiting;
        if (next) {
          waiting.delete(next[0]);
          isReading = false;
          yield next[1];
          isReading = true;
          hasMoved = true;
        } else {
          const { promise, resolve } = Promise.withResolvers<void>();
          wake = resolve;
          await promise;
        }
      }
    },
    close() {
      if (closed) return;
      closed = true;
      for (const act of closers) act();
      wake();
    },
    whenClosed: (act) => closers.push(act),
    whenTooSlow: (act) => {
      cutOff = act;
    },
  };
  return feed;
}
