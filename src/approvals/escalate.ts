import { sql } from "kysely";
import { appendAudit, systemActor } from "../audit/index.ts";
import type { EscalationStep } from "../contracts/index.ts";
import { announce } from "../platform/database/changes.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { type DueQuestions, eachDueQuestion } from "./due.ts";
import type { ApprovalEffects } from "./effects.ts";
import type { ApprovalRow } from "./queries.ts";

const SWEEPER = systemActor("sweeper");

/**
 * Takes the steps that are due about questions nobody has decided yet, each once: that it is done, who may decide from
 * then on, the audit entry and the job that tells people are one transaction.
 *
 * @param signal when it aborts, the rest is left to the next round
 * @throws AggregateError with those that failed
 */
export function takeDueSteps(
  db: Database,
  effects: ApprovalEffects,
  signal?: AbortSignal,
): Promise<void> {
  const takeAll = async (tx: Tx, { questions }: DueQuestions) => {
    for (const question of questions)
      if (!question.is_past && question.is_step_due) await takeStep(tx, effects, question);
  };
  return eachDueQuestion(db, "next_step_at", takeAll, signal);
}

async function takeStep(tx: Tx, effects: ApprovalEffects, question: ApprovalRow): Promise<void> {
  const { project_id, run_id, approval_id, steps_done: at } = question;
  const steps = question.escalation as unknown as EscalationStep[];
  const step = steps[at];
  const next = steps[at + 1];
  const group = step?.to_group;
  await tx
    .updateTable("approvals")
    .set({
      steps_done: at + 1,
      next_step_at: next
        ? sql<string>`created_at + make_interval(secs => ${next.after_seconds})`
        : null,
      ...(group === undefined ? {} : { escalated_groups: withGroup(question, group) }),
    })
    .where("project_id", "=", project_id)
    .where("approval_id", "=", approval_id)
    .execute();
  await appendAudit(tx, {
    projectId: project_id,
    actor: SWEEPER,
    action: group === undefined ? "run.approval.remind" : "run.approval.escalate",
    subject: { kind: "approval", id: approval_id },
    details: { run_id, step: at + 1, ...step },
  });
  await announce(tx, { project_id, kind: "approval", id: approval_id });
  await effects.send(tx, "approval.reminder", { project_id, run_id, approval_id, step: at });
}

function withGroup({ escalated_groups }: ApprovalRow, group: string): string[] {
  return [...new Set([...escalated_groups, group])];
}
