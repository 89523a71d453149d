import { noRightInWords, type readQuestions } from "../approvals/index.ts";
import type { AppError, ErrorCode } from "../platform/errors.ts";
import type { Language } from "./chat-types.ts";
import { chatWords, minuteOf } from "./chat-words.ts";

type Question = Awaited<ReturnType<typeof readQuestions>>[number];

/** How a question that nobody can decide about any more stands, in words; undefined while somebody can. */
export function standingOf(
  question: Pick<Question, "status" | "decisions">,
  language: Language,
): { code: ErrorCode; words: string } | undefined {
  if (question.status === "open") return undefined;
  if (question.status === "expired")
    return { code: "E-APPR-EXPIRED", words: chatWords("expired", language) };
  if (question.status === "voided")
    return { code: "E-APPR-VOIDED", words: chatWords("voided", language) };
  return { code: "E-APPR-DECIDED", words: decidedIn(question.decisions.at(-1), language) };
}

interface Decided {
  actor: string;
  decision: string;
  at: string;
}

const DID = {
  approve: "did_approve",
  reject: "did_reject",
  request_changes: "did_request_changes",
  edit: "did_edit",
} as const;

/** Who decided, when and how. */
function decidedIn(last: Decided | undefined, language: Language): string {
  if (!last || !Object.hasOwn(DID, last.decision)) return chatWords("has_decided", language);
  const word = DID[last.decision as keyof typeof DID];
  return chatWords(word, language, { actor: last.actor, time: minuteOf(last.at) });
}

type WhyNot = Parameters<typeof noRightInWords>;

/** Why it could not be decided, for whoever pressed. */
export function refusalIn({ code, extra }: AppError, language: Language): string {
  const { why, standing } = (extra ?? {}) as {
    why?: { key: WhyNot[0]; params: WhyNot[1] };
    standing?: Decided | null;
  };
  if (why) return noRightInWords(why.key, why.params, language);
  if (code === "E-APPR-DECIDED") return decidedIn(standing ?? undefined, language);
  if (code === "E-APPR-EXPIRED") return chatWords("expired", language);
  if (code === "E-APPR-CHANGED") return chatWords("changed", language);
  if (code === "E-RUN-STATE" || code === "E-APPR-VOIDED") return chatWords("voided", language);
  return chatWords("not_possible", language, { code });
}
