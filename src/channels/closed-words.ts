import { voidReasonInChinese } from "../approvals/index.ts";
import { oneLine } from "./preview.ts";

/** What became of a question that a message asked. */
export interface ClosedQuestion {
  /** `edited`: it goes on about other arguments; `approved_edited`: it was about other ones when it was approved. */
  status:
    | ("approved" | "approved_edited" | "rejected" | "changes_requested")
    | ("expired" | "voided" | "edited");
  /** Who decided so, by their names. */
  by: readonly string[];
  /** When, as the database says it (ISO 8601, UTC). */
  at: string;
  /** The deciders' words, or why it no longer stands. */
  reason: string | null;
}

const REASON_MAX = 500;

const WORDS = {
  en: {
    approved: (by: string, at: string) => `Approved by ${by}, ${at}`,
    approved_edited: (by: string, at: string) =>
      `Approved by ${by}, ${at}, with other arguments than these`,
    edited: (by: string, at: string) =>
      `Edited by ${by}, ${at}; another message asks about the new arguments`,
    rejected: (by: string, at: string) => `Rejected by ${by}, ${at}`,
    changes_requested: (by: string, at: string) => `Changes requested by ${by}, ${at}`,
    expired: (_: string, at: string) => `Expired: nobody had decided by ${at}`,
    voided: (_: string, at: string) => `No longer asked since ${at}`,
    reason: (reason: string) => `: ${reason}`,
    between: ", ",
    somebody: "somebody",
  },
  "zh-TW": {
    approved: (by: string, at: string) => `已由 ${by} 核准，${at}`,
    approved_edited: (by: string, at: string) => `已由 ${by} 以不同於此的參數核准，${at}`,
    edited: (by: string, at: string) => `已由 ${by} 修改，${at}；新參數另有訊息詢問`,
    rejected: (by: string, at: string) => `已由 ${by} 駁回，${at}`,
    changes_requested: (by: string, at: string) => `${by} 要求修改，${at}`,
    expired: (_: string, at: string) => `已逾期：截至 ${at} 無人決定`,
    voided: (_: string, at: string) => `自 ${at} 起不再詢問`,
    reason: (reason: string) => `：${reason}`,
    between: "、",
    somebody: "某人",
  },
} as const;

/** Who decided what and when, on one line. */
export function closedWords(language: keyof typeof WORDS, closed: ClosedQuestion): string {
  const words = WORDS[language];
  const at = `${closed.at.slice(0, 16).replace("T", " ")} UTC`;
  const by = closed.by.join(words.between) || words.somebody;
  const why = whyIn(language, closed);
  const reason = why ? words.reason(oneLine(why, REASON_MAX)) : "";
  return words[closed.status](by, at) + reason;
}

/** Of a question that is void, the server's own words; of any other a person's, whatever language they are in. */
function whyIn(language: keyof typeof WORDS, { status, reason }: ClosedQuestion): string | null {
  if (status !== "voided" || reason === null || language === "en") return reason;
  return voidReasonInChinese(reason) ?? reason;
}
