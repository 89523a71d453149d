import { expect, test } from "vitest";
import type { Call } from "../../app/api.ts";
import { callTime } from "./call-time.ts";
import type { Entry } from "./entries.ts";
import { waterfallRows } from "./waterfall-rows.ts";

const AT = Date.parse("2026-11-22T03:00:00Z");
const iso = (ms: number) => new Date(AT + ms).toISOString();
const call = (over: Partial<Call>): Call =>
  ({
    server: "shop",
    tool_name: "tail_log",
    args_hash: "a",
    effect: "read",
    result_status: "success",
    created_at: iso(0),
    completed_at: iso(100),
    upstream_ms: 60,
    latency_ms: 100,
    ...over,
  }) as Call;
const entry = (id: string, over: Partial<Call>): Entry =>
  ({ id, ts: iso(0), type: "call", call: call(over), text: null, item: {} }) as Entry;

test("the machine's part of a call is where the tool server worked, or as long as it has lasted", () => {
  expect(callTime(call({}), 0)).toEqual({ from: AT + 40, until: AT + 100 });
  expect(callTime(call({ upstream_ms: null, latency_ms: 5 }), 0)).toEqual({
    from: AT,
    until: AT + 5,
  });
  const open = { completed_at: null, upstream_ms: null, latency_ms: null };
  expect(callTime(call({ ...open, result_status: "executing" }), AT + 9)).toEqual({
    from: AT,
    until: AT + 9,
  });
  expect(callTime(call({ ...open, result_status: "pending" }), AT + 9).until).toBe(AT);
});

test("tries of one call stand in one row and open the last; other calls have rows of their own", () => {
  const rows = waterfallRows(
    [
      entry("1", { result_status: "error" }),
      entry("2", { args_hash: "b", effect: "write" }),
      entry("3", {}),
      { id: "w", ts: iso(100), type: "wait", until: null, item: {} } as Entry,
      {
        id: "s",
        ts: iso(50),
        type: "step",
        step: undefined,
        text: null,
        item: { metadata: { latency_ms: 50 } },
      } as Entry,
    ],
    AT + 500,
  );
  expect(rows.map((row) => [row.entry.id, row.bars.map(({ tone }) => tone)])).toEqual([
    ["3", ["failed", "read"]],
    ["2", ["write"]],
    ["w", ["person"]],
    ["s", ["read"]],
  ]);
  expect(rows[2]?.bars[0]).toMatchObject({ from: AT + 100, until: AT + 500 });
  expect(rows[3]?.bars[0]).toMatchObject({ from: AT, until: AT + 50 });
});
