import type { Template } from "../words-contract.ts";

/** What can be wrong with a contract, or is worth saying of one; of its Cedar see `policies-contract.ts`. */
export const OF_BODIES = {
  no_contract_id: {
    en: "must be lower-case letters, digits, `.`, `_` and `-`, and begin and end with a letter or digit",
    "zh-TW": "只能有小寫字母、數字、`.`、`_` 與 `-`，且頭尾為字母或數字",
  },
  no_document: {
    en: "must be an object with contract_family, contract_id and body",
    "zh-TW": "必須是含有 contract_family、contract_id 與 body 的物件",
  },
  project_needed: {
    en: "is missing: name the project here, or once for the whole request",
    "zh-TW": "缺少此欄位：請在此處或為整個請求指明專案",
  },
  contract_twice: {
    en: '"{{contract}}" is also {{place}}',
    "zh-TW": "「{{contract}}」也出現在 {{place}}",
  },
  no_project: { en: 'there is no project "{{project}}"', "zh-TW": "沒有專案「{{project}}」" },
  family_taken: {
    en: '"{{contract}}" is a {{family}} contract in project "{{project}}" and can\'t become a {{wanted}} contract; choose another contract_id',
    "zh-TW":
      "「{{contract}}」在專案「{{project}}」中是 {{family}} 合約，不能改為 {{wanted}} 合約；請另選 contract_id",
  },
  stdio_off: {
    en: 'the tool server "{{server}}" would be a program on this machine (transport: stdio), and this server does not allow that; reach it by transport: http instead',
    "zh-TW":
      "工具伺服器「{{server}}」會是這台機器上的程式（transport: stdio），而此伺服器不允許；請改用 transport: http",
  },
  stdio_of_admins: {
    en: 'the tool server "{{server}}" would be a program on this machine (transport: stdio), which only a platform admin may apply',
    "zh-TW":
      "工具伺服器「{{server}}」會是這台機器上的程式（transport: stdio），只有平台管理員可以套用",
  },
  no_such_server: {
    en: 'there is no tool server "{{name}}" in the project; apply its contract before or together with this one',
    "zh-TW": "專案中沒有工具伺服器「{{name}}」；請先套用或一併套用它的合約",
  },
  no_such_channel: {
    en: 'there is no channel "{{name}}" in the project; apply its contract before or together with this one',
    "zh-TW": "專案中沒有頻道「{{name}}」；請先套用或一併套用它的合約",
  },
  no_such_tool: {
    en: 'the tool server "{{server}}" has no tool "{{tool}}"',
    "zh-TW": "工具伺服器「{{server}}」沒有工具「{{tool}}」",
  },
  no_such_tool_but: {
    en: 'the tool server "{{server}}" has no tool "{{tool}}"; did you mean {{near}}?',
    "zh-TW": "工具伺服器「{{server}}」沒有工具「{{tool}}」；是指 {{near}} 嗎？",
  },
  listed_twice: { en: "{{name}} is listed twice", "zh-TW": "{{name}} 列了兩次" },
  key_twice: { en: "{{name}} is used twice", "zh-TW": "{{name}} 用了兩次" },
  no_words: {
    en: "must be a text, or an expression as in {$cel: 'trigger.labels.host'}",
    "zh-TW": "必須是文字，或像 {$cel: 'trigger.labels.host'} 這樣的運算式",
  },
  no_step: {
    en: "must be a step with a key and exactly one of call, check and message",
    "zh-TW": "必須是一個步驟：有 key，且 call、check、message 恰有其一",
  },
  no_step_key: {
    en: "must be a name of lower-case letters, digits and _, such as check_disk",
    "zh-TW": "必須是由小寫字母、數字與 _ 組成的名稱，例如 check_disk",
  },
  escalation_order: {
    en: "must be in the order of after_seconds, each later than the one before",
    "zh-TW": "須依 after_seconds 排列，每一項都晚於前一項",
  },
  escalates_too_late: {
    en: "comes when the question has expired; expires_seconds is {{seconds}}",
    "zh-TW": "此時問題已逾時；expires_seconds 為 {{seconds}}",
  },
  for_writes_only: { en: "is for effect: write only", "zh-TW": "只適用於 effect: write" },
  for_clients_only: {
    en: "is for driver: client; a runbook says itself what it calls",
    "zh-TW": "只適用於 driver: client；Runbook 已寫明它要呼叫什麼",
  },
  runbook_needed: { en: "a worker agent needs a runbook", "zh-TW": "worker 代理需要 runbook" },
  schema_unusable: {
    en: "is no JSON Schema that can be used: {{said}}",
    "zh-TW": "不是可用的 JSON Schema：{{said}}",
  },
  cel_invalid: { en: "is not valid CEL: {{said}}", "zh-TW": "不是有效的 CEL：{{said}}" },
  no_secret_reference: {
    en: "must name a secret of the project, such as secret:ALERTS_TOKEN",
    "zh-TW": "必須指明專案的密鑰，例如 secret:ALERTS_TOKEN",
  },
  no_http_address: {
    en: "must be an http or https address without a user name, such as https://pager.example/hook",
    "zh-TW": "必須是不含使用者名稱的 http 或 https 位址，例如 https://pager.example/hook",
  },
  webhook_does_nothing: {
    en: "a webhook channel needs url and secret to send, or receive to take events in",
    "zh-TW": "webhook 頻道須有 url 與 secret 才能傳送，或有 receive 才能接收事件",
  },
  signing_secret_needed: {
    en: "is needed: messages are signed with it",
    "zh-TW": "必填：訊息以它簽章",
  },
  url_needed: {
    en: "is needed: where messages go (a secret for what comes in stands in receive)",
    "zh-TW": "必填：訊息送往何處（接收用的密鑰寫在 receive 中）",
  },
  takes_no_events: {
    en: "belongs to a channel that takes events in; receive is missing",
    "zh-TW": "屬於接收事件的頻道；缺少 receive",
  },
  takes_no_messages: {
    en: "belongs to a channel that takes messages in; receive is missing",
    "zh-TW": "屬於接收訊息的頻道；缺少 receive",
  },
  no_mail_address: {
    en: "must be a mail address such as oncall@shop.example",
    "zh-TW": "必須是電子郵件位址，例如 oncall@shop.example",
  },
  no_host: {
    en: "must be a host name or an address, such as mail.shop.example",
    "zh-TW": "必須是主機名稱或位址，例如 mail.shop.example",
  },
  password_needed: {
    en: "is needed: the secret that holds the user's password",
    "zh-TW": "必填：存放該使用者密碼的密鑰",
  },
  user_needed: { en: "is needed: whose password it is", "zh-TW": "必填：這是誰的密碼" },
  password_in_the_clear: {
    en: "must not be none: a password is not sent in the clear",
    "zh-TW": "不得為 none：密碼不以明文傳送",
  },
  no_slack_id: {
    en: "must be Slack's id, such as {{example}}",
    "zh-TW": "必須是 Slack 的識別碼，例如 {{example}}",
  },
  slash_at_end: {
    en: "must end with a slash, and hold no ? or #",
    "zh-TW": "必須以斜線結尾，且不得含有 ? 或 #",
  },
  no_slash_at_end: {
    en: "must end without a slash, and hold no ? or #",
    "zh-TW": "結尾不得為斜線，且不得含有 ? 或 #",
  },
  no_chat_id: { en: "must be the id of a chat", "zh-TW": "必須是聊天的識別碼" },
  no_secret_value: {
    en: "a secret is named as `secret:NAME`, alone or after one word as in `Bearer secret:NAME`; NAME is letters, digits and `_`",
    "zh-TW":
      "密鑰寫作 `secret:NAME`，可單獨或接在一個字之後，如 `Bearer secret:NAME`；NAME 由字母、數字與 `_` 組成",
  },
  no_absolute_path: {
    en: "must be an absolute path such as /srv/tools",
    "zh-TW": "必須是絕對路徑，例如 /srv/tools",
  },
  no_variable: { en: "must be a name such as LOG_LEVEL", "zh-TW": "必須是名稱，例如 LOG_LEVEL" },
  no_header: { en: "must be an HTTP header name", "zh-TW": "必須是 HTTP 標頭名稱" },
  own_header: {
    en: "is set by the connection itself, leave it out",
    "zh-TW": "由連線自行設定，請移除",
  },
  program_needed: { en: "must name a program", "zh-TW": "必須指明程式" },
  shared_secrets: {
    en: "must not be shared where env names secrets: each project has its own",
    "zh-TW": "env 指明密鑰時不得為 shared：每個專案各有自己的密鑰",
  },
  no_program: {
    en: "must be an absolute path or the bare name of a program",
    "zh-TW": "必須是絕對路徑，或單純的程式名稱",
  },
  path_needed: {
    en: "must be an absolute path, or env must name the PATH to find it in: a program gets no environment but the one written here",
    "zh-TW": "必須是絕對路徑，或在 env 中指明尋找它的 PATH：程式只會得到此處寫明的環境變數",
  },
  no_url: {
    en: "must be a URL that starts with https:// or http://",
    "zh-TW": "必須是以 https:// 或 http:// 開頭的網址",
  },
  url_with_credentials: {
    en: "must not contain a user, a password or a fragment; put credentials into headers as secret:NAME",
    "zh-TW": "不得含有使用者、密碼或片段；憑證請以 secret:NAME 寫在 headers 中",
  },
  same_as_active: {
    en: "It says the same as the active revision.",
    "zh-TW": "內容與使用中的版本相同。",
  },
  secret_unset: {
    en: "The secret {{name}} is not set; set it before this contract is used.",
    "zh-TW": "密鑰 {{name}} 尚未設定；請在使用此合約前設定。",
  },
  observes: {
    en: "It observes {{server}}: tools that it does not list pass where {{server}} says that they only read. That is for finding out what it needs; contracts propose then writes the contract without it.",
    "zh-TW":
      "它觀察 {{server}}：未列出的工具，若 {{server}} 聲明只讀取，即可通過。這是用來了解它需要什麼；之後以 contracts propose 寫出不含觀察的合約。",
  },
  server_unlisted: {
    en: "The tool server {{server}} has not listed its tools yet, so that they could not be looked up.",
    "zh-TW": "工具伺服器 {{server}} 尚未列出它的工具，因此無法查對。",
  },
  call_unlisted: {
    en: "The step {{key}} calls {{tool}}, which tools does not list; gate 2 will block it.",
    "zh-TW": "步驟 {{key}} 呼叫 {{tool}}，但 tools 未列出它；第 2 道關卡會阻擋。",
  },
} as const satisfies Record<string, Template>;
