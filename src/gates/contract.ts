import { fillWords, type WordParams } from "../platform/words-contract.ts";

/** What gates say, in both languages; `{{name}}` stands for a parameter. */
export const VERDICT_WORDS = {
  tenant_inactive: {
    en: "Project {{project}} is not active.",
    "zh-TW": "專案 {{project}} 未啟用。",
  },
  nobody_is_asked: {
    en: "Project {{project}} is not active: its open runs go on, but nobody is asked there any more.",
    "zh-TW": "專案 {{project}} 未啟用：未完成的執行可繼續，但不再詢問任何人。",
  },
  contract_retired: {
    en: "The contract {{contract}} was retired: its open runs go on, but nobody is asked for them any more.",
    "zh-TW": "合約 {{contract}} 已停用：未完成的執行可繼續，但不再為其詢問任何人。",
  },
  tenant_legacy: {
    en: "Project {{project}} is in legacy mode: agents may not act there.",
    "zh-TW": "專案 {{project}} 處於 legacy 模式：代理不得在其中動作。",
  },
  frozen_platform: {
    en: "{{by}} froze everything at {{at}} (“{{why}}”). No agent calls tools until that is lifted.",
    "zh-TW": "{{by}} 於 {{at}} 凍結了整個平台（「{{why}}」）。解除之前，任何代理都不得呼叫工具。",
  },
  frozen_project: {
    en: "{{by}} froze the project {{project}} at {{at}} (“{{why}}”). None of its agents calls tools until that is lifted.",
    "zh-TW":
      "{{by}} 於 {{at}} 凍結了專案 {{project}}（「{{why}}」）。解除之前，它的代理都不得呼叫工具。",
  },
  frozen_agent: {
    en: "{{by}} froze the agent {{agent}} at {{at}} (“{{why}}”). It calls no tools until that is lifted.",
    "zh-TW": "{{by}} 於 {{at}} 凍結了代理 {{agent}}（「{{why}}」）。解除之前，它不得呼叫工具。",
  },
  run_of_another: {
    en: "The run belongs to another caller.",
    "zh-TW": "這個執行屬於另一個呼叫者。",
  },
  run_not_running: {
    en: "The run is {{state}}; only a running one may call tools.",
    "zh-TW": "執行狀態為 {{state}}；只有執行中的才能呼叫工具。",
  },
  tenant_passed: {
    en: "{{project}} is {{mode}}, this run is its own",
    "zh-TW": "{{project}} 的模式為 {{mode}}，且執行屬於它",
  },
  tool_not_listed: {
    en: "The contract {{contract}} does not list the tool {{tool}}.",
    "zh-TW": "合約 {{contract}} 未列出工具 {{tool}}。",
  },
  tool_absent: {
    en: "The contract {{contract}} lists {{tool}}, but the tool server {{server}} has no such tool.",
    "zh-TW": "合約 {{contract}} 列有 {{tool}}，但工具伺服器 {{server}} 沒有這個工具。",
  },
  tool_changed: {
    en: "{{server}}/{{tool}} is no longer what was pinned; someone has to look at the change first.",
    "zh-TW": "{{server}}/{{tool}} 與固定時不同；須先有人檢視這項變更。",
  },
  contract_passed: {
    en: "Listed in {{contract}}, tool unchanged since it was pinned",
    "zh-TW": "列於 {{contract}}，工具自固定後未變",
  },
  observed_read: {
    en: "Not listed in {{contract}}, which observes {{server}}; let through because {{server}} says that it only reads",
    "zh-TW": "未列於 {{contract}}，但合約觀察 {{server}}；因 {{server}} 聲明它只讀取而放行",
  },
  observed_in_shadow: {
    en: "Not listed in {{contract}}, which observes {{server}}; a shadow run sends no writes",
    "zh-TW": "未列於 {{contract}}，但合約觀察 {{server}}；影子執行不會送出寫入",
  },
  observed_write: {
    en: "The contract {{contract}} only observes {{server}}: it does not list {{tool}}, and {{server}} does not say that it only reads. The wish was recorded.",
    "zh-TW":
      "合約 {{contract}} 只觀察 {{server}}：未列出 {{tool}}，且 {{server}} 未聲明它只讀取。已記錄此要求。",
  },
  arguments_unfit: {
    en: "The arguments do not fit: {{problem}}.",
    "zh-TW": "參數不符：{{problem}}。",
  },
  arguments_unfit_more: {
    en: "The arguments do not fit: {{problem}} (and {{more}} more).",
    "zh-TW": "參數不符：{{problem}}（另有 {{more}} 項）。",
  },
  policy_passed: {
    en: "Arguments fit the schema and the contract's constraints",
    "zh-TW": "參數符合結構與合約的限制",
  },
  policy_permits: {
    en: "Arguments fit, and {{by}} permits this call",
    "zh-TW": "參數相符，且 {{by}} 允許這個呼叫",
  },
  policy_forbids: {
    en: "{{by}} forbids this call.",
    "zh-TW": "{{by}} 禁止這個呼叫。",
  },
  policy_forbid_failed: {
    en: "{{by}} forbids some calls and could not be evaluated for this one: {{problem}}.",
    "zh-TW": "{{by}} 禁止某些呼叫，且無法就這個呼叫評估：{{problem}}。",
  },
  policy_permits_not: {
    en: "No policy of {{project}} permits this call.",
    "zh-TW": "{{project}} 沒有任何政策允許這個呼叫。",
  },
  policy_permit_failed: {
    en: "No policy of {{project}} permits this call; {{by}} could not be evaluated: {{problem}}.",
    "zh-TW": "{{project}} 沒有任何政策允許這個呼叫；{{by}} 無法評估：{{problem}}。",
  },
  policy_unreadable: {
    en: "The policies of {{project}} can't be asked about these arguments: {{problem}}.",
    "zh-TW": "無法就這些參數詢問 {{project}} 的政策：{{problem}}。",
  },
  policy_unusable: {
    en: "The policies of {{project}} can't be used, so nothing is permitted: {{problem}}.",
    "zh-TW": "{{project}} 的政策無法使用，因此不允許任何呼叫：{{problem}}。",
  },
  calls_used_up: {
    en: "The run has used all of its {{limit}} calls.",
    "zh-TW": "這個執行的 {{limit}} 次呼叫已用完。",
  },
  money_used_up: {
    en: "The call costs {{cost}} and the run has used {{used}} of {{limit}}.",
    "zh-TW": "這次呼叫需 {{cost}}，而執行已用 {{used}}／{{limit}}。",
  },
  run_calls_of_minute_used_up: {
    en: "The run has made its {{limit}} calls of this minute; it may go on in the next.",
    "zh-TW": "這個執行本分鐘的 {{limit}} 次呼叫已用完；下一分鐘可繼續。",
  },
  agent_calls_of_minute_used_up: {
    en: "The agent's runs have made their {{limit}} calls of this minute together; they may go on in the next.",
    "zh-TW": "這個代理的所有執行本分鐘合計 {{limit}} 次呼叫已用完；下一分鐘可繼續。",
  },
  tool_calls_of_minute_used_up: {
    en: "The agent has called this tool {{limit}} times in this minute, as often as it may; it may go on in the next.",
    "zh-TW": "這個代理本分鐘對此工具的 {{limit}} 次呼叫已用完；下一分鐘可繼續。",
  },
  project_calls_of_minute_used_up: {
    en: "The project has made its {{limit}} calls of this minute; its agents may go on in the next.",
    "zh-TW": "這個專案本分鐘的 {{limit}} 次呼叫已用完；下一分鐘可繼續。",
  },
  agent_calls_of_day_used_up: {
    en: "The agent's runs have made their {{limit}} calls of this day (UTC) together.",
    "zh-TW": "這個代理的所有執行今日（UTC）合計 {{limit}} 次呼叫已用完。",
  },
  tool_calls_of_day_used_up: {
    en: "The agent has called this tool {{limit}} times on this day (UTC), as often as it may.",
    "zh-TW": "這個代理今日（UTC）對此工具的 {{limit}} 次呼叫已用完。",
  },
  project_calls_of_day_used_up: {
    en: "The project has made its {{limit}} calls of this day (UTC).",
    "zh-TW": "這個專案今日（UTC）的 {{limit}} 次呼叫已用完。",
  },
  agent_money_of_day_used_up: {
    en: "The call costs {{cost}} and the agent's runs have used {{used}} of their {{limit}} of this day (UTC).",
    "zh-TW": "這次呼叫需 {{cost}}，而這個代理今日（UTC）已用 {{used}}／{{limit}}。",
  },
  tool_money_of_day_used_up: {
    en: "The call costs {{cost}} and the agent has used {{used}} of the {{limit}} it may spend on this tool a day (UTC).",
    "zh-TW": "這次呼叫需 {{cost}}，而這個代理今日（UTC）對此工具已用 {{used}}／{{limit}}。",
  },
  project_money_used_up: {
    en: "The call costs {{cost}} and the project has used {{used}} of its {{limit}} of this month (UTC).",
    "zh-TW": "這次呼叫需 {{cost}}，而這個專案本月（UTC）已用 {{used}}／{{limit}}。",
  },
  budget_unlimited: {
    en: "Neither the calls nor the money of this run are limited",
    "zh-TW": "這個執行的呼叫次數與金額皆無上限",
  },
  budget_passed: {
    en: "Call {{call}} of this run",
    "zh-TW": "本執行的第 {{call}} 次呼叫",
  },
  budget_passed_calls: {
    en: "Call {{call}} of {{calls}}",
    "zh-TW": "第 {{call}}／{{calls}} 次呼叫",
  },
  budget_passed_money: {
    en: "Call {{call}} of this run, {{used}} of {{limit}} used",
    "zh-TW": "本執行的第 {{call}} 次呼叫，已用 {{used}}／{{limit}}",
  },
  budget_passed_both: {
    en: "Call {{call}} of {{calls}}, {{used}} of {{limit}} used",
    "zh-TW": "第 {{call}}／{{calls}} 次呼叫，已用 {{used}}／{{limit}}",
  },
  no_person_needed: {
    en: "No person is needed for this tool",
    "zh-TW": "這個工具不需要人核准",
  },
  asks_always: {
    en: "Contract {{contract}} says approval: always for {{tool}}.",
    "zh-TW": "合約 {{contract}} 對 {{tool}} 規定 approval: always。",
  },
  asks_for_writes: {
    en: "Contract {{contract}} lists {{tool}} as a write, and a write needs a person.",
    "zh-TW": "合約 {{contract}} 將 {{tool}} 列為寫入，寫入需要人核准。",
  },
  would_ask_always: {
    en: "Contract {{contract}} says approval: always for {{tool}}. A shadow run asks nobody.",
    "zh-TW": "合約 {{contract}} 對 {{tool}} 規定 approval: always。影子執行不會詢問任何人。",
  },
  would_ask_for_writes: {
    en: "Contract {{contract}} lists {{tool}} as a write, and a write needs a person. A shadow run asks nobody.",
    "zh-TW": "合約 {{contract}} 將 {{tool}} 列為寫入，寫入需要人核准。影子執行不會詢問任何人。",
  },
  asks_by_policy: {
    en: "{{by}} permits this call only with a person's yes.",
    "zh-TW": "{{by}} 僅在有人核准時允許這個呼叫。",
  },
  asks_by_policy_because: {
    en: "{{by}} permits this call only with a person's yes: {{reason}}",
    "zh-TW": "{{by}} 僅在有人核准時允許這個呼叫：{{reason}}",
  },
  would_ask_by_policy: {
    en: "{{by}} permits this call only with a person's yes. A shadow run asks nobody.",
    "zh-TW": "{{by}} 僅在有人核准時允許這個呼叫。影子執行不會詢問任何人。",
  },
  would_ask_by_policy_because: {
    en: "{{by}} permits this call only with a person's yes: {{reason}} (A shadow run asks nobody.)",
    "zh-TW": "{{by}} 僅在有人核准時允許這個呼叫：{{reason}}（影子執行不會詢問任何人。）",
  },
  approved: {
    en: "Approved for exactly this call by {{by}}",
    "zh-TW": "{{by}} 已就這個呼叫核准",
  },
  approved_edited: {
    en: "Approved with edited arguments by {{by}}: these are executed",
    "zh-TW": "{{by}} 修改參數後核准；執行的是修改後的參數",
  },
  changes_requested: {
    en: "A person wants this call changed before it may run: {{by}}. Propose it anew.",
    "zh-TW": "有人要求先修改這個呼叫：{{by}}。請重新提出。",
  },
  rejected: {
    en: "A person said no to exactly this call: {{by}}.",
    "zh-TW": "有人拒絕了這個呼叫：{{by}}。",
  },
  not_decided: {
    en: "Nobody decided in time. The call was not executed.",
    "zh-TW": "逾時無人決定。呼叫未執行。",
  },
  not_redeemed: {
    en: "The approval was not used in time. The call was not executed.",
    "zh-TW": "核准未在期限內使用。呼叫未執行。",
  },
  approval_refused: {
    en: "{{problem}}",
    "zh-TW": "{{problem}}",
  },
} as const;

export type VerdictKey = keyof typeof VERDICT_WORDS;
export type VerdictParams = WordParams;

/**
 * What a gate said, in a language. Verdicts of an older or newer version that have no words here keep their English
 * `reason`.
 */
export function verdictText(
  verdict: { key?: unknown; params?: unknown; reason: string },
  language: "en" | "zh-TW",
): string {
  const { key, params } = verdict;
  if (typeof key !== "string" || !Object.hasOwn(VERDICT_WORDS, key)) return verdict.reason;
  return fillWords(VERDICT_WORDS[key as VerdictKey], (params ?? {}) as VerdictParams, language);
}
