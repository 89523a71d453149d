import { describe, expect, test } from "vitest";
import type { Call, Step, TimelineItem, Verdict } from "../../app/api.ts";
import { entriesOf, entriesShown, notableEntry } from "./entries.ts";

let second = 0;
const EMPTY = { call_id: null, step_id: null, verdicts: [] };
const item = (
  kind: TimelineItem["kind"],
  status: string,
  metadata: object = {},
  summary: string | null = null,
): TimelineItem => {
  second += 1;
  return {
    id: `${kind}-${second}`,
    ts: new Date(1_700_000_000_000 + second * 1000).toISOString(),
    kind,
    title: kind,
    title_key: kind,
    status,
    summary,
    metadata: { ...EMPTY, ...metadata },
  } as unknown as TimelineItem;
};
const call = (id: string, over: Partial<Call> = {}): Call => ({
  call_id: id,
  tool_name: "clear_cache",
  result_status: "success",
  block_gate: null,
  block_code: null,
  block_reason: null,
  latency_ms: 4,
  upstream_ms: null,
  created_at: "",
  completed_at: null,
  server: "shop-tools",
  effect: "write",
  args: { path: "/var/cache", older_than: "24h", n: 3 },
  args_hash: "",
  result: null,
  verdicts: [],
  agent_reason: null,
  step_id: null,
  approval_id: null,
  attempt: 1,
  cost_usd: 0,
  is_shadow: false,
  error_code: null,
  flags: [],
  ...over,
});
const step = (id: string, callId: string | null, summary: string | null): Step => ({
  step_id: id,
  step_seq: 1,
  step_key: id,
  kind: "tool_call",
  tool_name: null,
  result_status: "success",
  was_blocked: false,
  block_reason: null,
  error_code: null,
  latency_ms: null,
  created_at: "",
  completed_at: null,
  input: null,
  output: null,
  call_id: callId,
  approval_id: null,
  summary,
});

describe("entriesOf", () => {
  test("a step is folded into the call it made, and lends it its sentence", () => {
    const items = [
      item("mcp", "success", { call_id: "c1" }),
      item("step", "success", { call_id: "c1", step_id: "s1" }),
      item("step", "success", { step_id: "s2" }),
    ];
    const entries = entriesOf(items, {
      mcp_calls: [call("c1")],
      steps: [step("s1", "c1", "freed 31.7 GiB"), step("s2", null, "decided")],
    });
    expect(entries.map((e) => e.type)).toEqual(["call", "step"]);
    expect(entries[0]).toMatchObject({
      text: "freed 31.7 GiB",
      call: { tool_name: "clear_cache" },
    });
    expect(entries[1]).toMatchObject({ text: "decided" });
  });

  test("a step that still waits for an answer is the call that asks", () => {
    const items = [
      item("step", "pending", { step_id: "s1" }),
      item("mcp", "blocked", { call_id: "c1", step_id: "s1" }),
    ];
    const entries = entriesOf(items, { mcp_calls: [call("c1")], steps: [step("s1", null, null)] });
    expect(entries.map((e) => e.type)).toEqual(["call"]);
  });

  test("a step whose call is not on this page of a long timeline still shows", () => {
    const entries = entriesOf([item("step", "success", { call_id: "c9" })], {
      mcp_calls: [],
      steps: [],
    });
    expect(entries.map((e) => e.type)).toEqual(["step"]);
  });

  test("a wait stands where it ended, after what was sent meanwhile", () => {
    const items = [
      item("run", "waiting_approval"),
      item("outbound", "sent"),
      item("approval", "success", {}, "approver=op-2; decision=approve; reason=fine"),
      item("run", "running"),
    ];
    const entries = entriesOf(items, { mcp_calls: [], steps: [] });
    expect(entries.map((e) => e.type)).toEqual(["outbound", "wait", "decision", "state"]);
    expect(entries[1]).toMatchObject({ until: items[2]?.ts });
    expect(entries[2]).toMatchObject({ decision: { approver: "op-2" } });
  });

  test("an open wait comes last and has no end", () => {
    const entries = entriesOf([item("run", "waiting_approval"), item("outbound", "sent")], {
      mcp_calls: [],
      steps: [],
    });
    expect(entries.at(-1)).toMatchObject({ type: "wait", until: null });
  });

  test("a call without its row is known by its item alone", () => {
    const items = [item("mcp", "blocked", { call_id: "c1", tool_name: "restart" })];
    const [entry] = entriesOf(items, { mcp_calls: [], steps: [] });
    expect(entry).toMatchObject({ item: items[0], call: undefined, text: null });
  });
});

test("the story can be narrowed", () => {
  const entries = entriesOf(
    [item("inbound", "received"), item("run", "pending"), item("mcp", "success")],
    { mcp_calls: [], steps: [] },
  );
  expect(entriesShown(entries, "all")).toHaveLength(3);
  expect(entriesShown(entries, "messages").map((e) => e.type)).toEqual(["inbound"]);
  expect(entriesShown(entries, "calls").map((e) => e.type)).toEqual(["call"]);
  expect(entriesShown(entries, "state").map((e) => e.type)).toEqual(["state"]);
});

test("while it waits the call that asks is shown, else the last stop, write or call", () => {
  const ask: Verdict = { gate: 5, name: "approval", outcome: "ask", code: null, reason: "" };
  const items = [
    item("mcp", "blocked", { call_id: "c1" }),
    item("mcp", "success", { call_id: "c2", effect: "write" }),
    item("mcp", "blocked", { call_id: "c3", effect: "write", verdicts: [ask] }),
    item("mcp", "success", { call_id: "c4" }),
  ];
  const asked = call("c3", { result_status: "blocked", verdicts: [ask] });
  const known = { mcp_calls: [call("c1"), call("c2"), asked, call("c4")], steps: [] };
  const entries = entriesOf(items, known);
  const shown = (waits: boolean, from: number, until = 4) => {
    const entry = notableEntry(entries.slice(from, until), waits);
    return entry?.type === "call" ? entry.call?.call_id : undefined;
  };
  expect(shown(true, 0)).toBe("c3");
  expect(shown(false, 0)).toBe("c1");
  expect(shown(false, 1, 2)).toBe("c2");
  expect(shown(false, 3)).toBe("c4");
});
