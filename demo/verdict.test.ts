import { describe, expect, it } from "vitest";
import type { RunDetail, TimelineItem } from "./operator-api.ts";
import { missing, type Observed } from "./verdict.ts";

const seen: Observed = {
  healthStatus: 200,
  percentFull: 22,
  oldFilesBefore: 148,
  oldFilesLeft: 0,
  restarted: false,
  pagerTexts: ['{"text":"shop-cache-01 is healthy again: …"}'],
};

function timeline(
  ...entries: [kind: string, title: string, status: string, stepKey?: string][]
): TimelineItem[] {
  return entries.map(([kind, title, status, stepKey], second) => ({
    ts: `2026-01-01T00:00:${String(second).padStart(2, "0")}.000Z`,
    kind,
    title,
    status,
    summary: null,
    metadata: stepKey === undefined ? null : { step_key: stepKey },
  }));
}

const call = (tool: string, status: string, gate: number | null = null) => ({
  tool_name: tool,
  result_status: status,
  block_gate: gate,
  block_reason: gate === null ? null : "not in the contract",
});

const message = (type: string) => ({
  message_type: type,
  send_status: "sent",
  send_error: null,
  content_preview: "text",
});

function detail(change: Partial<RunDetail>, errorCode: string | null = null): RunDetail {
  const run = {
    run_id: "r",
    agent_id: "a",
    state: "completed",
    cost_usd: 0,
    error_code: errorCode,
    error_detail: null,
  };
  return { run, outbound_messages: [], mcp_calls: [], timeline: [], ...change };
}

const repairTimeline = timeline(
  ["inbound", "ALERTMANAGER", "received"],
  ["run", "Run created", "pending"],
  ["run", "Run started", "running"],
  ["mcp", "service_status", "success"],
  ["mcp", "disk_usage", "success"],
  ["mcp", "tail_log", "success"],
  ["mcp", "clear_cache", "success"],
  ["run", "Waits", "waiting_approval"],
  ["outbound", "WEBHOOK: approval request", "sent"],
  ["approval", "Approved", "success"],
  ["run", "Goes on", "running"],
  ["step", "clear_cache", "success", "clear"],
  ["mcp", "service_status", "success"],
  ["mcp", "disk_usage", "success"],
  ["step", "Check: verify", "success", "verify"],
  ["outbound", "WEBHOOK: final result", "sent"],
  ["run", "Completed", "completed"],
);
const repair = (change: Partial<RunDetail> = {}) =>
  detail({
    timeline: repairTimeline,
    mcp_calls: [call("service_status", "success"), call("clear_cache", "success")],
    outbound_messages: [message("approval_request"), message("final")],
    ...change,
  });

const blockedTimeline = timeline(
  ["inbound", "ALERTMANAGER", "received"],
  ["run", "Run created", "pending"],
  ["run", "Run started", "running"],
  ["mcp", "restart_service", "blocked"],
  ["run", "Failed", "failed"],
);
const blocked = (change: Partial<RunDetail> = {}, code = "E-CONTRACT-TOOL") =>
  detail(
    { timeline: blockedTimeline, mcp_calls: [call("restart_service", "blocked", 2)], ...change },
    code,
  );

describe("the verdict of the unattended demo", () => {
  it("misses nothing in a complete story", () => {
    expect(missing(repair(), blocked(), seen)).toEqual([]);
  });

  it.each(repairTimeline.filter((item) => item.kind !== "outbound").map((item, at) => [at, item]))(
    "misses entry %i of the repair's timeline when it is left out",
    (_, left) => {
      const rest = repairTimeline.filter((item) => item !== left);
      expect(missing(repair({ timeline: rest }), blocked(), seen)).not.toEqual([]);
    },
  );

  it("misses an entry that stands in the wrong place", () => {
    const turned = repairTimeline.toReversed();
    expect(missing(repair({ timeline: turned }), blocked(), seen)).not.toEqual([]);
  });

  it.each<[string, Partial<Observed>]>([
    ["a red health page", { healthStatus: 503 }],
    ["a full cache", { percentFull: 96 }],
    ["files that are still there", { oldFilesLeft: 3 }],
    ["nothing that could have been deleted", { oldFilesBefore: 0 }],
    ["a restart that was not to happen", { restarted: true }],
    ["a silent pager", { pagerTexts: [] }],
  ])("does not overlook %s", (_, change) => {
    expect(missing(repair(), blocked(), { ...seen, ...change })).toHaveLength(1);
  });

  it("misses no question that was answered before it could be sent, but every other message", () => {
    const [question, final] = [message("approval_request"), message("final")];
    const suppressed = { send_status: "suppressed" } as const;
    const told = [{ ...question, ...suppressed }, final];
    expect(missing(repair({ outbound_messages: told }), blocked(), seen)).toEqual([]);
    const untold = [question, { ...final, ...suppressed }];
    expect(missing(repair({ outbound_messages: untold }), blocked(), seen)).toHaveLength(1);
  });

  it.each<[string, Partial<RunDetail>]>([
    ["a deletion that ran twice", { mcp_calls: Array(2).fill(call("clear_cache", "success")) }],
    ["a deletion that never ran", { mcp_calls: [call("clear_cache", "blocked", 5)] }],
    ["an unsent message", { outbound_messages: [{ ...message("final"), send_status: "failed" }] }],
    ["a missing final message", { outbound_messages: [message("approval_request")] }],
  ])("does not overlook %s", (_, change) => {
    expect(missing(repair(change), blocked(), seen)).not.toEqual([]);
  });

  it.each<[string, RunDetail]>([
    ["another gate", blocked({ mcp_calls: [call("restart_service", "blocked", 3)] })],
    ["a call that went through", blocked({ mcp_calls: [call("restart_service", "success")] })],
    ["no call at all", blocked({ mcp_calls: [] })],
    ["another error", blocked({}, "E-RUN-STEP")],
    ["a run that did not fail", blocked({ timeline: blockedTimeline.slice(0, -1) })],
  ])("does not overlook %s in the second run", (_, run) => {
    expect(missing(repair(), run, seen)).not.toEqual([]);
  });
});
