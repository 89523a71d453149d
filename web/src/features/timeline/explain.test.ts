import { expect, test } from "vitest";
import type { Call, RunDetail, RunState } from "../../app/api.ts";
import type { Entry } from "./entries.ts";
import { explain } from "./explain.ts";

const TOTALS = { machine: 11_000, person: 275_000, idle: 0, total: 286_000 };

function detail(state: RunState, run: Partial<RunDetail["run"]>, calls: Partial<Call>[]) {
  return {
    run: {
      state,
      is_shadow: false,
      result: null,
      error_code: null,
      error_detail: null,
      budget: { calls_used: calls.length },
      ...run,
    },
    mcp_calls: calls.map((call) => ({ verdicts: [], ...call })),
    counts: { mcp_calls: calls.length },
    outbound_messages: [],
  } as unknown as RunDetail;
}

const decision = (what: string, reason: string | null): Entry[] =>
  [
    { id: "w", type: "wait", ts: "2026-11-22T03:08:05.000Z" },
    {
      id: "d",
      type: "decision",
      ts: "2026-11-22T03:12:40.000Z",
      decision: { approver: "op-2", decision: what, reason },
    },
  ] as unknown as Entry[];

const WRITE = { tool_name: "clear_cache", effect: "write", result_status: "success" } as const;

test("completed: what came of it, how long, what was written, who approved", () => {
  const said = detail("completed", { result: { message: "Disk at 22 %." } }, [WRITE]);
  expect(explain(said, decision("approve", null), TOTALS)).toEqual([
    { key: "said", text: "Disk at 22 %." },
    { key: "completed", ms: 286_000, count: 1 },
    { key: "wrote", count: 1 },
    { key: "approved", who: "op-2", ms: 275_000 },
  ]);
});

test("without a result of its own, the final message says what came of it", () => {
  const run = detail("completed", { result: { percent_after: 22 } }, []);
  run.outbound_messages = [
    { message_type: "interim", content_preview: "Looking." },
    { message_type: "final", content_preview: "It is healthy again." },
  ] as RunDetail["outbound_messages"];
  expect(explain(run, [], TOTALS)[0]).toEqual({ key: "said", text: "It is healthy again." });
});

test("a shadow run says that its writes were not real", () => {
  const shadow = detail("completed", { is_shadow: true }, [
    { ...WRITE, result_status: "simulated" },
  ]);
  expect(explain(shadow, [], TOTALS).map((s) => s.key)).toEqual(["simulated"]);
});

test("failed by a gate names the gate; failed otherwise names the error", () => {
  const stop = {
    tool_name: "restart_service",
    effect: "write",
    result_status: "blocked",
    block_gate: 2,
    block_code: "E-CONTRACT-TOOL",
  } as const;
  const byGate = detail("failed", { error_code: "E-CONTRACT-TOOL" }, [stop]);
  expect(explain(byGate, [], TOTALS)).toEqual([
    { key: "blocked", call: byGate.mcp_calls[0], gate: 2 },
    { key: "wrote_nothing" },
  ]);
  const other = detail("failed", { error_code: "E-X" }, [stop]);
  expect(explain(other, [], TOTALS)[0]).toEqual({ key: "failed" });
});

test("rejected: the person and the reason stand for the cancellation", () => {
  const run = detail("cancelled", { error_code: "E-APPR-REJECTED" }, []);
  expect(explain(run, decision("reject", "not now"), TOTALS).map((s) => s.key)).toEqual([
    "rejected",
    "wrote_nothing",
  ]);
});

test("an edit and a wish for changes are told as what they are", () => {
  const run = detail("completed", {}, []);
  const told = (...of: [string, string | null]) => explain(run, decision(...of), TOTALS).at(-1);
  expect(told("edit", null)).toEqual({ key: "edited", who: "op-2", ms: 275_000 });
  const changes = { key: "changes", who: "op-2", reason: "the replica" };
  expect(told("request_changes", "the replica")).toEqual(changes);
});

test("a write whose fate is unknown is said even while the run goes on", () => {
  const run = detail("running", {}, [{ ...WRITE, result_status: "unknown" }]);
  expect(explain(run, [], TOTALS)).toEqual([{ key: "unknown", tool: "clear_cache" }]);
  expect(explain(detail("running", {}, [WRITE]), [], TOTALS)).toEqual([]);
});

test("of a run with more calls than are known it does not say how many wrote", () => {
  const long = detail("completed", { result: { message: "Done." } }, [WRITE]);
  long.counts.mcp_calls = 200;
  expect(explain(long, [], TOTALS).map((s) => s.key)).toEqual(["said", "completed"]);
});
