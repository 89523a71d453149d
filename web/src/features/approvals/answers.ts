/** The answers to a question that the console has words for, as the journal names them. */
const ANSWERS = ["approve", "edit", "reject", "request_changes"] as const;
export type AnswerName = (typeof ANSWERS)[number];

/** Undefined for an answer of a newer server. */
export const answerName = (decision: string | null): AnswerName | undefined =>
  ANSWERS.find((name) => name === decision);

/** How an answer looks: a call that was let pass, one that was refused, or one that is to be proposed anew. */
export function lookOf(decision: string | null): { glyph: "granted" | "refused"; tone: string } {
  const isYes = decision === "approve" || decision === "edit";
  return {
    glyph: isYes ? "granted" : "refused",
    tone: decision === "reject" ? "text-stop-text" : "text-you-text",
  };
}

/** Whether a decision counts towards the approvals a question needs; of arguments edited since, none does. */
export const isYes = (decision: { decision: string; counts: boolean }): boolean =>
  decision.counts && (decision.decision === "approve" || decision.decision === "edit");
