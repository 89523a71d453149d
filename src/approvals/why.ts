import { redact } from "../platform/redact.ts";

type Language = "en" | "zh-TW";

/** What is known of a run when its agent asks. */
export interface RunSoFar {
  title: string;
  triggerType: string | null;
  isRetry: boolean;
  /** The last calls before the question, oldest first. */
  calls: readonly CallSoFar[];
  /** How many there were before those; as many as were counted. */
  earlier: number;
  /** There were more than were counted. */
  isMore: boolean;
  agent: string;
  server: string;
  tool: string;
  /** The number of the proposal; from 1. */
  revision: number;
}

export interface CallSoFar {
  tool: string;
  /** `success`, `error`, `blocked`, `simulated`, `executing`, `unknown`. */
  status: string;
  /** What the runbook says of it, if anything. */
  summary: string | null;
}

const WHOLE_MAX = 600;
const TITLE_MAX = 120;
const SUMMARY_MAX = 80;
const NAME_MAX = 60;

/** Text of people and agents: redacted before it is cut, on one line. */
function short(text: string, most: number): string {
  const line = redact(text).replace(/\s+/gu, " ").trim();
  const points = [...line];
  return points.length <= most ? line : `${points.slice(0, most - 1).join("")}…`;
}

const CHATS = new Set(["telegram", "slack", "email"]);
const ALERTS = new Set(["alertmanager", "grafana"]);

function beginning(run: RunSoFar, language: Language): string {
  const what = short(run.title, TITLE_MAX);
  const by = run.triggerType === null ? "" : short(run.triggerType, NAME_MAX);
  if (language === "zh-TW") {
    const retry = run.isRetry ? "（重試）" : "";
    if (ALERTS.has(by)) return `由 ${by} 的警報啟動${retry}：「${what}」。`;
    if (CHATS.has(by)) return `由 ${by} 的訊息啟動${retry}：「${what}」。`;
    if (by === "client") return `由代理自己的用戶端啟動${retry}：「${what}」。`;
    return by === "" ? `執行${retry}：「${what}」。` : `由 ${by} 啟動${retry}：「${what}」。`;
  }
  const again = run.isRetry ? ", as a retry" : "";
  if (ALERTS.has(by)) return `Started by an alert from ${by}${again}: “${what}”.`;
  if (CHATS.has(by)) return `Started by a message on ${by}${again}: “${what}”.`;
  if (by === "client") return `Opened by the agent's own client${again}: “${what}”.`;
  return by === "" ? `A run${again}: “${what}”.` : `Started by ${by}${again}: “${what}”.`;
}

const ENDED: Record<string, Record<Language, string>> = {
  success: { en: "succeeded", "zh-TW": "成功" },
  error: { en: "failed", "zh-TW": "失敗" },
  blocked: { en: "was blocked", "zh-TW": "被擋下" },
  simulated: { en: "was simulated", "zh-TW": "已模擬" },
  executing: { en: "is still running", "zh-TW": "仍在執行" },
  unknown: { en: "has an unknown fate", "zh-TW": "結果不明" },
};

function callInWords(call: CallSoFar, language: Language): string {
  const ended = ENDED[call.status]?.[language] ?? call.status;
  const name = short(call.tool, NAME_MAX);
  const summary = call.summary === null ? "" : short(call.summary, SUMMARY_MAX);
  if (language === "zh-TW") return `${name} ${ended}${summary ? `（${summary}）` : ""}`;
  return `${name} ${ended}${summary ? ` (${summary})` : ""}`;
}

function soFar(run: RunSoFar, language: Language): string {
  const { calls, earlier, isMore } = run;
  const isChinese = language === "zh-TW";
  if (calls.length === 0) return isChinese ? "在此之前沒有呼叫。" : "It has called nothing so far.";
  const told = calls.map((call) => callInWords(call, language)).join(isChinese ? "、" : ", ");
  const count = `${earlier}${isMore ? "+" : ""}`;
  if (isChinese) return `目前為止：${earlier > 0 ? `先前 ${count} 次呼叫，然後 ` : ""}${told}。`;
  const before = earlier === 1 && !isMore ? "1 call, then " : `${count} calls, then `;
  return `So far: ${earlier > 0 ? before : ""}${told}.`;
}

function asking(run: RunSoFar, language: Language): string {
  const [agent, tool, server] = [run.agent, run.tool, run.server].map((n) => short(n, NAME_MAX));
  if (language === "zh-TW") {
    const again = run.revision > 1 ? `依要求修改後第 ${run.revision} 次提出，` : "";
    return `${again}現在 ${agent} 想在 ${server} 上執行 ${tool}。`;
  }
  const again =
    run.revision > 1 ? `, as proposal ${run.revision} after changes were requested` : "";
  return `Now ${agent} wants to run ${tool} on ${server}${again}.`;
}

/**
 * Why a person is asked, in one paragraph that code makes from what is recorded: what started the run, what it called so
 * far and how that ended, and what it wants now. At most 600 characters; no agent writes in it, though titles and
 * summaries of a runbook are quoted, redacted.
 */
export function whyAsked(run: RunSoFar, language: Language): string {
  const joint = language === "zh-TW" ? "" : " ";
  const ends = [beginning(run, language), asking(run, language)] as const;
  // What the calls say gives way first: who started it and what is wanted are always told.
  for (let from = 0; ; from += 1) {
    const calls = run.calls.slice(from);
    const dropped = { ...run, calls, earlier: run.earlier + from };
    const middle = calls.length > 0 || run.calls.length === 0 ? soFar(dropped, language) : "";
    const text = [ends[0], middle, ends[1]].filter((part) => part !== "").join(joint);
    if ([...text].length <= WHOLE_MAX || calls.length === 0) return text;
  }
}
