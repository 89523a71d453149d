import { type Actor, appendAudit, systemActor } from "../audit/index.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import type { ErrorCode } from "../platform/errors.ts";
import type { JobData } from "../platform/jobs/index.ts";
import { lockRuns, type RunRow } from "../runs/index.ts";
import { closeQuestions, resumeAllAnswered, resumeIfAnswered } from "./close.ts";
import type { ApprovalEffects, QuestionEnding } from "./effects.ts";
import { closeExpired, expireAll } from "./expire.ts";
import { type ApprovalRow, lockOpenQuestionsOf, lockStillOpen } from "./queries.ts";

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
    await closeVoided(tx, effects, others, actor, { reason });
    if (open.length < BATCH) return;
  }
}

async function closeVoided(
  tx: Tx,
  effects: ApprovalEffects,
  questions: readonly ApprovalRow[],
  actor: Actor,
  why: Pick<QuestionEnding, "reason" | "code">,
): Promise<void> {
  await closeQuestions(tx, effects, questions, { status: "voided", ...why });
  await appendAudit(
    tx,
    questions.map(({ project_id, approval_id, run_id }) => ({
      projectId: project_id,
      actor,
      action: "run.approval.void",
      subject: { kind: "approval", id: approval_id },
      details: { run_id, ...why },
    })),
  );
}

/** What questions are about that nobody can answer any more. */
export type VoidAbout = JobData["approvals.void"];

/** Why an open question can't be answered any more, though nobody may have written that down yet. */
export interface VoidReason {
  reason: string;
  /** What the agent is told. */
  code: ErrorCode;
}

/** @returns undefined while it can be answered */
export type WhyVoid = (
  tx: Tx,
  question: Pick<ApprovalRow, "project_id" | "revision_id" | "server" | "tool_name">,
) => Promise<VoidReason | undefined>;

export interface VoidDeps {
  effects: ApprovalEffects;
  whyVoid: WhyVoid;
}

/** Few enough to be dealt with by whoever made them void. */
const AT_ONCE = 50;

/**
 * Voids the open questions about a tool, or under a contract, that can't be answered any more, in the transaction that
 * makes them so; where they are many, a job does. Their runs go on, and their agents are told why.
 */
export async function voidQuestionsAbout(tx: Tx, deps: VoidDeps, about: VoidAbout): Promise<void> {
  const found = await findOpenAbout(tx, about, AT_ONCE + 1);
  if (found.length > AT_ONCE) await deps.effects.send(tx, "approvals.void", about);
  else if (found.length > 0) await voidFound(tx, deps, about.project_id, found);
}

/** Works on an `approvals.void` job: some questions a transaction, until none is left. */
export async function workOnVoids(
  deps: VoidDeps & { db: Database },
  about: VoidAbout,
  signal: AbortSignal,
): Promise<void> {
  const scope = { role: "app", projects: [about.project_id] } as const;
  const voidSome = async (tx: Tx) => {
    const found = await findOpenAbout(tx, about, AT_ONCE);
    return found.length > 0 && (await voidFound(tx, deps, about.project_id, found));
  };
  while (await deps.db.transaction(scope, voidSome)) {
    // What is left is dealt with when the engine tries again.
    signal.throwIfAborted();
  }
}

/** @returns whether there may be more: those found were void */
async function voidFound(
  tx: Tx,
  { effects, whyVoid }: VoidDeps,
  projectId: string,
  found: readonly { run_id: string; approval_id: string }[],
): Promise<boolean> {
  const runs = await lockRuns(
    tx,
    projectId,
    found.map(({ run_id }) => run_id),
  );
  const ids = found.map(({ approval_id }) => approval_id);
  const questions = await lockStillOpen(tx, projectId, ids);
  const [first] = questions;
  // Others have dealt with them meanwhile.
  if (!first) return true;
  const why = await whyVoid(tx, first);
  if (!why) return false;
  const others = questions.filter(({ is_past }) => !is_past);
  await closeVoided(tx, effects, others, SWEEPER, why);
  await expireAll(tx, effects, { runs, questions: questions.filter(({ is_past }) => is_past) });
  const waiting = await lockRuns(
    tx,
    projectId,
    others.map(({ run_id }) => run_id),
  );
  await resumeAllAnswered(tx, effects, [...waiting.values()], SWEEPER, why.reason);
  return true;
}

function findOpenAbout(tx: Tx, about: VoidAbout, limit: number) {
  const { project_id, ...of } = about;
  return tx
    .selectFrom("approvals")
    .select(["run_id", "approval_id"])
    .where("project_id", "=", project_id)
    .where((row) =>
      "revision_id" in of
        ? row("revision_id", "=", of.revision_id)
        : row.and([row("server", "=", of.server), row("tool_name", "=", of.tool)]),
    )
    .where("status", "=", "open")
    .limit(limit)
    .execute();
}
