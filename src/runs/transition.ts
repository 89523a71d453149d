import { sql } from "kysely";
import { type Actor, appendAudit } from "../audit/index.ts";
import { announce } from "../platform/database/changes.ts";
import { jsonb, type Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import type { Jobs } from "../platform/jobs/index.ts";
import type { RunEvent, RunState } from "./contract.ts";
import { LEASE_SECONDS, lockRun, type RunRow, requireFence } from "./queries.ts";
import { isFinal, TRANSITIONS } from "./states.ts";

/** What a transition sets off, inside its transaction. */
export interface RunEffects {
  send: Jobs["send"];
  /** Called when a run has reached a final state, so that its open questions can be voided. */
  onRunEnded?: (tx: Tx, run: RunRow) => Promise<void>;
}

export interface TransitionRequest {
  projectId: string;
  runId: string;
  event: RunEvent;
  actor: Actor;
  /** Shown on the timeline and kept in the audit log's erasable part. */
  reason?: string;
  /** The holder's fence: the change is refused when the run has been claimed anew. */
  fence?: number;
  patch?: { result?: unknown; error_code?: string; error_detail?: string };
}

/**
 * The only way a run changes its state: locks the row, asks the table, and writes the state, the transition, the audit
 * entry and the follow-up job in the caller's transaction.
 *
 * @returns the run as it is now
 * @throws AppError E-NOT-FOUND, E-RUN-STATE (names the state), E-RUN-FENCED
 */
export async function transition(
  tx: Tx,
  effects: RunEffects,
  request: TransitionRequest,
): Promise<RunRow> {
  const run = await lockRun(tx, request.projectId, request.runId);
  if (!run) throw new AppError("E-NOT-FOUND", "There is no such run.");
  if (request.fence !== undefined) requireFence(run, request.fence);
  return applyEvent(tx, effects, run, request);
}

/** As `transition`, for a run whose row the transaction has locked already. */
export async function applyEvent(
  tx: Tx,
  effects: RunEffects,
  run: RunRow,
  request: Pick<TransitionRequest, "event" | "actor" | "reason" | "patch">,
): Promise<RunRow> {
  const to = TRANSITIONS[run.state][request.event];
  if (to === "refused") {
    throw new AppError(
      "E-RUN-STATE",
      `The run is ${run.state}; ${request.event} is not possible then.`,
      {
        extra: { state: run.state },
      },
    );
  }
  const updated = await writeState(tx, run, to, request);
  await recordTransition(tx, run, updated, request);
  await followUp(tx, effects, updated);
  return updated;
}

async function writeState(
  tx: Tx,
  run: RunRow,
  to: RunState,
  request: Pick<TransitionRequest, "event" | "patch">,
): Promise<RunRow> {
  const patch = request.patch ?? {};
  const row = await tx
    .updateTable("runs")
    .set({
      state: to,
      // Only a holder that goes on working keeps the lease; a waiting, pending or ended run has none.
      worker_id: null,
      lease_until: null,
      // While a person thought, the client had nothing to say; from now on it has as long as ever.
      ...(request.event === "resume" && run.driver === "client"
        ? { heartbeat_at: sql<string>`clock_timestamp()` }
        : {}),
      ...(isFinal(to) ? { completed_at: sql<string>`clock_timestamp()` } : {}),
      ...(patch.result === undefined ? {} : { result: jsonb(patch.result) }),
      ...(patch.error_code === undefined ? {} : { error_code: patch.error_code }),
      ...(patch.error_detail === undefined ? {} : { error_detail: patch.error_detail }),
    })
    .where("project_id", "=", run.project_id)
    .where("run_id", "=", run.run_id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return row as RunRow;
}

async function recordTransition(
  tx: Tx,
  before: RunRow,
  after: RunRow,
  request: { event: RunEvent | "create"; actor: Actor; reason?: string },
): Promise<void> {
  const from = request.event === "create" ? null : before.state;
  await tx
    .insertInto("run_transitions")
    .values({
      transition_id: newId(),
      project_id: after.project_id,
      run_id: after.run_id,
      from_state: from,
      to_state: after.state,
      event: request.event,
      actor_kind: request.actor.kind,
      actor_id: request.actor.id,
      reason: request.reason ?? null,
    })
    .execute();
  await appendAudit(tx, {
    projectId: after.project_id,
    actor: request.actor,
    action: `run.${request.event}`,
    subject: { kind: "run", id: after.run_id },
    details: { from, to: after.state },
    ...(request.reason ? { private: { reason: request.reason } } : {}),
  });
  await announce(tx, { project_id: after.project_id, kind: "run", id: after.run_id });
}

async function followUp(tx: Tx, effects: RunEffects, run: RunRow): Promise<void> {
  const ids = { project_id: run.project_id, run_id: run.run_id };
  if (isFinal(run.state)) {
    await effects.send(tx, "run.ended", ids);
    await effects.onRunEnded?.(tx, run);
  } else if (run.driver === "worker" && run.state !== "waiting_approval") {
    await effects.send(tx, "run.execute", ids);
  }
}

/**
 * A worker takes a run that is free: `pending`, or `running` with no holder since a decision. The fence rises, so
 * that whoever held it before can write nothing more; the attempt counts up only when coming from `pending`.
 *
 * @returns undefined when there is nothing to claim
 */
export async function claimRun(
  tx: Tx,
  claim: { projectId: string; runId: string; workerId: string },
): Promise<RunRow | undefined> {
  const run = await lockRun(tx, claim.projectId, claim.runId);
  if (run?.driver !== "worker" || run.worker_id !== null) return undefined;
  if (TRANSITIONS[run.state].claim === "refused") return undefined;
  const row = await tx
    .updateTable("runs")
    .set({
      state: "running",
      worker_id: claim.workerId,
      fence: run.fence + 1,
      attempt_count: run.attempt_count + (run.state === "pending" ? 1 : 0),
      started_at: run.started_at ?? sql<string>`clock_timestamp()`,
      heartbeat_at: sql<string>`clock_timestamp()`,
      lease_until: sql<string>`clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})`,
    })
    .where("project_id", "=", claim.projectId)
    .where("run_id", "=", claim.runId)
    .returningAll()
    .executeTakeFirstOrThrow();
  const after = row as RunRow;
  await recordTransition(tx, run, after, {
    event: "claim",
    actor: { kind: "worker", id: claim.workerId },
  });
  return after;
}

/**
 * A worker that shuts down gives its run back: another goes on from the journal, and no attempt is used up. Nothing
 * happens when it no longer holds the run.
 */
export async function yieldRun(
  tx: Tx,
  effects: Pick<RunEffects, "send">,
  holder: { projectId: string; runId: string; fence: number; workerId: string },
): Promise<void> {
  const given = await tx
    .updateTable("runs")
    .set({ worker_id: null, lease_until: null })
    .where("project_id", "=", holder.projectId)
    .where("run_id", "=", holder.runId)
    .where("fence", "=", holder.fence)
    .where("worker_id", "=", holder.workerId)
    .where("state", "=", "running")
    .returning("run_id")
    .executeTakeFirst();
  if (!given) return;
  await effects.send(tx, "run.execute", { project_id: holder.projectId, run_id: holder.runId });
}

export { recordTransition };
