import { expect, it } from "vitest";
import type { RunDetail } from "./operator-api.ts";
import { timelineTable } from "./timeline-table.ts";

const item = { kind: "mcp", status: "success", metadata: null };
const detail: RunDetail = {
  run: {
    run_id: "r",
    agent_id: "a",
    state: "completed",
    cost_usd: 0,
    error_code: null,
    error_detail: null,
  },
  outbound_messages: [],
  mcp_calls: [],
  timeline: [
    { ...item, ts: "2026-01-01T10:00:00.500Z", title: "service_status", summary: null },
    { ...item, ts: "2026-01-01T10:00:02.000Z", title: "disk", summary: `a\nb ${"x".repeat(90)}` },
  ],
};

it("aligns columns, counts from the first entry and clips the last column to the width", () => {
  expect(timelineTable(detail, 80).split("\n")).toEqual([
    "time          after     kind  what            status   more",
    "─".repeat(80),
    "10:00:00.500  +0.000 s  mcp   service_status  success",
    `10:00:02.000  +1.500 s  mcp   disk            success  a b ${"x".repeat(20)}…`,
  ]);
});

it("gives a run without entries a head only", () => {
  expect(timelineTable({ ...detail, timeline: [] }, 80).split("\n")).toHaveLength(2);
});
