import type { ApprovalRow, QuestionEnding } from "../approvals/index.ts";
import type { Tx } from "../platform/database/index.ts";
import type { ErrorCode } from "../platform/errors.ts";
import { endAskedCalls } from "./records.ts";

const CODES: Record<QuestionEnding["status"], ErrorCode> = {
  approved: "E-APPR-REQUIRED",
  rejected: "E-APPR-REJECTED",
  changes_requested: "E-APPR-CHANGES",
  expired: "E-APPR-EXPIRED",
  voided: "E-APPR-VOIDED",
};

/** Ends the calls that asked, when their questions are closed. */
export async function endCallsThatAsked(
  tx: Tx,
  questions: readonly ApprovalRow[],
  ending: QuestionEnding,
): Promise<void> {
  const reason = `Asked a person: ${ending.reason}.`;
  await endAskedCalls(tx, questions, { code: ending.code ?? CODES[ending.status], reason });
}
