import type { Tx } from "../platform/database/index.ts";
import type { ErrorCode } from "../platform/errors.ts";
import type { RunEffects } from "../runs/index.ts";
import type { ApprovalRow } from "./queries.ts";

/** What the closing of a question sets off, inside its transaction. */
export interface ApprovalEffects extends RunEffects {
  /** Called when questions of a project are open no more, with how they ended in words. */
  onQuestionsClosed?: (
    tx: Tx,
    questions: readonly ApprovalRow[],
    ending: QuestionEnding,
  ) => Promise<void>;
}

export interface QuestionEnding {
  status: "approved" | "rejected" | "changes_requested" | "expired" | "voided";
  reason: string;
  /** What the agent is told, where that is not the same for all that end so. */
  code?: ErrorCode;
}
