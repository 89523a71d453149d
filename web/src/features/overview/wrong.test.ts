import { expect, test } from "vitest";
import type { ChannelSummary } from "../channels/queries.ts";
import type { Overview } from "./queries.ts";
import { countWrong, type Spend, shareOf, wrongsOf } from "./wrong.ts";

const none = { items: [], total: 0 };
const quiet = {
  freezes: none,
  unhealthy_servers: none,
  changed_tools: none,
  failed_runs: none,
  spend: none,
} as unknown as Overview;

const spend = (spent_usd: number, limit_usd: number | null): Spend => ({
  project_id: `p${spent_usd}`,
  display_name: "P",
  spent_usd,
  reserved_usd: 0,
  limit_usd,
});

const of = (more: object) => ({ ...quiet, ...more }) as Overview;

test("where nothing is wrong, nothing is said to be", () => {
  expect(wrongsOf(quiet, [])).toEqual([]);
  expect(countWrong(quiet, [])).toBe(0);
});

test("a budget is told of from nine tenths on, and is wrong once it is used up", () => {
  const items = [spend(120, 120), spend(95, 100), spend(50, 100), spend(500, null)];
  const overview = of({ spend: { items, total: 4 } });
  const wrongs = wrongsOf(overview, []);
  expect(wrongs.map(({ kind }) => kind)).toEqual(["over", "soon"]);
  expect(countWrong(overview, wrongs)).toBe(1);
  expect(shareOf(spend(1, 0))).toBe(1);
});

test("failed runs are one thing, and what is not shown counts as well", () => {
  const overview = of({
    failed_runs: { items: [{ run_id: "r" }], total: 6 },
    unhealthy_servers: { items: [{ server_id: "shop" }], total: 4 },
  });
  const wrongs = wrongsOf(overview, []);
  expect(wrongs).toMatchObject([{ kind: "server" }, { kind: "failed", count: 6 }]);
  expect(countWrong(overview, wrongs)).toBe(5);
});

test("a channel that is not well is told of once, and one that is well by the messages it gave up", () => {
  const channel = (code: string, failed: number) =>
    ({ channel_id: code, failed, health: { code, words: "" } }) as ChannelSummary;
  const channels = [
    channel("ok", 0),
    channel("failing", 3),
    channel("ok", 2),
    channel("unused", 0),
  ];
  const wrongs = wrongsOf(quiet, channels);
  expect(wrongs.map(({ kind }) => kind)).toEqual(["channel", "unsent"]);
  expect(countWrong(quiet, wrongs)).toBe(2);
});
