import { describe, expect, test } from "vitest";
import type { RunList, RunRow, RunState } from "../../app/api.ts";
import { isFiltered, readRunsSearch, toFilters } from "./filters.ts";
import { mergeHead } from "./merge.ts";

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
const list = (runs: RunRow[], next: string | null = null): RunList => ({
  runs,
  total: runs.length,
  total_is_exact: true,
  page: 1,
  per_page: 50,
  next_cursor: next,
  prev_cursor: null,
});

describe("mergeHead", () => {
  test("values change in place, new rows are counted, nothing moves", () => {
    const shown = [row("c", 3), row("b", 2), row("a", 1)];
    const merged = mergeHead(shown, list([row("d", 4), row("c", 3, "completed")], "next"));
    expect(merged.rows.map((r) => [r.run.run_id, r.run.state, r.gone])).toEqual([
      ["c", "completed", false],
      ["b", "running", false],
      ["a", "running", false],
    ]);
    expect(merged).toMatchObject({ newer: 1, more: false });
  });

  test("a row that left the filter stays and says so, one below the head is unknown", () => {
    const shown = [row("c", 3), row("b", 2), row("a", 1)];
    const merged = mergeHead(shown, list([row("c", 3), row("a2", 1.5)], "next"));
    expect(merged.rows.map((r) => r.gone)).toEqual([false, true, false]);
    expect(mergeHead(shown, list([row("c", 3)])).rows.map((r) => r.gone)).toEqual([
      false,
      true,
      true,
    ]);
  });

  test("equal times are told apart by the id, as the server orders them", () => {
    expect(mergeHead([row("b", 1)], list([row("c", 1), row("b", 1), row("a", 1)])).newer).toBe(1);
  });

  test("more new rows than the head holds", () => {
    expect(mergeHead([row("a", 1)], list([row("c", 3), row("b", 2)], "next"))).toMatchObject({
      newer: 2,
      more: true,
    });
  });

  test("an empty list fills itself", () => {
    expect(mergeHead([], list([row("a", 1)])).rows).toHaveLength(1);
    expect(mergeHead([row("a", 1)], undefined)).toMatchObject({ newer: 0 });
  });
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
    });
    expect(isFiltered(search)).toBe(true);
    expect(toFilters(search, "acme", Date.parse("2026-11-22T03:00:00Z"))).toEqual({
      project_id: "acme",
      q: "disk",
      state: "failed",
      agent_id: "a",
      is_shadow: true,
      created_after: "2026-11-22T02:00:00.000Z",
    });
    expect(toFilters({ mode: "live" }, undefined, 0).is_shadow).toBe(false);
    expect(toFilters({}, undefined, 0).created_after).toBeUndefined();
  });
});
