import { type Actor, appendAudit, systemActor } from "../audit/index.ts";
import type { Tx } from "../platform/database/index.ts";
import type { RunRow } from "../runs/index.ts";
import { closeQuestions, resumeIfAnswered } from "./close.ts";
import type { ApprovalEffects } from "./effects.ts";
import { closeExpired } from "./expire.ts";
import { lockOpenQuestionsOf } from "./queries.ts";

const BATCH = 500;
const SWEEPER = systemActor("sweeper");

/** Voids the open questions of runs that have ended alike; registered as the runs feature's listener. */
export async function voidQuestionsOfRuns(
  tx: Tx,
  effects: ApprovalEffects,
  runs: readonly RunRow[],
): Promise<void> {
  await voidOpenQuestions(tx, effects, runs, SWEEPER, `the run was ${runs[0]?.state}`);
}

/**
 * Voids the open questions of a run that waits, which the transaction has locked, and lets it go on: what a deactivated
 * project's runs waited for, nobody may answer any more.
 */
export async function voidQuestionsOfWaiting(
  tx: Tx,
  effects: ApprovalEffects,
  run: RunRow,
  by: { actor: Actor; reason: string },
): Promise<void> {
  await voidOpenQuestions(tx, effects, [run], by.actor, by.reason);
  await resumeIfAnswered(tx, effects, run, by.actor, by.reason);
}

async function voidOpenQuestions(
  tx: Tx,
  effects: ApprovalEffects,
  runs: readonly RunRow[],
  actor: Actor,
  reason: string,
): Promise<void> {
  for (;;) {
    const open = await lockOpenQuestionsOf(tx, runs, BATCH);
    // Whoever decided about one that is past was told already that it has expired; that stays so.
    await closeExpired(
      tx,
      effects,
      open.filter(({ is_past }) => is_past),
    );
    const others = open.filter(({ is_past }) => !is_past);
    await closeQuestions(tx, effects, others, { status: "voided", reason });
    await appendAudit(
      tx,
      others.map(({ project_id, approval_id, run_id }) => ({
        projectId: project_id,
        actor,
        action: "run.approval.void",
        subject: { kind: "approval", id: approval_id },
        details: { run_id, reason },
      })),
    );
    if (open.length < BATCH) return;
  }
}
