import { z } from "zod";

/** What a change does: it grants or withdraws a permission, or makes the terms of one wider or narrower. */
type ChangeKind = "gained" | "lost" | "widened" | "narrowed";
type Words = Readonly<{ kind: ChangeKind; en: string; "zh-TW": string }>;

/**
 * Every change of a permission that two revisions can differ in, in both languages; `{{name}}` stands for a parameter.
 * What can't be shown to be narrower counts as wider.
 */
export const CHANGES = {
  tool_granted: { kind: "gained", en: "It may use {{tool}}.", "zh-TW": "可使用 {{tool}}。" },
  tool_withdrawn: {
    kind: "lost",
    en: "It may no longer use {{tool}}.",
    "zh-TW": "不再能使用 {{tool}}。",
  },
  observe_gained: {
    kind: "gained",
    en: "It may use every tool of {{server}} that it does not list and that {{server}} says only reads; in shadow runs it may try all of them.",
    "zh-TW":
      "可使用 {{server}} 中未列出、但 {{server}} 聲明只讀取的所有工具；在影子執行中可嘗試全部工具。",
  },
  tool_observed: {
    kind: "widened",
    en: "{{tool}} is only observed instead of listed: what the contract said of it no longer counts.",
    "zh-TW": "{{tool}} 改為僅觀察而不再列出：合約先前對它的規定不再適用。",
  },
  observe_lost: {
    kind: "lost",
    en: "It may no longer use tools of {{server}} that it does not list.",
    "zh-TW": "不再能使用 {{server}} 中未列出的工具。",
  },
  resource_granted: {
    kind: "gained",
    en: "It may read resources {{pattern}} of {{server}}.",
    "zh-TW": "可讀取 {{server}} 的資源 {{pattern}}。",
  },
  resource_withdrawn: {
    kind: "lost",
    en: "It may no longer read resources {{pattern}} of {{server}}.",
    "zh-TW": "不再能讀取 {{server}} 的資源 {{pattern}}。",
  },
  prompt_granted: {
    kind: "gained",
    en: "It may use prompts {{pattern}} of {{server}}.",
    "zh-TW": "可使用 {{server}} 的提示 {{pattern}}。",
  },
  prompt_withdrawn: {
    kind: "lost",
    en: "It may no longer use prompts {{pattern}} of {{server}}.",
    "zh-TW": "不再能使用 {{server}} 的提示 {{pattern}}。",
  },
  effect_write: { kind: "widened", en: "{{tool}} may write.", "zh-TW": "{{tool}} 可寫入。" },
  effect_read: {
    kind: "widened",
    en: "{{tool}} is taken for a read: real in shadow runs, and repeated after a failure.",
    "zh-TW": "{{tool}} 改視為讀取：在影子執行中會真正執行，失敗後會重試。",
  },
  approval_dropped: {
    kind: "widened",
    en: "{{tool}} no longer needs a person's approval.",
    "zh-TW": "{{tool}} 不再需要人核准。",
  },
  approval_added: {
    kind: "narrowed",
    en: "{{tool}} needs a person's approval.",
    "zh-TW": "{{tool}} 需要人核准。",
  },
  quorum_lowered: {
    kind: "widened",
    en: "The quorum of {{tool}} is {{after}} instead of {{before}}.",
    "zh-TW": "{{tool}} 需 {{after}} 人同意，原為 {{before}} 人。",
  },
  quorum_raised: {
    kind: "narrowed",
    en: "The quorum of {{tool}} is {{after}} instead of {{before}}.",
    "zh-TW": "{{tool}} 需 {{after}} 人同意，原為 {{before}} 人。",
  },
  escalation_gained: {
    kind: "widened",
    en: "The group {{group}} may decide about {{tool}} as well once {{after}} s have passed.",
    "zh-TW": "經過 {{after}} 秒後，群組 {{group}} 也可決定 {{tool}}。",
  },
  escalation_lost: {
    kind: "narrowed",
    en: "The group {{group}} may no longer decide about {{tool}} after {{before}} s, or only later.",
    "zh-TW": "群組 {{group}} 在 {{before}} 秒後不再能決定 {{tool}}，或須更晚。",
  },
  chat_allowed: {
    kind: "widened",
    en: "{{tool}} may be approved in a chat, not only in the console.",
    "zh-TW": "{{tool}} 可在聊天中核准，不限於主控台。",
  },
  chat_refused: {
    kind: "narrowed",
    en: "{{tool}} may no longer be approved in a chat, only in the console.",
    "zh-TW": "{{tool}} 不再能在聊天中核准，只限主控台。",
  },
  group_dropped: {
    kind: "widened",
    en: "{{tool}} is no longer approved by the group {{group}} only.",
    "zh-TW": "{{tool}} 不再只由群組 {{group}} 核准。",
  },
  group_changed: {
    kind: "widened",
    en: "{{tool}} is approved by the group {{after}} instead of {{before}}.",
    "zh-TW": "{{tool}} 改由群組 {{after}} 核准，原為 {{before}}。",
  },
  group_added: {
    kind: "narrowed",
    en: "{{tool}} is approved by the group {{group}} only.",
    "zh-TW": "{{tool}} 只由群組 {{group}} 核准。",
  },
  two_person_dropped: {
    kind: "widened",
    en: "{{tool}} no longer needs two people.",
    "zh-TW": "{{tool}} 不再需要兩人同意。",
  },
  two_person_added: {
    kind: "narrowed",
    en: "{{tool}} needs two people.",
    "zh-TW": "{{tool}} 需要兩人同意。",
  },
  editor_counts_allowed: {
    kind: "widened",
    en: "Whoever edits the arguments of {{tool}} approves them by that.",
    "zh-TW": "修改 {{tool}} 參數者視為同意。",
  },
  editor_counts_dropped: {
    kind: "narrowed",
    en: "Edited arguments of {{tool}} have to be approved by somebody else.",
    "zh-TW": "{{tool}} 修改後的參數須由其他人核准。",
  },
  args_dropped: {
    kind: "widened",
    en: "{{tool}} takes any arguments that its server takes; the contract's constraint is gone.",
    "zh-TW": "{{tool}} 接受其伺服器所接受的任何參數；合約的限制已移除。",
  },
  args_changed: {
    kind: "widened",
    en: "The constraint on the arguments of {{tool}} changed and can't be shown to be stricter.",
    "zh-TW": "{{tool}} 的參數限制已變更，且無法證明更嚴格。",
  },
  args_narrowed: {
    kind: "narrowed",
    en: "The constraint on the arguments of {{tool}} is stricter.",
    "zh-TW": "{{tool}} 的參數限制更嚴格。",
  },
  cost_raised: {
    kind: "widened",
    en: "A call of {{tool}} may cost {{after}} USD instead of {{before}}.",
    "zh-TW": "{{tool}} 每次呼叫可花費 {{after}} 美元，原為 {{before}}。",
  },
  cost_lowered: {
    kind: "widened",
    en: "A call of {{tool}} counts {{after}} USD instead of {{before}} against the limits, so that more of them fit.",
    "zh-TW": "{{tool}} 每次呼叫計入 {{after}} 美元，原為 {{before}}，因此限額內可呼叫更多次。",
  },
  on_no_milder: {
    kind: "widened",
    en: "{{field}} of {{tool}}: the run goes on ({{after}}) where it ended before ({{before}}).",
    "zh-TW": "{{tool}} 的 {{field}}：執行會繼續（{{after}}），原本會結束（{{before}}）。",
  },
  on_no_stricter: {
    kind: "narrowed",
    en: "{{field}} of {{tool}}: the run ends ({{after}}) where it went on before ({{before}}).",
    "zh-TW": "{{tool}} 的 {{field}}：執行會結束（{{after}}），原本會繼續（{{before}}）。",
  },
  limit_raised: {
    kind: "widened",
    en: "{{field}} rises from {{before}} to {{after}}.",
    "zh-TW": "{{field}} 由 {{before}} 提高為 {{after}}。",
  },
  limit_lowered: {
    kind: "narrowed",
    en: "{{field}} falls from {{before}} to {{after}}.",
    "zh-TW": "{{field}} 由 {{before}} 降為 {{after}}。",
  },
  limit_dropped: {
    kind: "widened",
    en: "{{field}} is no longer limited; it was {{before}}.",
    "zh-TW": "{{field}} 不再有上限；原為 {{before}}。",
  },
  limit_added: {
    kind: "narrowed",
    en: "{{field}} is limited to {{after}}.",
    "zh-TW": "{{field}} 限為 {{after}}。",
  },
  mode_raised: {
    kind: "widened",
    en: "Its mode rises from {{before}} to {{after}}.",
    "zh-TW": "模式由 {{before}} 提高為 {{after}}。",
  },
  mode_lowered: {
    kind: "narrowed",
    en: "Its mode falls from {{before}} to {{after}}.",
    "zh-TW": "模式由 {{before}} 降為 {{after}}。",
  },
  driver_changed: {
    kind: "widened",
    en: "It is driven by {{after}} instead of {{before}}.",
    "zh-TW": "改由 {{after}} 驅動，原為 {{before}}。",
  },
  trigger_gained: {
    kind: "gained",
    en: "Events of the channel {{channel}} start it.",
    "zh-TW": "頻道 {{channel}} 的事件可啟動它。",
  },
  trigger_lost: {
    kind: "lost",
    en: "Events of the channel {{channel}} no longer start it.",
    "zh-TW": "頻道 {{channel}} 的事件不再啟動它。",
  },
  trigger_changed: {
    kind: "widened",
    en: "More or other events of the channel {{channel}} start it.",
    "zh-TW": "頻道 {{channel}} 有更多或不同的事件可啟動它。",
  },
  trigger_narrowed: {
    kind: "narrowed",
    en: "Fewer events of the channel {{channel}} start it.",
    "zh-TW": "頻道 {{channel}} 可啟動它的事件變少。",
  },
  notify_gained: {
    kind: "gained",
    en: "The channel {{channel}} is told of its questions and how its runs end.",
    "zh-TW": "頻道 {{channel}} 會收到其提問與執行結果。",
  },
  notify_lost: {
    kind: "lost",
    en: "The channel {{channel}} is no longer told of its questions and how its runs end.",
    "zh-TW": "頻道 {{channel}} 不再收到其提問與執行結果。",
  },
  message_gained: {
    kind: "gained",
    en: "It writes to the channel {{channel}}.",
    "zh-TW": "會寫訊息到頻道 {{channel}}。",
  },
  message_lost: {
    kind: "lost",
    en: "It no longer writes to the channel {{channel}}.",
    "zh-TW": "不再寫訊息到頻道 {{channel}}。",
  },
  secret_gained: {
    kind: "gained",
    en: "It is given the secret {{secret}}.",
    "zh-TW": "會取得密鑰 {{secret}}。",
  },
  secret_lost: {
    kind: "lost",
    en: "It is no longer given the secret {{secret}}.",
    "zh-TW": "不再取得密鑰 {{secret}}。",
  },
  auth_dropped: {
    kind: "widened",
    en: "{{field}} is gone: nothing proves any more who sent what.",
    "zh-TW": "{{field}} 已移除：不再能證明由誰發送。",
  },
  auth_added: {
    kind: "narrowed",
    en: "{{field}} is there now: it proves who sent what.",
    "zh-TW": "新增 {{field}}：可證明由誰發送。",
  },
  value_changed: {
    kind: "widened",
    en: "{{field}} is {{after}} instead of {{before}}.",
    "zh-TW": "{{field}} 為 {{after}}，原為 {{before}}。",
  },
  field_changed: {
    kind: "widened",
    en: "{{field}} changed.",
    "zh-TW": "{{field}} 已變更。",
  },
  permit_added: {
    kind: "gained",
    en: "The policy permits more: {{policy}}.",
    "zh-TW": "政策允許更多：{{policy}}。",
  },
  permit_removed: {
    kind: "lost",
    en: "The policy permits less, without {{policy}}.",
    "zh-TW": "政策允許較少，已無 {{policy}}。",
  },
  forbid_removed: {
    kind: "gained",
    en: "The policy forbids less, without {{policy}}.",
    "zh-TW": "政策禁止較少，已無 {{policy}}。",
  },
  forbid_added: {
    kind: "lost",
    en: "The policy forbids more: {{policy}}.",
    "zh-TW": "政策禁止更多：{{policy}}。",
  },
  policy_changed: {
    kind: "widened",
    en: "The policy {{policy}} changed.",
    "zh-TW": "政策 {{policy}} 已變更。",
  },
  all_new: {
    kind: "gained",
    en: "No revision is active, so that everything in it is new.",
    "zh-TW": "沒有任何版本在使用中，因此全部內容都是新的。",
  },
  unreadable: {
    kind: "widened",
    en: "The earlier body is no longer valid and can't be compared.",
    "zh-TW": "先前的內容已不再有效，無法比較。",
  },
} as const satisfies Record<string, Words>;

type ChangeKey = keyof typeof CHANGES;

/** A difference of two bodies that bears on what they permit. */
export interface Difference {
  key: ChangeKey;
  params: Record<string, string | number>;
}

/** A change of a permission: for programs `key` and `params`, for people `text`. */
export const permissionChange = z.object({
  key: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number()])),
  /** Whether it makes the change a major one. */
  widens: z.boolean(),
  text: z.string(),
});
export type PermissionChange = z.infer<typeof permissionChange>;

/** What a revision may do that another one may not, the reverse, and where the terms differ. */
export const permissions = z.object({
  gained: z.array(permissionChange),
  lost: z.array(permissionChange),
  changed: z.array(permissionChange),
});
export type Permissions = z.infer<typeof permissions>;

/** One that an older or newer version stored, of a kind that has no words here, keeps its English text. */
function inLanguage(change: PermissionChange, language: "en" | "zh-TW"): PermissionChange {
  if (!Object.hasOwn(CHANGES, change.key)) return change;
  return { ...change, text: changeText(change.key as ChangeKey, change.params, language) };
}

/** A change in words. */
export function changeText(
  key: ChangeKey,
  params: Readonly<Record<string, string | number>>,
  language: "en" | "zh-TW",
): string {
  return CHANGES[key][language].replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) =>
    String(params[name] ?? ""),
  );
}
/** What is permitted differently, in the reader's language. */
export function permissionsIn(permissions: Permissions, language: "en" | "zh-TW"): Permissions {
  const { gained, lost, changed } = permissions;
  return {
    gained: changesIn(gained, language),
    lost: changesIn(lost, language),
    changed: changesIn(changed, language),
  };
}

/** Changes in the reader's language. */
export function changesIn(
  changes: readonly PermissionChange[],
  language: "en" | "zh-TW",
): PermissionChange[] {
  return changes.map((change) => inLanguage(change, language));
}
