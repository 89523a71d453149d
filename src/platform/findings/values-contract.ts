import type { Template } from "../words-contract.ts";

/** What can be wrong with a value whatever it is for: its kind, its size, its form. */
export const OF_VALUES = {
  missing: { en: "is missing", "zh-TW": "缺少此欄位" },
  unknown_field: { en: "there is no such field here", "zh-TW": "此處沒有這個欄位" },
  no_text: { en: "must be a text", "zh-TW": "必須是文字" },
  no_number: { en: "must be a number", "zh-TW": "必須是數字" },
  no_whole_number: { en: "must be a whole number", "zh-TW": "必須是整數" },
  no_list: { en: "must be a list", "zh-TW": "必須是清單" },
  no_object: { en: "must be an object", "zh-TW": "必須是物件" },
  no_boolean: { en: "must be true or false", "zh-TW": "必須是 true 或 false" },
  no_null: { en: "must be null", "zh-TW": "必須是 null" },
  empty: { en: "must not be empty", "zh-TW": "不得為空" },
  too_short: { en: "must have at least {{min}} characters", "zh-TW": "至少須有 {{min}} 個字元" },
  too_long: { en: "must have at most {{max}} characters", "zh-TW": "最多 {{max}} 個字元" },
  too_few: { en: "must have at least {{min}} entries", "zh-TW": "至少須有 {{min}} 項" },
  too_many: { en: "must have at most {{max}} entries", "zh-TW": "最多 {{max}} 項" },
  too_small: { en: "must be at least {{min}}", "zh-TW": "不得小於 {{min}}" },
  too_large: { en: "must be at most {{max}}", "zh-TW": "不得大於 {{max}}" },
  not_above: { en: "must be more than {{min}}", "zh-TW": "必須大於 {{min}}" },
  not_below: { en: "must be less than {{max}}", "zh-TW": "必須小於 {{max}}" },
  no_multiple: { en: "must be a multiple of {{step}}", "zh-TW": "必須是 {{step}} 的倍數" },
  not_exactly: { en: "must be {{value}}", "zh-TW": "必須是 {{value}}" },
  not_one_of: { en: "must be one of {{values}}", "zh-TW": "必須是下列之一：{{values}}" },
  no_match: { en: "must match the pattern {{pattern}}", "zh-TW": "必須符合樣式 {{pattern}}" },
  no_format: { en: "must be a valid {{format}}", "zh-TW": "必須是有效的 {{format}}" },
  not_unique: { en: "must not hold the same entry twice", "zh-TW": "不得有重複的項目" },
  no_alternative: {
    en: "is none of what may stand here",
    "zh-TW": "不是此處可用的任何一種寫法",
  },
  not_allowed: { en: "is not allowed here", "zh-TW": "此處不允許" },
  whole_number_between: {
    en: "must be a whole number from {{min}} to {{max}}, in plain digits",
    "zh-TW": "必須是 {{min}} 到 {{max}} 的整數，只用數字書寫",
  },
  six_decimals: { en: "must have at most six decimals", "zh-TW": "小數最多六位" },
  unsafe_number: { en: "must be a whole number below 2^53", "zh-TW": "必須是小於 2^53 的整數" },
  number_too_large: { en: "is too large a number", "zh-TW": "數字過大" },
  lost_number: {
    en: "the number {{number}} can't be kept as it is; send it as a text, or as one that a double holds",
    "zh-TW": "數字 {{number}} 無法原樣保存；請以文字傳送，或改用雙精度浮點數容得下的數字",
  },
  no_nul: { en: "must not contain NUL characters", "zh-TW": "不得含有 NUL 字元" },
  no_half_character: { en: "must not contain half a character", "zh-TW": "不得含有半個字元" },
  no_control_characters: {
    en: "must not contain control characters",
    "zh-TW": "不得含有控制字元",
  },
  unstorable_text: {
    en: "holds a NUL character or half a character",
    "zh-TW": "含有 NUL 字元或半個字元",
  },
  unstorable_values: {
    en: "must hold only numbers and texts that can be kept as they are: no NUL, no half a character, no number beyond 1.8e308",
    "zh-TW": "只能含有可原樣保存的數字與文字：不得有 NUL、半個字元，或超過 1.8e308 的數字",
  },
  unstorable_name: {
    en: "has a field with a name that is not allowed: {{name}}",
    "zh-TW": "有一個欄位的名稱不被允許：{{name}}",
  },
  too_deep: {
    en: "must be at most {{levels}} levels deep",
    "zh-TW": "最多只能有 {{levels}} 層",
  },
  too_many_bytes: {
    en: "is {{bytes}} bytes long, at most {{max}} are allowed",
    "zh-TW": "長度為 {{bytes}} 位元組，最多 {{max}}",
  },
  no_uuid: {
    en: "must be a UUID such as 01a1ff82-17a0-7c3e-9d2f-0123456789ab",
    "zh-TW": "必須是 UUID，例如 01a1ff82-17a0-7c3e-9d2f-0123456789ab",
  },
  no_time: {
    en: "must be a time such as 2026-11-22T03:07:58Z",
    "zh-TW": "必須是時間，例如 2026-11-22T03:07:58Z",
  },
  no_slug: {
    en: "must be a slug: 1 to 63 lower-case letters, digits and hyphens, no hyphen at either end",
    "zh-TW": "必須是 1 到 63 個小寫字母、數字與連字號，且頭尾不得為連字號",
  },
  no_group_name: {
    en: "must be 1 to 63 lower-case letters, digits, dots, _ and -, beginning and ending with a letter or digit",
    "zh-TW": "必須是 1 到 63 個小寫字母、數字、點、_ 與 -，且頭尾為字母或數字",
  },
  no_hash: {
    en: "must be a SHA-256 in 64 lower-case hex digits",
    "zh-TW": "必須是 64 個小寫十六進位數字的 SHA-256",
  },
  not_json: { en: "is not valid JSON", "zh-TW": "不是有效的 JSON" },
  not_utf8: { en: "is not valid UTF-8", "zh-TW": "不是有效的 UTF-8" },
  /** In the words of a library, or of somebody else's schema; they are English. */
  other: { en: "{{said}}", "zh-TW": "{{said}}" },
} as const satisfies Record<string, Template>;
