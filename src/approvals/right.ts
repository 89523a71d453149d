import type { Tx } from "../platform/database/index.ts";
import { AppError, type ErrorCode } from "../platform/errors.ts";
import { type NoRightKey, noRightInWords } from "./approver-contract.ts";
import {
  type Decider,
  deciderOf,
  isRefused,
  isSeparated,
  type NoRight,
  type People,
  type Right,
  rightOf,
  type Yes,
} from "./approvers.ts";
import type { Decision } from "./contract.ts";
import { ruleOf } from "./people.ts";
import { type ApprovalRow, decisionsOf } from "./queries.ts";

/** The error that each reason comes to. */
export const NO_RIGHT_CODES: Record<NoRightKey, ErrorCode> = {
  key_viewer: "E-FORBIDDEN",
  member_viewer: "E-APPR-NOT-APPROVER",
  member_inactive: "E-APPR-NOT-APPROVER",
  not_a_member: "E-APPR-NOT-APPROVER",
  not_in_group: "E-APPR-NOT-APPROVER",
  is_requester: "E-APPR-SELF",
  is_author: "E-APPR-SELF",
  is_editor: "E-APPR-SELF",
  lent_by_excluded: "E-APPR-SELF",
  was_counted: "E-APPR-DECIDED",
  lender_counted: "E-APPR-DECIDED",
  has_decided: "E-APPR-DECIDED",
};

const isLate = (key: NoRightKey) => NO_RIGHT_CODES[key] === "E-APPR-DECIDED";

/** The yeses among decisions about what a question is about now. */
export function yesesOf(
  decisions: readonly { actor_id: string; counts_for: string | null; round: number }[],
  round: number,
): Yes[] {
  return decisions.flatMap(({ actor_id, counts_for, round: of }) =>
    of === round && counts_for !== null ? [{ actor_id, counts_for }] : [],
  );
}

const isYes = (decision: Decision) => decision === "approve" || decision === "edit";

/**
 * Refuses whoever may not decide so about a question, whether it is still open or not. Who has counted already is told
 * so later, by what stands.
 *
 * @throws AppError E-FORBIDDEN, E-APPR-NOT-APPROVER, E-APPR-SELF
 */
export function requireRight(
  question: ApprovalRow,
  people: People,
  decider: Decider,
  decision: Decision,
): void {
  const found = isYes(decision)
    ? rightOf(ruleOf(question), people, [], decider)
    : deciderOf(people, decider);
  if (typeof found !== "string" && isRefused(found)) throw refusal(found);
}

/** The rule that allowed a decision, as it is kept with it. */
export interface Allowed {
  countsFor: string | null;
  delegationId: string | null;
  allowedBy: {
    role: string;
    group: string | null;
    delegated_by: string | null;
    delegation_id: string | null;
    /** Whether the rules that need a second person were on. */
    separation: boolean;
  };
}

/**
 * By what right a decision is made and whose yes it is, given the question as it stands after it.
 *
 * @throws AppError as `requireRight`, and E-APPR-DECIDED when their yes has been counted already
 */
export async function allow(
  tx: Tx,
  asked: { question: ApprovalRow; people: People; decider: Decider; decision: Decision },
): Promise<Allowed> {
  const { question, people, decider, decision } = asked;
  const separation = isSeparated(people);
  const plain = { group: null, delegated_by: null, delegation_id: null, separation };
  const role = deciderOf(people, decider);
  if (typeof role !== "string") throw refusal(role);
  if (!isYes(decision))
    return { countsFor: null, delegationId: null, allowedBy: { role, ...plain } };
  const given = yesesOf(
    await decisionsOf(tx, question.project_id, question.approval_id),
    question.round,
  );
  const right = rightOf(ruleOf(question), people, given, decider);
  // Their own arguments, which they could put in because they might have approved: another person has to say yes.
  if (isRefused(right) && right.key === "is_editor" && decision === "edit")
    return { countsFor: null, delegationId: null, allowedBy: { role, ...plain } };
  if (isRefused(right)) throw refusal(right);
  return allowedBy(right, separation, decider);
}

function allowedBy(right: Right, separation: boolean, decider: Decider): Allowed {
  const { role, group, countsFor, delegationId } = right;
  const delegated_by = countsFor === decider.id ? null : countsFor;
  const of = { role, group, delegated_by, delegation_id: delegationId, separation };
  return { countsFor, delegationId, allowedBy: of };
}

function refusal({ key, params }: NoRight): AppError {
  const extra = { why: { key, params }, ...(isLate(key) ? { standing: null } : {}) };
  return new AppError(NO_RIGHT_CODES[key], noRightInWords(key, params, "en"), { extra });
}
