import { sql } from "kysely";
import { type Actor, appendAudit } from "../audit/index.ts";
import { announce } from "../platform/database/changes.ts";
import type { Tx } from "../platform/database/index.ts";
import { lockRun } from "../runs/index.ts";
import { closeQuestion, resumeIfAnswered } from "./close.ts";
import type { ApprovalEffects } from "./effects.ts";
import { expireQuestionsOf } from "./expire.ts";
import { lockApproval } from "./queries.ts";

/**
 * Takes a question back, for whoever asked it: an open one is void, and an approval that was not used can't be any more.
 * Nothing happens to one that has been used, or was answered otherwise.
 *
 * @returns whether the call that was asked for can't be made any more because of this
 */
export async function withdrawQuestion(
  tx: Tx,
  effects: ApprovalEffects,
  question: { projectId: string; runId: string; approvalId: string },
  by: { actor: Actor; reason: string },
): Promise<boolean> {
  const { projectId, runId, approvalId } = question;
  // The run first, as everywhere.
  const run = await lockRun(tx, projectId, runId);
  const found = await lockApproval(tx, projectId, approvalId);
  if (!run || found?.run_id !== runId) return false;
  // Nobody may decide about it any more, though no sweeper may have come by since.
  if (found.status === "open" && found.is_past) {
    await expireQuestionsOf(tx, effects, run);
    return false;
  }
  const isUnused = found.status === "approved" && found.redeemed_at === null;
  if (found.status !== "open" && !isUnused) return false;
  if (isUnused) {
    await sql`update approvals set redeem_by = least(redeem_by, clock_timestamp()),
        answered_at = coalesce(answered_at, clock_timestamp())
      where project_id = ${projectId} and approval_id = ${approvalId}`.execute(tx);
    await announce(tx, { project_id: projectId, kind: "approval", id: approvalId });
  } else {
    await closeQuestion(tx, effects, found, { status: "voided", reason: by.reason });
    await resumeIfAnswered(tx, effects, run, by.actor, by.reason);
  }
  await appendAudit(tx, {
    projectId,
    actor: by.actor,
    action: "run.approval.withdraw",
    subject: { kind: "approval", id: approvalId },
    details: { run_id: runId, reason: by.reason, was: found.status },
  });
  return true;
}
