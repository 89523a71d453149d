import type { Change } from "../platform/database/changes.ts";

/** A reader this far behind is cut off; it connects again and reads everything anew. */
const MOST_WAITING = 1_000;

export interface Message {
  event: "hello" | "change" | "ping";
  data: string;
}

/** What waits to be sent to one reader: bounded, and each change only once however often it happened meanwhile. */
export interface Feed {
  hello(more: { missed?: true }): void;
  ping(): void;
  change(change: Change): void;
  /** Everything in order, as it comes, until the feed is closed. */
  messages(): AsyncGenerator<Message>;
  close(): void;
  whenClosed(act: () => void): void;
  /** Acts when more waits than the reader takes; the feed is closed then. */
  whenTooSlow(act: () => void): void;
}

export function createFeed(): Feed {
  const waiting = new Map<string, Message>();
  const closers: (() => void)[] = [];
  let cutOff = () => {};
  let closed = false;
  let wake = () => {};

  const now = () => new Date().toISOString();
  const put = (key: string, message: Message) => {
    if (closed) return;
    waiting.set(key, message);
    if (waiting.size > MOST_WAITING) {
      feed.close();
      cutOff();
    }
    wake();
  };
  const feed: Feed = {
    hello: (more) =>
      put("hello", { event: "hello", data: JSON.stringify({ now: now(), ...more }) }),
    ping: () => put("ping", { event: "ping", data: JSON.stringify({ now: now() }) }),
    change: (change) =>
      put(`${change.project_id} ${change.kind} ${change.id}`, {
        event: "change",
        data: JSON.stringify({ project_id: change.project_id, kind: change.kind, id: change.id }),
      }),
    async *messages() {
      while (!closed) {
        const [next] = waiting;
        if (next) {
          waiting.delete(next[0]);
          yield next[1];
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
