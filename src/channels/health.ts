import type { ChannelHealth } from "./channels-contract.ts";

/** What is known of a channel when its health is judged. */
export interface HealthFacts {
  /** Since the hour before the present one began. */
  events: number;
  refused: number;
  /** Whether anything came in or went out in the last 24 hours. */
  isUsed: boolean;
  /** Whether the newest message that was either sent or given up was given up. */
  isLastGivenUp: boolean;
  /** Whether its provider can't be asked for what was said, or told where to post it. */
  isDeaf: boolean;
  /** Whether the oldest message that waits has been tried for five minutes. */
  isStuck: boolean;
}

const WORDS: Record<ChannelHealth["code"], Record<"en" | "zh-TW", string>> = {
  ok: { en: "Nothing is wrong.", "zh-TW": "一切正常。" },
  unused: {
    en: "Nothing has come in or gone out in the last 24 hours.",
    "zh-TW": "過去 24 小時沒有任何收發。",
  },
  refusing: {
    en: "All that came in lately was refused: most likely the sender has another secret.",
    "zh-TW": "近期收到的內容全部被拒：傳送端的密鑰很可能不同。",
  },
  not_receiving: {
    en: "Messages can't be received; the error says why, and it is tried again.",
    "zh-TW": "無法接收訊息，原因見錯誤；系統會自動重試。",
  },
  failing: {
    en: "Messages can't be delivered; the last error says why.",
    "zh-TW": "訊息無法送達，原因見最後一則錯誤。",
  },
};

/** How a channel is, the worst first. */
export function healthOf(facts: HealthFacts, language: "en" | "zh-TW"): ChannelHealth {
  const code = codeOf(facts);
  return { code, words: WORDS[code][language] };
}

function codeOf(facts: HealthFacts): ChannelHealth["code"] {
  if (facts.isLastGivenUp || facts.isStuck) return "failing";
  if (facts.isDeaf) return "not_receiving";
  if (facts.refused > 0 && facts.events === 0) return "refusing";
  return facts.isUsed ? "ok" : "unused";
}
