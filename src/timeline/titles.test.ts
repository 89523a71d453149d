import { describe, expect, test } from "vitest";
import { type Titled, titleOf } from "./titles.ts";

const en = (item: Titled) => titleOf(item, "en").title;
const zh = (item: Titled) => titleOf(item, "zh-TW").title;

const message = {
  kind: "outbound",
  channel_type: "telegram",
  message_type: "final",
  subject_kind: null,
  content_preview: null,
} as const;

describe("messages", () => {
  test.each([
    ["runbook_review", "TELEGRAM: runbook waiting for review", "TELEGRAM：Runbook 等待審查"],
    ["cicd_notice", "TELEGRAM: CI/CD notice", "TELEGRAM：CI/CD 通知"],
    ["ai_governance_alert", "TELEGRAM: AI governance alert", "TELEGRAM：AI 治理警報"],
    [
      "auto_repair_failed",
      "TELEGRAM: automatic repair failed, handed to a person",
      "TELEGRAM：自動修復失敗，轉交給人",
    ],
    ["auto_repair_done", "TELEGRAM: automatic repair done", "TELEGRAM：自動修復完成"],
    ["escalation", "TELEGRAM: escalation", "TELEGRAM：事故升級"],
    ["approval_card", "TELEGRAM: alert approval card", "TELEGRAM：警報核准卡"],
  ])("about %s, as the sender says", (subject_kind, english, chinese) => {
    // The sender's word counts, whatever the preview says.
    const item = { ...message, subject_kind, content_preview: "RUNBOOK REVIEW" };
    expect(en(item)).toBe(english);
    expect(zh(item)).toBe(chinese);
    expect(titleOf(item, "en").title_key).toBe(`outbound.${subject_kind}`);
  });

  test.each([
    ["RUNBOOK REVIEW", "outbound.runbook_review"],
    ["AWOOOI CI/CD", "outbound.cicd_notice"],
    ["AI 治理警報", "outbound.ai_governance_alert"],
    ["HANDOFF REQUIRED", "outbound.auto_repair_failed"],
    ["AI 自動修復失敗", "outbound.auto_repair_failed"],
    ["AUTO RESOLVED", "outbound.auto_repair_done"],
    ["AI 自動修復完成", "outbound.auto_repair_done"],
    ["ESCALATION", "outbound.escalation"],
    ["事故升級", "outbound.escalation"],
    ["ACTION REQUIRED", "outbound.approval_card"],
    // Of several marks the first of the list wins, wherever it stands in the text.
    ["ACTION REQUIRED after AUTO RESOLVED", "outbound.auto_repair_done"],
    ["ESCALATION, HANDOFF REQUIRED", "outbound.auto_repair_failed"],
    ["action required", "outbound.final"],
  ])("of older senders, by the mark %s", (content_preview, key) => {
    expect(
      titleOf({ ...message, content_preview: `[x] ${content_preview}.` }, "en").title_key,
    ).toBe(key);
  });

  test.each([
    ["approval_request", "SLACK: approval request", "SLACK：核准請求"],
    ["interim", "SLACK: interim feedback", "SLACK：中途回報"],
    ["final", "SLACK: final result", "SLACK：最終結果"],
    ["error", "SLACK: error reply", "SLACK：錯誤回覆"],
    ["notice", "SLACK: notice", "SLACK：通知"],
  ])("else by the type %s", (message_type, english, chinese) => {
    const item = { ...message, channel_type: "slack", message_type };
    expect(en(item)).toBe(english);
    expect(zh(item)).toBe(chinese);
    // A subject nobody knows says nothing, and neither does one named like a message type.
    expect(en({ ...item, subject_kind: "brand_new" })).toBe(english);
    expect(en({ ...item, subject_kind: "interim" })).toBe(english);
  });
});

test.each<[Titled, string, string, string]>([
  [{ kind: "run", moment: "created" }, "Run created", "建立執行", "run.created"],
  [{ kind: "run", moment: "started" }, "Started", "開始", "run.started"],
  [
    { kind: "run", moment: "changed", event: "wait", state: "waiting_approval" },
    "Waiting for a person",
    "等待人決定",
    "run.waiting_approval",
  ],
  [
    { kind: "run", moment: "changed", event: "resume", state: "running" },
    "Running again",
    "繼續執行",
    "run.running",
  ],
  [
    { kind: "run", moment: "changed", event: "claim", state: "running" },
    "Taken up by a worker",
    "由 worker 接手",
    "run.taken_up",
  ],
  [
    { kind: "run", moment: "changed", event: "release", state: "pending" },
    "Back in the queue",
    "重新排隊",
    "run.pending",
  ],
  [{ kind: "run", moment: "ended", state: "completed" }, "Completed", "已完成", "run.completed"],
  [{ kind: "run", moment: "ended", state: "failed" }, "Failed", "失敗", "run.failed"],
  [{ kind: "run", moment: "ended", state: "cancelled" }, "Cancelled", "已取消", "run.cancelled"],
  [{ kind: "run", moment: "ended", state: "timed_out" }, "Timed out", "逾時", "run.timed_out"],
  [
    { kind: "inbound", channel_type: "alertmanager", is_duplicate: false },
    "Alert received",
    "收到警報",
    "inbound.alert",
  ],
  [
    { kind: "inbound", channel_type: "grafana", is_duplicate: true },
    "Alert received again",
    "再次收到警報",
    "inbound.alert_repeated",
  ],
  [
    { kind: "inbound", channel_type: "telegram", is_duplicate: false },
    "Message received",
    "收到訊息",
    "inbound.message",
  ],
  [
    { kind: "inbound", channel_type: "webhook", is_duplicate: false },
    "Event received",
    "收到事件",
    "inbound.event",
  ],
  [
    { kind: "step", step_kind: "tool_call", step_key: "clear", tool_name: "clear_cache" },
    "clear_cache",
    "clear_cache",
    "step.tool_call",
  ],
  [
    { kind: "step", step_kind: "tool_call", step_key: "clear", tool_name: null },
    "Call: clear",
    "呼叫：clear",
    "step.call",
  ],
  [
    { kind: "step", step_kind: "check", step_key: "disk_full", tool_name: null },
    "Check: disk_full",
    "檢查：disk_full",
    "step.check",
  ],
  [
    { kind: "step", step_kind: "message", step_key: "tell", tool_name: null },
    "Message: tell",
    "訊息：tell",
    "step.message",
  ],
  [
    { kind: "step", step_kind: "note", step_key: "$&", tool_name: null },
    "Note: $&",
    "註記：$&",
    "step.note",
  ],
  [
    { kind: "approval", tool_name: "operator_console.approve" },
    "Approved by a person",
    "由人核准",
    "approval.approve",
  ],
  [
    { kind: "approval", tool_name: "operator_console.reject" },
    "Rejected by a person",
    "由人拒絕",
    "approval.reject",
  ],
  [
    { kind: "approval", tool_name: "operator_console.request_changes" },
    "A person asked for changes",
    "由人要求修改",
    "approval.request_changes",
  ],
  [
    { kind: "approval", tool_name: "operator_console.edit" },
    "Edited and approved by a person",
    "由人修改並核准",
    "approval.edit",
  ],
  [
    { kind: "approval", tool_name: "operator_console.new" },
    "Decided by a person",
    "由人決定",
    "approval.other",
  ],
  [{ kind: "mcp", tool_name: "tail_log" }, "tail_log", "tail_log", "mcp.call"],
])("%o", (item, english, chinese, key) => {
  expect(titleOf(item, "en")).toEqual({ title: english, title_key: key });
  expect(titleOf(item, "zh-TW")).toEqual({ title: chinese, title_key: key });
});
