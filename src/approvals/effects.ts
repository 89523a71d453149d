import type { Tx } from "../platform/database/index.ts";
import type { RunEffects } from "../runs/index.ts";
import type { ApprovalRow } from "./queries.ts";

/** What the closing of a question sets off, inside its transaction. */
export interface ApprovalEffects extends RunEffects {
  /** Called when a question is open no more, with how it ended in words. */
  onQuestionClosed?: (tx: Tx, question: ApprovalRow, ending: QuestionEnding) => Promise<void>;
}

export interface QuestionEnding {
  status: "approved" | "rejected" | "changes_requested" | "expired" | "voided";
  reason: string;
}
