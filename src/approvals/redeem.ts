import { sql } from "kysely";
import type { Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import type { ApprovalRow } from "./queries.ts";
import { type ExactCall, firstDifference } from "./rules.ts";
import type { Signer } from "./signing.ts";

/**
 * Uses up an approval for the call about to be executed, as part of the executing transaction. The token's signature
 * is checked, every bound field compared, and the single use taken by compare-and-set.
 *
 * @param question the approval, locked
 * @throws AppError E-APPR-MISMATCH (names the field), E-APPR-USED, E-APPR-EXPIRED
 */
export async function redeem(
  tx: Tx,
  signer: Signer,
  question: ApprovalRow,
  call: ExactCall,
  callId: string,
): Promise<void> {
  if (question.token === null || question.jti === null) {
    throw new AppError("E-APPR-MISMATCH", "The question has not been approved.");
  }
  const token = await signer.verify(tx, question.token);
  const difference = firstDifference(token.call, call);
  if (
    difference !== undefined ||
    token.approvalId !== question.approval_id ||
    token.jti !== question.jti
  ) {
    throw new AppError(
      "E-APPR-MISMATCH",
      `The approval is for another ${difference ?? "question"}.`,
    );
  }
  const { rows } = await sql`
    update approvals set redeemed_at = clock_timestamp(), redeemed_call_id = ${callId}
    where project_id = ${question.project_id} and approval_id = ${question.approval_id} and status = 'approved'
      and jti = ${question.jti} and redeemed_at is null and redeem_by > clock_timestamp()
    returning 1`.execute(tx);
  if (rows.length === 1) return;
  if (question.redeemed_at !== null) {
    throw new AppError(
      "E-APPR-USED",
      "The approval has been used for a call already; each is good for one.",
    );
  }
  throw new AppError("E-APPR-EXPIRED", "The approval was not used in time.");
}

/** Notes that the agent has been told of a refusal, a wish for changes or an expiry, so that the same call may ask anew. */
export async function markAnswered(tx: Tx, question: ApprovalRow): Promise<void> {
  await sql`update approvals set answered_at = coalesce(answered_at, clock_timestamp())
    where project_id = ${question.project_id} and approval_id = ${question.approval_id}`.execute(
    tx,
  );
}
