import { afterEach, describe, expect, it } from "vitest";
import { waitFor } from "../../test/support/wait.ts";
import { createLog } from "../platform/log.ts";
import { type WatchedList, watchList } from "./watchlist.ts";

const log = createLog("silent");

let tools: string[] | Error;
let reads: number;
let told: number;
let list: WatchedList;

function watch(first: string[] | Error, untoldMs?: number) {
  tools = first;
  reads = 0;
  told = 0;
  list = watchList(
    async () => {
      reads += 1;
      if (tools instanceof Error) throw tools;
      return tools;
    },
    () => {
      told += 1;
    },
    log,
    untoldMs,
  );
}

const until = (what: string, holds: () => boolean) => waitFor(holds, { timeoutMs: 10_000, what });
const looked = async (times: number) => until(`look ${times}`, () => reads >= times);

afterEach(() => list.stop());

describe("a list that is listened to", () => {
  it("is told of when it has become another, and not when it is the same", async () => {
    watch(["look"]);
    list.lookAgain();
    await looked(2);
    tools = ["look", "wipe"];
    list.lookAgain();
    await until("the change", () => told === 1);
    list.lookAgain();
    await looked(4);
    expect(told).toBe(1);
  });

  it("is looked at once for changes that come together", async () => {
    watch(["look"]);
    for (let time = 0; time < 50; time++) list.lookAgain();
    tools = ["wipe"];
    await until("the change", () => told === 1);
    expect(reads).toBe(2);
  });

  it("is told of when it can't be read any more, and when it can again", async () => {
    watch(["look"]);
    await looked(1);
    tools = new Error("the contract was withdrawn");
    list.lookAgain();
    await until("the end", () => told === 1);
    tools = ["look"];
    list.lookAgain();
    await until("the beginning", () => told === 2);
  });

  it("is looked at now and then when nobody says anything", async () => {
    watch(["look"], 20);
    await looked(1);
    tools = ["wipe"];
    await until("the change", () => told === 1);
  });

  it("is left alone once nobody listens", async () => {
    watch(["look"], 20);
    await looked(2);
    list.stop();
    tools = ["wipe"];
    list.lookAgain();
    const before = reads;
    // Longer than it would have taken.
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect([told, reads - before <= 1]).toEqual([0, true]);
  });
});
