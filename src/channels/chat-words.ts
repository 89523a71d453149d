import { fillWords, type Template, type WordParams } from "../platform/words-contract.ts";
import type { Language } from "./chat-types.ts";

/** What is said in chats, in both languages. */
const CHAT_WORDS = {
  help: {
    en: [
      "/status: how the project is",
      "/runs: the newest runs",
      "/approvals: what waits for a person",
      "/cancel RUN [reason]: cancel a run",
      "/link CODE: link this account to your key (a code: awooop chat link, or the console)",
      "/unlink: take the link back",
    ].join("\n"),
    "zh-TW": [
      "/status：專案狀況",
      "/runs：最新的執行",
      "/approvals：等待決定的問題",
      "/cancel 執行 [原因]：取消執行",
      "/link 代碼：將此帳號連結到你的金鑰（以 awooop chat link 或主控台取得代碼）",
      "/unlink：解除連結",
    ].join("\n"),
  },
  unknown_command: {
    en: "I don't know that command. This is what I know:",
    "zh-TW": "沒有這個指令。可用的指令：",
  },
  approve: { en: "Approve", "zh-TW": "核准" },
  reject: { en: "Reject", "zh-TW": "拒絕" },
  request_changes: { en: "Request changes", "zh-TW": "要求修改" },
  open: { en: "Open in console", "zh-TW": "在主控台開啟" },
  approve_in_console: { en: "Approve in the console", "zh-TW": "到主控台核准" },
  forged: {
    en: "This button is none of ours. It was not used, and that was recorded.",
    "zh-TW": "這不是我們的按鈕，未生效，並已記錄。",
  },
  forwarded: {
    en: "Decide on the message that was sent to this channel, not on a copy of it. This was recorded.",
    "zh-TW": "請在原本的訊息上決定，不要使用轉傳的副本。此事已記錄。",
  },
  too_early: {
    en: "The message is still on its way; press again in a moment.",
    "zh-TW": "訊息仍在傳送，請稍後再按一次。",
  },
  unlinked: {
    en: "I don't know who you are. Get a code in the console or with `awooop chat link`, and send me /link CODE.",
    "zh-TW": "我不認得你。請在主控台或以 awooop chat link 取得代碼，再傳 /link 代碼 給我。",
  },
  too_many: {
    en: "That was a lot; try again in {{seconds}} s.",
    "zh-TW": "次數過多，請 {{seconds}} 秒後再試。",
  },
  link_wrong: {
    en: "That code is wrong, used, or older than ten minutes. Ask for a new one.",
    "zh-TW": "代碼錯誤、已使用或超過十分鐘，請重新取得。",
  },
  link_needed: { en: "Send /link with the code.", "zh-TW": "請傳送 /link 與代碼。" },
  linked: {
    en: "Linked: here you act as {{member}} in {{project}}. Undo it with /unlink.",
    "zh-TW": "已連結：你在 {{project}} 以 {{member}} 的身分操作。可用 /unlink 解除。",
  },
  unlinked_now: { en: "The link is taken back.", "zh-TW": "已解除連結。" },
  no_link: { en: "There was no link.", "zh-TW": "目前沒有連結。" },
  approved: { en: "Approved.", "zh-TW": "已核准。" },
  approved_one: {
    en: "Your approval counts; others have to agree as well.",
    "zh-TW": "已計入你的核准，仍需其他人同意。",
  },
  rejected: { en: "Rejected.", "zh-TW": "已拒絕。" },
  changes_requested: { en: "The agent is told what you wrote.", "zh-TW": "已將你的意見告知代理。" },
  ask_reject: {
    en: "Why do you reject this? Answer with the reason, or with - for none.",
    "zh-TW": "為什麼拒絕？請回覆原因，或回覆 - 表示不說明。",
  },
  ask_request_changes: {
    en: "What should be different? Answer with what the agent is to be told.",
    "zh-TW": "要修改什麼？請回覆要告知代理的內容。",
  },
  text_needed: {
    en: "A text is needed: 1 to 4,000 characters that say what should be different.",
    "zh-TW": "請以 1 至 4,000 個字元說明要修改什麼。",
  },
  did_approve: {
    en: "{{actor}} approved this at {{time}} UTC.",
    "zh-TW": "{{actor}} 已於 {{time}} UTC 核准。",
  },
  did_reject: {
    en: "{{actor}} rejected this at {{time}} UTC.",
    "zh-TW": "{{actor}} 已於 {{time}} UTC 拒絕。",
  },
  did_request_changes: {
    en: "{{actor}} asked for changes at {{time}} UTC.",
    "zh-TW": "{{actor}} 已於 {{time}} UTC 要求修改。",
  },
  did_edit: {
    en: "{{actor}} edited and approved this at {{time}} UTC.",
    "zh-TW": "{{actor}} 已於 {{time}} UTC 修改後核准。",
  },
  has_decided: { en: "This has been decided already.", "zh-TW": "此事已有決定。" },
  expired: {
    en: "Nobody decided in time; it was not executed.",
    "zh-TW": "逾期無人決定，未執行。",
  },
  voided: {
    en: "The question no longer stands; there is nothing to decide.",
    "zh-TW": "此問題已失效，無須決定。",
  },
  changed: {
    en: "The arguments are others than this message shows by now. Look at it in the console.",
    "zh-TW": "參數已與此訊息所示不同，請到主控台查看。",
  },
  not_possible: { en: "That is not possible ({{code}}).", "zh-TW": "無法執行（{{code}}）。" },
  needs_operator: {
    en: "This needs the role operator; you have the role {{role}}.",
    "zh-TW": "需要 operator 角色；你的角色是 {{role}}。",
  },
  no_project: { en: "The project is not there.", "zh-TW": "找不到專案。" },
  status: {
    en: "{{project}}: mode {{mode}}, {{active}}\nRunning: {{running}}, waiting for a person: {{waiting}}, not started: {{pending}}",
    "zh-TW":
      "{{project}}：模式為{{mode}}，{{active}}\n執行中：{{running}}，等待決定：{{waiting}}，未開始：{{pending}}",
  },
  is_active: { en: "active", "zh-TW": "啟用" },
  is_inactive: { en: "deactivated", "zh-TW": "已停用" },
  no_runs: { en: "There are no runs.", "zh-TW": "沒有執行。" },
  no_questions: { en: "Nothing waits for a person.", "zh-TW": "沒有等待決定的問題。" },
  until: { en: "until {{time}} UTC", "zh-TW": "期限 {{time}} UTC" },
  more: { en: "There are more: {{link}}", "zh-TW": "還有更多：{{link}}" },
  cancel_usage: {
    en: "Say /cancel RUN, with at least 8 signs of the run's id as /runs shows it, and a reason if you like.",
    "zh-TW": "請傳 /cancel 執行 [原因]；執行為 /runs 所示編號的至少前 8 個字元。",
  },
  cancel_unknown: { en: "There is no run {{run}}.", "zh-TW": "沒有執行 {{run}}。" },
  cancel_many: {
    en: "Several runs begin with {{run}}; give more of the id.",
    "zh-TW": "多個執行以 {{run}} 開頭，請輸入更多字元。",
  },
  cancelled: { en: "Cancelled: {{run}} {{title}}", "zh-TW": "已取消：{{run}} {{title}}" },
  run_over: { en: "The run is over already.", "zh-TW": "此執行已結束。" },
  state_pending: { en: "not started", "zh-TW": "未開始" },
  state_running: { en: "running", "zh-TW": "執行中" },
  state_waiting_approval: { en: "waiting for a person", "zh-TW": "等待決定" },
  state_completed: { en: "completed", "zh-TW": "已完成" },
  state_failed: { en: "failed", "zh-TW": "失敗" },
  state_cancelled: { en: "cancelled", "zh-TW": "已取消" },
  state_timed_out: { en: "timed out", "zh-TW": "逾時" },
  mode_legacy: { en: "legacy", "zh-TW": "僅記錄" },
  mode_shadow: { en: "shadow", "zh-TW": "影子" },
  mode_canary: { en: "canary", "zh-TW": "金絲雀" },
  mode_active: { en: "active", "zh-TW": "啟用" },
  from_chat: { en: "from a chat", "zh-TW": "來自聊天" },
} as const satisfies Record<string, Template>;

export type ChatWord = keyof typeof CHAT_WORDS;

/** What is said, in a channel's language. */
export function chatWords(word: ChatWord, language: Language, params: WordParams = {}): string {
  return fillWords(CHAT_WORDS[word], params, language);
}

/** A moment to the minute, as everybody reads it. */
export function minuteOf(timestamp: string): string {
  return timestamp.slice(0, 16).replace("T", " ");
}
