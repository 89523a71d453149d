import { canonicalJson } from "../platform/canonical.ts";
import type { Sealer } from "../platform/sealing.ts";
import type { ApprovalRow } from "./queries.ts";

type Args = Record<string, unknown>;

/** Encrypts the arguments a question was asked about; its row is part of what is authenticated. */
export function sealAsked(
  sealer: Sealer,
  question: { projectId: string; approvalId: string },
  args: Args,
): Buffer {
  return sealer.seal(canonicalJson(args), askedContext(question));
}

function askedContext(question: { projectId: string; approvalId: string }): string {
  return `approvals/${question.projectId}/${question.approvalId}`;
}

/** The arguments a question was asked about, as they were. */
export function askedArguments(
  sealer: Pick<Sealer, "open">,
  question: { projectId: string; approvalId: string },
  box: Uint8Array,
): Args {
  return JSON.parse(sealer.open(box, askedContext(question))) as Args;
}

/** As `sealAsked`, for the arguments a person has put in their place; one box can't stand for the other. */
export function sealEdited(sealer: Sealer, question: ApprovalRow, args: Args): Buffer {
  return sealer.seal(canonicalJson(args), editedContext(question));
}

function editedContext(question: ApprovalRow): string {
  return `approvals/${question.project_id}/${question.approval_id}/edited`;
}

/** The hash of the arguments that a decision is about now: those asked for, or the edited ones in their place. */
export function currentHash(question: ApprovalRow): string {
  return question.approved_hash ?? question.asked_hash;
}

/**
 * The arguments to be executed in the place of the asked ones: a person edited them, and their approval can still be
 * redeemed. Undefined where the call is made as it was asked for.
 */
export function editedArguments(sealer: Sealer, question: ApprovalRow): Args | undefined {
  const box = question.approved_args_ciphertext;
  const isRedeemable =
    question.status === "approved" && question.redeemed_at === null && !question.is_past_redeem;
  if (box === null || !isRedeemable) return undefined;
  return JSON.parse(sealer.open(box, editedContext(question))) as Args;
}
