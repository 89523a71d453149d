import { fillWords, type WordParams } from "../platform/words-contract.ts";

/** What of a call can be worth a second look, in both languages. Each is a fact, never a guess. */
export const RISK_WORDS = {
  cant_be_undone: {
    tone: "stop",
    en: "The contract says that it can't be undone.",
    "zh-TW": "合約註明此操作無法復原。",
  },
  first_of_agent: {
    tone: "look",
    en: "{{agent}} has asked for {{tool}} for the first time.",
    "zh-TW": "{{agent}} 第一次要求使用 {{tool}}。",
  },
  tool_changed: {
    tone: "look",
    en: "The tool changed, and {{by}} accepted it as it is now on {{date}}.",
    "zh-TW": "這個工具曾變更，{{by}} 於 {{date}} 接受了現在的版本。",
  },
  tool_reads_oddly: {
    tone: "look",
    en: "The tool's description reads oddly: {{what}}.",
    "zh-TW": "工具的說明有異常：{{what}}。",
  },
  arguments_read_oddly: {
    tone: "look",
    en: "The arguments read oddly: {{what}}.",
    "zh-TW": "參數內容有異常：{{what}}。",
  },
  arguments_hide_characters: {
    tone: "stop",
    en: "The arguments hold characters that nobody sees; the table shows them by number.",
    "zh-TW": "參數含有看不見的字元；表格以編號顯示。",
  },
  whole_root: {
    tone: "stop",
    en: "{{path}} names a whole file system or home folder.",
    "zh-TW": "{{path}} 指向整個檔案系統或家目錄。",
  },
  wildcard: {
    tone: "look",
    en: "{{path}} has a wildcard: it can mean many things at once.",
    "zh-TW": "{{path}} 含有萬用字元：可能一次涵蓋許多對象。",
  },
  parent_folder: {
    tone: "look",
    en: "{{path}} climbs to a parent folder (..).",
    "zh-TW": "{{path}} 會往上層資料夾移動（..）。",
  },
} as const;

export type RiskKey = keyof typeof RISK_WORDS;

/** One thing that is worth a second look, as it is kept. */
export interface Risk {
  key: RiskKey;
  params: WordParams;
}

/** A risk as it is shown; one that a newer version has written is shown by its key. */
export function riskInWords(risk: { key: string; params: WordParams }, language: "en" | "zh-TW") {
  const { key, params } = risk;
  if (!Object.hasOwn(RISK_WORDS, key)) return { key, params, text: key, tone: "look" as const };
  const words = RISK_WORDS[key as RiskKey];
  return { key, params, text: fillWords(words, params, language), tone: words.tone };
}
