import type { ApprovalRow, QuestionEnding } from "../approvals/index.ts";
import type { Tx } from "../platform/database/index.ts";
import type { ErrorCode } from "../platform/errors.ts";
import { endAskedCall } from "./records.ts";

const CODES: Record<QuestionEnding["status"], ErrorCode> = {
  approved: "E-APPR-REQUIRED",
  rejected: "E-APPR-REJECTED",
  changes_requested: "E-APPR-CHANGES",
  expired: "E-APPR-EXPIRED",
  voided: "E-APPR-VOIDED",
};

/** Ends the call that asked, when its question is closed; registered as the approvals feature's listener. */
export async function onQuestionClosed(
  tx: Tx,
  question: ApprovalRow,
  ending: QuestionEnding,
): Promise<void> {
  const reason = `Asked a person: ${ending.reason}.`;
  await endAskedCall(tx, question, { code: CODES[ending.status], reason });
}
