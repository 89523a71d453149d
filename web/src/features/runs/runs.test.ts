import { describe, expect, test } from "vitest";
import type { RunList, RunRow, RunState } from "../../app/api.ts";
import { readHidden } from "./columns.ts";
import { isFiltered, readRunsSearch, toFilters } from "./filters.ts";
import { freshen, newerThan } from "./merge.ts";
import { needOf, stretchOf } from "./placing.ts";
import { changeable, MOST_MARKED, projectOf, toggled, withAll } from "./selection.ts";
import { isFlying } from "./use-flight.ts";

const row = (id: string, second: number, state: RunState = "running"): RunRow => ({
  run_id: id,
  project_id: "acme",
  agent_id: "disk-janitor",
  state,
  is_shadow: false,
  cost_usd: 0,
  step_count: 0,
  created_at: new Date(1_700_000_000_000 + second * 1000).toISOString(),
  timeout_at: null,
  title: id,
  started_at: null,
  completed_at: null,
  trigger_type: null,
  error_code: null,
  driver: "worker",
  last_call: null,
});
const list = (
  runs: RunRow[],
  more: Partial<Pick<RunList, "next_cursor" | "prev_cursor" | "page" | "total">> = {},
): RunList => ({
  runs,
  total: runs.length,
  total_is_exact: true,
  page: 1,
  per_page: 3,
  next_cursor: null,
  prev_cursor: null,
  ...more,
});
const ON = { next_cursor: "next" };
const BETWEEN = { ...ON, prev_cursor: "previous" };

describe("freshen", () => {
  const shown = [row("c", 3), row("b", 2), row("a", 1)];

  test("values change in place, nothing moves", () => {
    const rows = freshen(shown, [list([row("d", 4), row("c", 3, "completed")], ON)], true);
    expect(rows.map((r) => [r.run.run_id, r.run.state, r.gone])).toEqual([
      ["c", "completed", false],
      ["b", "running", false],
      ["a", "running", false],
    ]);
  });

  test("a row that left the filter stays and says so; of one that no answer covers nothing is known", () => {
    const gone = (answer: RunList) => freshen(shown, [answer], true).map((r) => r.gone);
    expect(gone(list([row("c", 3), row("a2", 1.5)], ON))).toEqual([false, true, false]);
    expect(gone(list([row("c", 3)]))).toEqual([false, true, true]);
    expect(gone(list([row("b", 2), row("a", 1)], BETWEEN))).toEqual([false, false, false]);
    expect(gone(list([row("b2", 2.5), row("a", 1)], BETWEEN))).toEqual([false, true, false]);
    expect(gone(list([]))).toEqual([true, true, true]);
  });
});

describe("newerThan", () => {
  test("counts what is newer than the list's first row; equal times are told apart by the id", () => {
    const newest = list([row("c", 1), row("b", 1), row("a", 1)]);
    expect(newerThan(row("b", 1), newest)).toEqual({ count: 1, more: false });
    expect(newerThan(undefined, newest)?.count).toBe(0);
    expect(newerThan(row("b", 1), undefined)).toBe(undefined);
  });

  test("more new rows than the newest page holds", () => {
    const newest = list([row("c", 3), row("b", 2)], ON);
    expect(newerThan(row("a", 1), newest)).toEqual({ count: 2, more: true });
  });
});

describe("where rows stand in a list of any length", () => {
  const three = [row("c", 3), row("b", 2), row("a", 1)];

  test("pages stand where their number says, and the list is as long as it is said to be", () => {
    const pages = [list(three, { ...BETWEEN, page: 5, total: 100 })];
    expect(stretchOf(pages)).toEqual({ start: 12, rows: three, count: 100 });
    expect(stretchOf(pages, 14).count).toBe(16);
    expect(stretchOf([list(three, { page: 5, total: 100 })]).count).toBe(15);
    expect(stretchOf([])).toEqual({ start: 0, rows: [], count: 0 });
  });

  test("what is missing around the rows in view is fetched: beside them, or far away", () => {
    const rows = Array.from({ length: 300 }, (_, i) => row(`${i}`, -i));
    const need = (first: number, last: number) =>
      needOf({ start: 300, rows, count: 1000 }, { first, last }, 100);
    expect(need(400, 430)).toBeUndefined();
    expect(need(560, 580)).toEqual({ kind: "next" });
    expect(need(310, 330)).toEqual({ kind: "previous" });
    expect(need(250, 270)).toEqual({ kind: "previous" });
    expect(need(700, 730)).toEqual({ kind: "next" });
    expect(need(840, 870)).toEqual({ kind: "jump", page: 9 });
    expect(need(0, 30)).toEqual({ kind: "jump", page: 1 });
    expect(needOf({ start: 0, rows, count: 300 }, { first: 280, last: 299 }, 100)).toBeUndefined();
  });
});

describe("marking", () => {
  test("a mark is put on and taken off, and there is an end to them", () => {
    const one = toggled(new Map(), row("a", 1));
    expect([...one.keys()]).toEqual(["a"]);
    expect(toggled(one, row("a", 1)).size).toBe(0);
    const many = withAll(
      one,
      Array.from({ length: MOST_MARKED + 9 }, (_, i) => row(`r${i}`, i)),
    );
    expect(many.size).toBe(MOST_MARKED);
    expect(toggled(many, row("new", 1)).has("new")).toBe(false);
  });

  test("what can be done with the marked runs, and in which project", () => {
    const failed = row("b", 1, "failed");
    const marks = withAll(new Map(), [
      row("a", 1),
      failed,
      { ...failed, run_id: "c", driver: "client" },
    ]);
    expect(changeable(marks, "cancel")).toBe(1);
    expect(changeable(marks, "retry")).toBe(1);
    expect(projectOf(marks)).toBe("acme");
    expect(projectOf(toggled(marks, { ...failed, run_id: "d", project_id: "globex" }))).toBe(
      undefined,
    );
  });
});

test("columns that are put away are read as they were kept, and nothing else", () => {
  expect(readHidden(null)).toEqual([]);
  expect(readHidden("id  cost nonsense")).toEqual(["cost", "id"]);
});

describe("filters in the address", () => {
  test("what the address can't mean is left out", () => {
    const odd = { state: "sleeping", mode: 1, since: "2h", agent: "", q: "  " };
    expect(readRunsSearch(odd)).toEqual({});
    expect(readRunsSearch({ q: ` ${"x".repeat(600)}` })).toEqual({ q: "x".repeat(500) });
    expect(isFiltered(readRunsSearch({ state: "sleeping" }))).toBe(false);
  });

  test("what it says becomes the query", () => {
    const search = readRunsSearch({
      state: "failed",
      mode: "shadow",
      since: "1h",
      agent: "a",
      q: "disk",
      trigger: "alertmanager",
    });
    expect(isFiltered(search)).toBe(true);
    expect(toFilters(search, "acme", Date.parse("2026-11-22T03:00:00Z"))).toEqual({
      project_id: "acme",
      q: "disk",
      state: "failed",
      agent_id: "a",
      is_shadow: true,
      trigger_type: "alertmanager",
      created_after: "2026-11-22T02:00:00.000Z",
    });
    expect(toFilters({ mode: "live" }, undefined, 0).is_shadow).toBe(false);
    expect(toFilters({}, undefined, 0).created_after).toBeUndefined();
  });
});

describe("isFlying", () => {
  const seen = { from: 0, at: 1_800, when: 100 };
  const by = (pixels: number) => ({ at: 1_800 + pixels, when: 150 });

  test("once one is fast and far, until one is slow", () => {
    expect(isFlying(false, seen, by(300), 900)).toBe(true);
    expect(isFlying(false, seen, by(100), 900)).toBe(false);
    expect(isFlying(true, seen, by(100), 900)).toBe(true);
    expect(isFlying(true, seen, by(-50), 900)).toBe(false);
  });

  test("a page down is fast, but not far", () => {
    expect(isFlying(false, { from: 1_500, at: 1_800, when: 100 }, by(300), 900)).toBe(false);
  });
});
