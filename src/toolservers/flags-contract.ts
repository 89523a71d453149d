/** What can be wrong with the text of a tool server, in both languages. */
export const FLAG_WORDS = {
  control_characters: {
    en: "control characters were removed",
    "zh-TW": "已移除控制字元",
  },
  invisible_characters: {
    en: "invisible characters were removed",
    "zh-TW": "已移除看不見的字元",
  },
  bidi_overrides: {
    en: "characters that turn the direction of text were removed",
    "zh-TW": "已移除改變文字方向的字元",
  },
  hidden_text: {
    en: "text in characters that nobody sees was removed",
    "zh-TW": "已移除以看不見的字元寫成的文字",
  },
  hidden_comment: {
    en: "it has an HTML comment, which people don't see and models do",
    "zh-TW": "含有 HTML 註解，人看不到而模型看得到",
  },
  tells_to_ignore: {
    en: "it tells its reader to ignore instructions",
    "zh-TW": "要求讀者忽略指示",
  },
  speaks_as_system: {
    en: "it poses as the system or the user of a conversation",
    "zh-TW": "冒充對話中的系統或使用者",
  },
  gives_a_role: {
    en: "it gives its reader a new role or new orders",
    "zh-TW": "賦予讀者新的角色或命令",
  },
  tells_to_hide: {
    en: "it tells its reader to keep something from people",
    "zh-TW": "要求讀者對人隱瞞",
  },
  asks_for_secrets: {
    en: "it asks for credentials or for the conversation",
    "zh-TW": "索取憑證或對話內容",
  },
  orders_a_call: {
    en: "it orders other tools to be called",
    "zh-TW": "命令呼叫其他工具",
  },
  cut: {
    en: "it was too long and has been cut",
    "zh-TW": "過長，已截短",
  },
  partly_read: {
    en: "it was too long to be read to its end for signs of instructions",
    "zh-TW": "過長，未能讀完以檢查是否含有指示",
  },
} as const;

/** One thing that is wrong with the text of a tool server. */
export type Flag = keyof typeof FLAG_WORDS;

/** A flag in words; one of a newer version is shown by its name. */
export function flagText(flag: string, language: "en" | "zh-TW"): string {
  return Object.hasOwn(FLAG_WORDS, flag) ? FLAG_WORDS[flag as Flag][language] : flag;
}
