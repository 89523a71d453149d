import type { Template } from "../words-contract.ts";

/** What can be wrong with the Cedar of a policy contract, or is worth saying of it; `said` is in Cedar's own words. */
export const OF_POLICIES = {
  cedar_unreadable: { en: "{{said}}", "zh-TW": "無法讀取：{{said}}" },
  cedar_unreadable_at: {
    en: "line {{line}}, column {{column}}: {{said}}",
    "zh-TW": "第 {{line}} 行第 {{column}} 欄：{{said}}",
  },
  cedar_nested: {
    en: "is nested too deeply to be read; split the policy into several",
    "zh-TW": "巢狀過深，無法讀取；請將政策拆成數條",
  },
  cedar_slot: {
    en: "has a policy with a slot (?principal or ?resource): `{{start}}`: nothing fills slots in, name the agent or the tool itself",
    "zh-TW":
      "有一條政策含有空位（?principal 或 ?resource）：`{{start}}`：空位不會被填入，請直接指明代理或工具",
  },
  cedar_empty: {
    en: "has no policy in it; to stop every call, write forbid (principal, action, resource);",
    "zh-TW": "其中沒有政策；若要阻擋所有呼叫，請寫 forbid (principal, action, resource);",
  },
  too_many_policies: {
    en: "has {{count}} policies, at most {{max}} are allowed",
    "zh-TW": "有 {{count}} 條政策，最多 {{max}} 條",
  },
  reason_too_long: {
    en: "has an @{{name}} of more than {{max}} characters on {{policy}}",
    "zh-TW": "{{policy}} 的 @{{name}} 超過 {{max}} 個字元",
  },
  no_such_demand: {
    en: 'has @approval("{{value}}") on {{policy}}; the only one there is is @approval("required")',
    "zh-TW": '{{policy}} 有 @approval("{{value}}")；可用的只有 @approval("required")',
  },
  demand_on_forbid: {
    en: "has @approval on {{policy}}, which forbids: there would be nothing to approve; put it on a permit",
    "zh-TW": "{{policy}} 是禁止卻有 @approval：沒有可核准的東西；請放在 permit 上",
  },
  policy_id_empty: {
    en: "has an empty @id on policy {{number}}",
    "zh-TW": "第 {{number}} 條政策的 @id 是空的",
  },
  policy_id_long: {
    en: "has an @id of {{length}} characters on policy {{number}}, at most {{max}} are allowed",
    "zh-TW": "第 {{number}} 條政策的 @id 有 {{length}} 個字元，最多 {{max}} 個",
  },
  policy_id_numbered: {
    en: 'has the @id "{{id}}" on policy {{number}}; only policies without an @id are called #1, #2 …',
    "zh-TW": "第 {{number}} 條政策的 @id 是「{{id}}」；只有沒有 @id 的政策才稱為 #1、#2…",
  },
  policy_id_twice: {
    en: 'has the @id "{{id}}" twice, the second time on policy {{number}}',
    "zh-TW": "@id「{{id}}」出現兩次，第二次在第 {{number}} 條政策",
  },
  policy_fault: {
    en: "line {{line}}, column {{column}}: {{policy}}: {{said}}",
    "zh-TW": "第 {{line}} 行第 {{column}} 欄，{{policy}}：{{said}}",
  },
  policy_fault_with: {
    en: "line {{line}}, column {{column}}: {{policy}}: {{said}} (with the tool {{tool}})",
    "zh-TW": "第 {{line}} 行第 {{column}} 欄，{{policy}}：{{said}}（用於工具 {{tool}} 時）",
  },
  policy_argument_nowhere: {
    en: "{{policy}} asks for the argument {{name}}, which no tool that it can be about declares.",
    "zh-TW": "{{policy}} 用到參數 {{name}}，但它可能涉及的工具都沒有宣告這個參數。",
  },
  policy_server_absent: {
    en: '{{policy}} names the tool server "{{server}}", which the project does not have.',
    "zh-TW": "{{policy}} 指名工具伺服器「{{server}}」，但專案中沒有。",
  },
  policy_tool_absent: {
    en: '{{policy}} names the tool "{{tool}}", which the tool server "{{server}}" does not have.',
    "zh-TW": "{{policy}} 指名工具「{{tool}}」，但工具伺服器「{{server}}」沒有這個工具。",
  },
  policy_not_all_tools: {
    en: "Not all tools that it can be about were looked at: they are many.",
    "zh-TW": "它可能涉及的工具很多，並未全部檢查。",
  },
  policy_too_complicated: {
    en: "It could not be validated against the tools: it is too complicated.",
    "zh-TW": "政策過於複雜，無法依工具加以檢查。",
  },
} as const satisfies Record<string, Template>;
