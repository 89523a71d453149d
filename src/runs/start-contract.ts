import { fillWords, type Template, type WordParams } from "../platform/words-contract.ts";

const LIVE_EN =
  "is canary: this alert's place is {{place}} of 0 to 99, below {{percent}}, so it runs live";
const SHADOW_EN =
  "is canary: this alert's place is {{place}} of 0 to 99, not below {{percent}}, so it runs as a shadow";
const LIVE_ZH = "為金絲雀：此警報位於 0 至 99 中的 {{place}}，小於 {{percent}}，因此真正執行";
const SHADOW_ZH = "為金絲雀：此警報位於 0 至 99 中的 {{place}}，不小於 {{percent}}，因此為影子執行";

/** Why a trigger's run is a shadow run, or live though not all are. */
const STARTS = {
  project_shadow: { en: "the project's mode is shadow", "zh-TW": "專案模式為影子" },
  agent_shadow: { en: "the agent's mode is shadow", "zh-TW": "代理模式為影子" },
  project_canary_live: { en: `the project's mode ${LIVE_EN}`, "zh-TW": `專案模式${LIVE_ZH}` },
  project_canary_shadow: { en: `the project's mode ${SHADOW_EN}`, "zh-TW": `專案模式${SHADOW_ZH}` },
  agent_canary_live: { en: `the agent's mode ${LIVE_EN}`, "zh-TW": `代理模式${LIVE_ZH}` },
  agent_canary_shadow: { en: `the agent's mode ${SHADOW_EN}`, "zh-TW": `代理模式${SHADOW_ZH}` },
} as const satisfies Record<string, Template>;

export type StartKey = keyof typeof STARTS;

/** Why a run was started as it was: for programs `key` and `params`, for people words. */
export interface StartReason {
  key: StartKey;
  params: WordParams;
}

/** In words; in English as it stands in the run's first transition. */
export function startWords({ key, params }: StartReason, language: "en" | "zh-TW"): string {
  return fillWords(STARTS[key], params, language);
}

const READERS = Object.entries(STARTS).map(([key, { en }]) => {
  const pattern = en.replaceAll(/\{\{(\w+)\}\}/g, "(?<$1>\\d{1,3})");
  return [key as StartKey, new RegExp(`^${pattern}$`)] as const;
});

/** The opposite of `startWords` in English; undefined for what began for another reason. */
export function readStart(reason: string): StartReason | undefined {
  for (const [key, pattern] of READERS) {
    const found = pattern.exec(reason);
    if (!found) continue;
    const params = Object.entries(found.groups ?? {}).map(([name, text]) => [name, Number(text)]);
    return { key, params: Object.fromEntries(params) };
  }
  return undefined;
}
