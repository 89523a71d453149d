import { type ApprovalEffects, type ApprovalRow, voidQuestionsOfRuns } from "../approvals/index.ts";
import type { Tx } from "../platform/database/index.ts";
import type { Jobs } from "../platform/jobs/index.ts";
import { endCallsThatAsked } from "./asked.ts";

/**
 * What transitions and closed questions set off across features, in one transaction.
 *
 * @param tellOfClosed what those who asked the questions elsewhere do when they are closed
 */
export function createEffects(
  { send }: Pick<Jobs, "send">,
  tellOfClosed?: (
    tx: Tx,
    jobs: Pick<Jobs, "send">,
    questions: readonly ApprovalRow[],
  ) => Promise<void>,
): ApprovalEffects {
  const effects: ApprovalEffects = {
    send,
    onRunsEnded: (tx, runs) => voidQuestionsOfRuns(tx, effects, runs),
    async onQuestionsClosed(tx, questions, ending) {
      // Both are on their way before the first is answered.
      await Promise.all([
        endCallsThatAsked(tx, questions, ending),
        tellOfClosed?.(tx, { send }, questions),
      ]);
    },
  };
  return effects;
}
