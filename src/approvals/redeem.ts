import { sql } from "kysely";
import type { Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { exactCallOf } from "./arguments.ts";
import type { ApprovalRow } from "./queries.ts";
import { type ExactCall, firstDifference } from "./rules.ts";
import type { ApprovalToken, Signer } from "./signing.ts";

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
  const difference =
    firstDifference(token.call, call) ??
    firstDifference(token.call, exactCallOf(question)) ??
    otherQuestion(token, question);
  if (difference !== undefined) {
    throw new AppError("E-APPR-MISMATCH", `The approval is for another ${difference}.`);
  }
  if (await spend(tx, question, token, { call, callId })) return;
  const late = question.redeemed_at === null && !(await wasUsed(tx, question));
  throw late
    ? new AppError("E-APPR-EXPIRED", "The approval was not used in time.")
    : new AppError(
        "E-APPR-USED",
        "The approval has been used for a call already; each is good for one.",
      );
}

/** @returns whether it could be used: it was not before, by all that is written of it, and its time is not over */
async function spend(
  tx: Tx,
  question: ApprovalRow,
  token: ApprovalToken,
  use: { call: ExactCall; callId: string },
): Promise<boolean> {
  const { project_id, approval_id, run_id, jti } = question;
  // Tokens name the second in which they are over, those of the release before no time more exact than that.
  const second = new Date(token.expiresAt.getTime() + 1_000).toISOString();
  const { rows } = await sql`
    with used as (
      insert into approval_redemptions (project_id, jti, approval_id, run_id, call_id, args_hash)
      select project_id, jti, approval_id, run_id, ${use.callId}::uuid, ${use.call.argsHash} from approvals
      where project_id = ${project_id} and approval_id = ${approval_id} and run_id = ${run_id} and status = 'approved'
        and jti = ${jti} and redeemed_at is null and redeem_by > clock_timestamp()
        and ${second}::timestamptz > clock_timestamp()
      on conflict do nothing returning approval_id, redeemed_at
    )
    update approvals a set redeemed_at = used.redeemed_at, redeemed_call_id = ${use.callId} from used
    where a.project_id = ${project_id} and a.approval_id = used.approval_id
    returning 1`.execute(tx);
  return rows.length === 1;
}

async function wasUsed(tx: Tx, { project_id, jti }: ApprovalRow): Promise<boolean> {
  const { rows } = await sql`select 1 from approval_redemptions
    where project_id = ${project_id} and jti = ${jti}`.execute(tx);
  return rows.length === 1;
}

/** What the token says of its question that the question's row does not; undefined when they agree. */
function otherQuestion(token: ApprovalToken, question: ApprovalRow): string | undefined {
  if (token.approvalId !== question.approval_id || token.jti !== question.jti) return "question";
  const isOfThisTime = token.redeemBy === undefined || token.redeemBy === question.redeem_by;
  return isOfThisTime ? undefined : "time";
}

/** Notes that the agent has been told of a refusal, a wish for changes or an expiry, so that the same call may ask anew. */
export async function markAnswered(tx: Tx, question: ApprovalRow): Promise<void> {
  await sql`update approvals set answered_at = coalesce(answered_at, clock_timestamp())
    where project_id = ${question.project_id} and approval_id = ${question.approval_id}`.execute(
    tx,
  );
}
