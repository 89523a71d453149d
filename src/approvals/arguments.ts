import { canonicalJson } from "../platform/canonical.ts";
import type { Sealer } from "../platform/sealing.ts";
import type { ApprovalRow } from "./queries.ts";
import type { ExactCall } from "./rules.ts";

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

/** The exact call that a question is about now. */
export function exactCallOf(question: ApprovalRow): ExactCall {
  return {
    projectId: question.project_id,
    runId: question.run_id,
    callKey: question.call_key,
    server: question.server,
    tool: question.tool_name,
    argsHash: currentHash(question),
    revisionId: question.revision_id,
    contractHash: question.contract_hash,
  };
}

/** What is executed under an approval. */
export interface ApprovedArguments {
  /** Undefined where what was sealed can't be opened: it was changed, or its key is gone. */
  args: Args | undefined;
  /** A person has put them in the place of those the call was asked for with. */
  isEdited: boolean;
}

/**
 * The arguments that were approved, from where they were sealed: it is they that are executed, not what a repeated call
 * says. Undefined where no approval can be redeemed, and the call is made as it is asked for.
 */
export function approvedArguments(
  sealer: Sealer,
  question: ApprovalRow,
): ApprovedArguments | undefined {
  const isRedeemable =
    question.status === "approved" && question.redeemed_at === null && !question.is_past_redeem;
  if (!isRedeemable) return undefined;
  const edited = question.approved_args_ciphertext;
  const isEdited = edited !== null;
  const { project_id: projectId, approval_id: approvalId } = question;
  try {
    const args = isEdited
      ? (JSON.parse(sealer.open(edited, editedContext(question))) as Args)
      : askedArguments(sealer, { projectId, approvalId }, question.args_ciphertext);
    return { args, isEdited };
  } catch {
    return { args: undefined, isEdited };
  }
}
