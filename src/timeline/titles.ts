/** The languages of titles. */
export type Language = "en" | "zh-TW";

/** What a title is made from; `state`, `event` and the like are the values of the tables' columns. */
export type Titled =
  | { kind: "run"; moment: "created" }
  | { kind: "run"; moment: "started" }
  | { kind: "run"; moment: "changed"; event: string; state: string }
  | { kind: "run"; moment: "ended"; state: string }
  | { kind: "inbound"; channel_type: string; is_duplicate: boolean }
  | { kind: "step"; step_kind: string; step_key: string; tool_name: string | null }
  | { kind: "approval"; tool_name: string }
  | { kind: "mcp"; tool_name: string }
  | {
      kind: "outbound";
      channel_type: string;
      message_type: string;
      subject_kind: string | null;
      content_preview: string | null;
    };

/** Every title, in every language; `{name}` is a tool, a step or a channel. */
const TITLES = {
  "run.created": { en: "Run created", "zh-TW": "建立執行" },
  "run.started": { en: "Started", "zh-TW": "開始" },
  "run.taken_up": { en: "Taken up by a worker", "zh-TW": "由 worker 接手" },
  "run.pending": { en: "Back in the queue", "zh-TW": "重新排隊" },
  "run.running": { en: "Running again", "zh-TW": "繼續執行" },
  "run.waiting_approval": { en: "Waiting for a person", "zh-TW": "等待人決定" },
  "run.completed": { en: "Completed", "zh-TW": "已完成" },
  "run.failed": { en: "Failed", "zh-TW": "失敗" },
  "run.cancelled": { en: "Cancelled", "zh-TW": "已取消" },
  "run.timed_out": { en: "Timed out", "zh-TW": "逾時" },
  "inbound.alert": { en: "Alert received", "zh-TW": "收到警報" },
  "inbound.alert_repeated": { en: "Alert received again", "zh-TW": "再次收到警報" },
  "inbound.message": { en: "Message received", "zh-TW": "收到訊息" },
  "inbound.message_repeated": { en: "Message received again", "zh-TW": "再次收到訊息" },
  "inbound.event": { en: "Event received", "zh-TW": "收到事件" },
  "inbound.event_repeated": { en: "Event received again", "zh-TW": "再次收到事件" },
  "step.tool_call": { en: "{name}", "zh-TW": "{name}" },
  "step.call": { en: "Call: {name}", "zh-TW": "呼叫：{name}" },
  "step.check": { en: "Check: {name}", "zh-TW": "檢查：{name}" },
  "step.message": { en: "Message: {name}", "zh-TW": "訊息：{name}" },
  "step.decision": { en: "Decision: {name}", "zh-TW": "決定：{name}" },
  "step.note": { en: "Note: {name}", "zh-TW": "註記：{name}" },
  "approval.approve": { en: "Approved by a person", "zh-TW": "由人核准" },
  "approval.reject": { en: "Rejected by a person", "zh-TW": "由人拒絕" },
  "approval.request_changes": { en: "A person asked for changes", "zh-TW": "由人要求修改" },
  "approval.edit": { en: "Edited and approved by a person", "zh-TW": "由人修改並核准" },
  "approval.other": { en: "Decided by a person", "zh-TW": "由人決定" },
  "mcp.call": { en: "{name}", "zh-TW": "{name}" },
  "outbound.runbook_review": {
    en: "{name}: runbook waiting for review",
    "zh-TW": "{name}：Runbook 等待審查",
  },
  "outbound.cicd_notice": { en: "{name}: CI/CD notice", "zh-TW": "{name}：CI/CD 通知" },
  "outbound.ai_governance_alert": {
    en: "{name}: AI governance alert",
    "zh-TW": "{name}：AI 治理警報",
  },
  "outbound.auto_repair_failed": {
    en: "{name}: automatic repair failed, handed to a person",
    "zh-TW": "{name}：自動修復失敗，轉交給人",
  },
  "outbound.auto_repair_done": {
    en: "{name}: automatic repair done",
    "zh-TW": "{name}：自動修復完成",
  },
  "outbound.escalation": { en: "{name}: escalation", "zh-TW": "{name}：事故升級" },
  "outbound.approval_card": { en: "{name}: alert approval card", "zh-TW": "{name}：警報核准卡" },
  "outbound.approval_request": { en: "{name}: approval request", "zh-TW": "{name}：核准請求" },
  "outbound.interim": { en: "{name}: interim feedback", "zh-TW": "{name}：中途回報" },
  "outbound.final": { en: "{name}: final result", "zh-TW": "{name}：最終結果" },
  "outbound.error": { en: "{name}: error reply", "zh-TW": "{name}：錯誤回覆" },
  "outbound.notice": { en: "{name}: notice", "zh-TW": "{name}：通知" },
} as const satisfies Record<string, Record<Language, string>>;

/** What a title says, the same in every language. */
export type TitleKey = keyof typeof TITLES;

/** Marks in the preview by which messages of senders that set no `subject_kind` are told apart; the first match wins. */
const MARKERS: readonly (readonly [string, TitleKey])[] = [
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
];

/** The title of a timeline item. */
export function titleOf(item: Titled, language: Language): { title: string; title_key: TitleKey } {
  const title_key = titleKeyOf(item);
  // The replacement is a function, so that a `$&` in a name stays what it is.
  const title = TITLES[title_key][language].replace("{name}", () => nameIn(item));
  return { title, title_key };
}

function titleKeyOf(item: Titled): TitleKey {
  switch (item.kind) {
    case "run":
      return runKey(item);
    case "inbound":
      return inboundKey(item);
    case "step":
      return stepKey(item);
    case "approval":
      return known(item.tool_name.replace("operator_console.", "approval."), "approval.other");
    case "mcp":
      return "mcp.call";
    case "outbound":
      return outboundKey(item);
  }
}

/** A step that calls a tool is named by the tool, any other by its key and what it is. */
function stepKey({ step_kind, tool_name }: Extract<Titled, { kind: "step" }>): TitleKey {
  if (tool_name !== null) return "step.tool_call";
  return step_kind === "tool_call" ? "step.call" : known(`step.${step_kind}`, "step.note");
}

function known(key: string, otherwise: TitleKey): TitleKey {
  return Object.hasOwn(TITLES, key) ? (key as TitleKey) : otherwise;
}

function runKey(item: Extract<Titled, { kind: "run" }>): TitleKey {
  if (item.moment === "created") return "run.created";
  if (item.moment === "started") return "run.started";
  if (item.moment === "changed" && item.event === "claim") return "run.taken_up";
  return known(`run.${item.state}`, "run.running");
}

const ALERTS = new Set(["alertmanager", "grafana"]);
const CONVERSATIONS = new Set(["telegram", "slack", "email", "console"]);

function inboundKey({
  channel_type,
  is_duplicate,
}: {
  channel_type: string;
  is_duplicate: boolean;
}) {
  const what = ALERTS.has(channel_type)
    ? "alert"
    : CONVERSATIONS.has(channel_type)
      ? "message"
      : "event";
  return is_duplicate ? (`inbound.${what}_repeated` as const) : (`inbound.${what}` as const);
}

const MESSAGE_TYPES: ReadonlySet<string> = new Set([
  "approval_request",
  "interim",
  "final",
  "error",
  "notice",
]);

function outboundKey(item: Extract<Titled, { kind: "outbound" }>): TitleKey {
  const byType = known(`outbound.${item.message_type}`, "outbound.notice");
  if (item.subject_kind !== null) {
    return MESSAGE_TYPES.has(item.subject_kind)
      ? byType
      : known(`outbound.${item.subject_kind}`, byType);
  }
  const marker = MARKERS.find(([mark]) => item.content_preview?.includes(mark));
  return marker?.[1] ?? byType;
}

function nameIn(item: Titled): string {
  switch (item.kind) {
    case "step":
      return item.tool_name ?? item.step_key;
    case "mcp":
      return item.tool_name;
    case "outbound":
      return item.channel_type.toUpperCase();
    default:
      return "";
  }
}
