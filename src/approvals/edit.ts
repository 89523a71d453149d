import { canonicalHash } from "../platform/canonical.ts";
import { jsonb, type Tx } from "../platform/database/index.ts";
import { redact } from "../platform/redact.ts";
import type { Sealer } from "../platform/sealing.ts";
import type { RunRow } from "../runs/index.ts";
import { currentHash, sealEdited } from "./arguments.ts";
import type { ApprovalRow } from "./queries.ts";
import type { Risk } from "./risk-contract.ts";

/** What a contract says in words about a call with certain arguments, per language. */
export interface QuestionWords {
  headline?: Record<string, string>;
  blastRadius?: Record<string, string>;
  estimate?: Record<string, string>;
  /** What of the tool and the arguments is worth a second look. */
  risks: readonly Risk[];
}

/** A call that a person wants executed with other arguments than it was asked for with. */
export interface EditedCall {
  run: RunRow;
  question: ApprovalRow;
  args: Record<string, unknown>;
}

/**
 * Asks the gates about edited arguments, in the deciding transaction, and says in words what the call would do now.
 *
 * @throws AppError what the gate that does not let them pass says
 */
export type CheckEdit = (tx: Tx, edited: EditedCall) => Promise<QuestionWords>;

/**
 * Puts edited arguments in the place of those the question was about. Other ones begin a new round, in which the
 * approvals so far do not count: nobody has approved what they have not seen.
 *
 * @returns the question as it is now
 * @throws AppError what a gate says of the arguments
 */
export async function editQuestion(
  tx: Tx,
  deps: { sealer: Sealer; checkEdit: CheckEdit },
  edited: EditedCall & { editor: string },
): Promise<ApprovalRow> {
  const { question, args } = edited;
  const words = await deps.checkEdit(tx, edited);
  const hash = canonicalHash(args);
  if (hash === currentHash(question)) return question;
  const isAsAsked = hash === question.asked_hash;
  const row = await tx
    .updateTable("approvals")
    .set({
      round: question.round + 1,
      approved_hash: hash,
      edited_by: edited.editor,
      approved_args_ciphertext: isAsAsked ? null : sealEdited(deps.sealer, question, args),
      approved_args_display: isAsAsked ? null : jsonb(redact(args)),
      headline: words.headline ? jsonb(words.headline) : null,
      blast_radius: words.blastRadius ? jsonb(words.blastRadius) : null,
      estimate: words.estimate ? jsonb(words.estimate) : null,
      risks: jsonb(redact([...firstOf(question), ...words.risks])),
    })
    .where("project_id", "=", question.project_id)
    .where("approval_id", "=", question.approval_id)
    .where("status", "=", "open")
    .returningAll()
    .executeTakeFirstOrThrow();
  const { is_past, is_past_redeem, is_step_due } = question;
  return { ...row, is_past, is_past_redeem, is_step_due };
}

/** That its agent asks for the first time stays true of other arguments. */
function firstOf({ risks }: ApprovalRow): Risk[] {
  const kept = (risks ?? []) as unknown as Risk[];
  return kept.filter(({ key }) => key === "first_of_agent");
}
