import type { Tx } from "../platform/database/index.ts";
import { redact } from "../platform/redact.ts";
import { distanceBetween } from "./arguments-table.ts";
import type { ExactCall } from "./rules.ts";

/** A question whose changes were requested, and which nothing has taken the place of yet. */
interface Unrevised {
  approval_id: string;
  revision: number;
  args_display: Record<string, unknown>;
}

const CANDIDATES_MAX = 20;

/**
 * Which of the questions that wait for another proposal this one takes the place of: the one whose arguments it changes
 * least; of equals the first, which is the one decided last.
 */
function closestTo(
  args: Record<string, unknown>,
  candidates: readonly Unrevised[],
): Unrevised | undefined {
  const shown = redact(args) as Record<string, unknown>;
  const distances = candidates.map((one) => distanceBetween(one.args_display, shown));
  return candidates[distances.indexOf(Math.min(...distances))];
}

/**
 * The question that a new one is the next revision of: about the same tool of the same step in the same run, answered with
 * a wish for changes that the agent has been told of. Only a wish for changes makes one. A rejection was a no, so what
 * comes after it is asked anew; an edit was carried out, so what comes after it is another call; and a proposal made before
 * the wish was heard does not answer it. The transaction has locked the run.
 */
export async function revisedQuestion(
  tx: Tx,
  call: ExactCall,
  args: Record<string, unknown>,
): Promise<{ approval_id: string; revision: number } | undefined> {
  const candidates = await tx
    .selectFrom("approvals as a")
    .select(["a.approval_id", "a.revision", "a.args_display"])
    .where("a.project_id", "=", call.projectId)
    .where("a.run_id", "=", call.runId)
    .where("a.tool_name", "=", call.tool)
    .where("a.server", "=", call.server)
    .where("a.call_key", "=", call.callKey)
    .where("a.status", "=", "changes_requested")
    .where("a.answered_at", "is not", null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("approvals as next")
            .select("next.approval_id")
            .whereRef("next.project_id", "=", "a.project_id")
            .whereRef("next.revision_of", "=", "a.approval_id"),
        ),
      ),
    )
    .orderBy("a.decided_at", "desc")
    .limit(CANDIDATES_MAX)
    .execute();
  return closestTo(args, candidates as Unrevised[]);
}
