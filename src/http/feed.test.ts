import { describe, expect, it } from "vitest";
import { createFeed, type Feed } from "./feed.ts";

async function take(messages: AsyncGenerator<{ event: string; data: string }>, count: number) {
  const taken: [string, Record<string, unknown>][] = [];
  while (taken.length < count) {
    const { value } = await messages.next();
    taken.push([value?.event ?? "end", JSON.parse(value?.data ?? "{}")]);
  }
  return taken;
}

const change = (id: string) => ({ project_id: "acme", kind: "run" as const, id });

describe("a reader's feed", () => {
  it("keeps the order and says an unread change once", async () => {
    const feed = createFeed();
    feed.hello({});
    for (const id of ["a", "b", "a"]) feed.change(change(id));
    const taken = await take(feed.messages(), 3);
    expect(taken).toEqual([
      ["hello", { now: expect.stringMatching(/Z$/) }],
      ["change", change("a")],
      ["change", change("b")],
    ]);
  });

  it("forgets what an overwhelmed reader missed, and tells it so", async () => {
    const feed = createFeed();
    for (let id = 0; id <= 1_000; id += 1) feed.change(change(String(id)));
    feed.change(change("last"));
    expect(await take(feed.messages(), 2)).toEqual([
      ["hello", { now: expect.any(String), missed: true }],
      ["change", change("last")],
    ]);
  });

  it("gives up a reader that took nothing between two pings, not one with nothing to take", async () => {
    const given: Feed[] = [];
    const watched = () => {
      const feed = createFeed();
      feed.whenTooSlow(() => given.push(feed));
      return feed;
    };
    const quiet = watched();
    const reading = quiet.messages();
    let next = reading.next();
    for (let pings = 0; pings < 3; pings += 1) {
      quiet.ping();
      expect((await next).value?.event).toBe("ping");
      next = reading.next();
    }
    const stuck = watched();
    stuck.hello({});
    const never = stuck.messages();
    await never.next(); // and does not come back for more
    stuck.ping();
    stuck.ping();
    expect(given).toEqual([stuck]);
    expect((await never.next()).done).toBe(true);
  });
});
