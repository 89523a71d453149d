import type { Template } from "../words-contract.ts";

/** What can be wrong with what people and programs ask for: keys, members, projects, freezes, decisions, lists. */
export const OF_REQUESTS = {
  nothing_to_change: { en: "must name something to change", "zh-TW": "必須指明要變更什麼" },
  name_of_the_server: {
    en: "must not start with system:, which is how the server signs what it does itself",
    "zh-TW": "不得以 system: 開頭；那是伺服器自己行事時的署名",
  },
  key_needs_agent: {
    en: "an agent's key needs the agent contract it works under",
    "zh-TW": "代理的金鑰須指明它所依的代理合約",
  },
  key_of_one_project: {
    en: "an agent's key opens exactly one project",
    "zh-TW": "代理的金鑰只能開啟一個專案",
  },
  key_without_agent: {
    en: "only a key with the role agent has an agent",
    "zh-TW": "只有角色為 agent 的金鑰才有代理",
  },
  key_of_a_person: {
    en: "a person's key is theirs by its name; only an agent's key is held by somebody",
    "zh-TW": "人的金鑰依名稱即屬於本人；只有代理的金鑰才由某人持有",
  },
  key_acts_for_nobody: { en: "an agent can't act for people", "zh-TW": "代理不能代替人行事" },
  client_or_sub: {
    en: "give either client_id or sub: the one that names the agent in its tokens",
    "zh-TW": "client_id 與 sub 擇一：在權杖中指明代理的那一個",
  },
  no_issuers: {
    en: "no authorization server is trusted here yet; name it in AWOOOP_OAUTH_ISSUERS",
    "zh-TW": "此處尚未信任任何授權伺服器；請寫在 AWOOOP_OAUTH_ISSUERS 中",
  },
  unknown_issuer: {
    en: "must be one of AWOOOP_OAUTH_ISSUERS, to the letter: {{issuers}}",
    "zh-TW": "必須與 AWOOOP_OAUTH_ISSUERS 之一完全相同：{{issuers}}",
  },
  in_the_past: { en: "must be in the future", "zh-TW": "必須在未來" },
  delegation_end: {
    en: "must be in the future, at most 90 days from now",
    "zh-TW": "必須在未來，且最多 90 天後",
  },
  no_such_decider: {
    en: "must be an active member of the project who may decide",
    "zh-TW": "必須是專案中可作決定的啟用成員",
  },
  lent_to_oneself: {
    en: "must be somebody else than who lends it",
    "zh-TW": "必須是出借者以外的人",
  },
  fate_of_runs_needed: {
    en: "must say what becomes of running runs: finish or cancel",
    "zh-TW": "必須說明進行中的執行如何處理：finish 或 cancel",
  },
  fate_of_runs_unasked: {
    en: "is only for a project that is deactivated",
    "zh-TW": "只適用於停用專案時",
  },
  payloads_outlive_runs: {
    en: "must not be more than retention_run_days ({{days}}): payloads go with their run at the latest",
    "zh-TW": "不得大於 retention_run_days（{{days}}）：內容最遲與執行一同刪除",
  },
  no_reason: { en: "must say why, in words", "zh-TW": "必須以文字說明原因" },
  freeze_needs: { en: "is needed with scope: {{scope}}", "zh-TW": "scope: {{scope}} 時必填" },
  freeze_has_no: {
    en: "has no place with scope: {{scope}}",
    "zh-TW": "scope: {{scope}} 時不得填寫",
  },
  no_secret_name: {
    en: "must begin with a letter and have only letters, digits, `_`, `.` and `-`, 128 at most",
    "zh-TW": "須以字母開頭，只能有字母、數字、`_`、`.` 與 `-`，最多 128 個",
  },
  edit_needs_arguments: { en: "is needed for edit", "zh-TW": "edit 時必填" },
  arguments_are_for_edit: { en: "belongs to edit only", "zh-TW": "只屬於 edit" },
  changes_need_reason: {
    en: "is needed for request_changes: it is what the agent is told",
    "zh-TW": "request_changes 時必填：這就是告訴代理的話",
  },
  gate_refuses: { en: "{{reason}}", "zh-TW": "{{reason}}" },
  question_needed: {
    en: "is needed when a run has several open questions",
    "zh-TW": "執行有多個未決問題時必填",
  },
  question_twice: { en: "is named twice", "zh-TW": "指名了兩次" },
  question_of_another_rule: {
    en: "is about {{tool}}: {{rule}}",
    "zh-TW": "是關於 {{tool}}：{{rule}}",
  },
  not_comparable: {
    en: "its {{field}} is {{this}}, that of the other revision {{other}}; only revisions of one project and family can be compared",
    "zh-TW":
      "它的 {{field}} 是 {{this}}，另一個版本的是 {{other}}；只能比較同一專案、同一類別的版本",
  },
  retires_too_many: {
    en: "would retire more than {{max}} contracts",
    "zh-TW": "會停用超過 {{max}} 份合約",
  },
  no_plan: {
    en: "must be the `plan` of an earlier answer",
    "zh-TW": "必須是先前回答中的 `plan`",
  },
  no_tool_hash: {
    en: "must be the SHA-256 of the changed tool",
    "zh-TW": "必須是變更後工具的 SHA-256",
  },
  cost_beyond_all: {
    en: "would take the run's cost beyond {{max}} dollars",
    "zh-TW": "會使執行的成本超過 {{max}} 美元",
  },
  no_error_code: {
    en: "must be a code such as E-DISK-FULL",
    "zh-TW": "必須是代碼，例如 E-DISK-FULL",
  },
  no_trace_id: {
    en: "must be 32 lower-case hex digits (W3C Trace Context)",
    "zh-TW": "必須是 32 個小寫十六進位數字（W3C Trace Context）",
  },
  around_or_cursor: { en: "use either around or cursor", "zh-TW": "around 與 cursor 只能擇一" },
  page_or_cursor: { en: "use either page or cursor", "zh-TW": "page 與 cursor 只能擇一" },
  filter_needed: {
    en: "must name something, unless `all` is true",
    "zh-TW": "除非 `all` 為 true，否則須指明條件",
  },
  key_of_another_body: { en: "was used for another body", "zh-TW": "已用於另一個內容" },
  other_workspace: { en: "is another workspace", "zh-TW": "是另一個工作區" },
  no_id_given: {
    en: "gives no text of 1 to {{max}} characters",
    "zh-TW": "未給出 1 到 {{max}} 個字元的文字",
  },
  no_events_given: { en: "gives no list", "zh-TW": "未給出清單" },
  no_labels_given: { en: "gives no object of texts", "zh-TW": "未給出以文字為值的物件" },
} as const satisfies Record<string, Template>;
