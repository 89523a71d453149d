import { type ApprovalEffects, voidQuestionsOfRuns } from "../approvals/index.ts";
import type { Jobs } from "../platform/jobs/index.ts";
import { onQuestionsClosed } from "./asked.ts";

/** What transitions and closed questions set off across features, in one transaction. */
export function createEffects({ send }: Pick<Jobs, "send">): ApprovalEffects {
  const effects: ApprovalEffects = {
    send,
    onRunsEnded: (tx, runs) => voidQuestionsOfRuns(tx, effects, runs),
    onQuestionsClosed,
  };
  return effects;
}
