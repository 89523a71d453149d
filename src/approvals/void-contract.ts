import { fillWords, type Template, type WordParams } from "../platform/words-contract.ts";

/**
 * Why a question can't be answered any more. What is kept of it, in `void_reason`, is the English sentence, so that is
 * what a reason is known by where it is read again.
 */
const VOID_REASONS = {
  run_completed: { en: "the run was completed", "zh-TW": "執行已完成" },
  run_failed: { en: "the run was failed", "zh-TW": "執行已失敗" },
  run_cancelled: { en: "the run was cancelled", "zh-TW": "執行已取消" },
  run_timed_out: { en: "the run was timed_out", "zh-TW": "執行已逾時" },
  project_deactivated: { en: "the project was deactivated", "zh-TW": "專案已停用" },
  call_withdrawn: { en: "the agent has withdrawn the call", "zh-TW": "代理已撤回這次呼叫" },
  tool_changed: {
    en: "{{server}}/{{tool}} is no longer what was pinned",
    "zh-TW": "{{server}}/{{tool}} 已與釘選時不同",
  },
  contract_retired: {
    en: "the contract {{contract}} {{version}} was retired",
    "zh-TW": "合約 {{contract}} {{version}} 已永久除役",
  },
} as const satisfies Record<string, Template>;
type VoidCode = keyof typeof VOID_REASONS;

/** The sentence that is kept. */
export function voidReason(code: VoidCode, params: WordParams = {}): string {
  return fillWords(VOID_REASONS[code], params, "en");
}

/** Finds the parameters of a sentence; a name has no space in it. */
const asPattern = ({ en }: Template) =>
  new RegExp(`^${en.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => `(?<${name}>\\S+?)`)}$`);

const KNOWN = Object.values(VOID_REASONS).map(
  (template) => [template, asPattern(template)] as const,
);

/** A kept sentence in Chinese; undefined for one that is nobody's of these. */
export function voidReasonInChinese(reason: string): string | undefined {
  for (const [template, pattern] of KNOWN) {
    const found = pattern.exec(reason);
    if (found) return fillWords(template, { ...found.groups }, "zh-TW");
  }
  return undefined;
}
