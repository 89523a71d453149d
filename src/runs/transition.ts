import { sql } from "kysely";
import { type Actor, appendAudit } from "../audit/index.ts";
import { announce } from "../platform/database/changes.ts";
import { jsonb, type Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import type { Jobs } from "../platform/jobs/index.ts";
import { redact } from "../platform/redact.ts";
import { isFrozenRun } from "../tenants/index.ts";
import type { RunEvent, RunState } from "./contract.ts";
import { LEASE_SECONDS, lockRun, type RunRow, requireFence } from "./queries.ts";
import { isFinal, TRANSITIONS } from "./states.ts";

/** What a transition sets off, inside its transaction. */
export interface RunEffects {
  send: Jobs["send"];
  /** Called when runs of a project that waited have reached a final state, so that their questions can be voided. */
  onRunsEnded?: (tx: Tx, runs: readonly RunRow[]) => Promise<void>;
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

type Change = Pick<TransitionRequest, "event" | "actor" | "reason" | "patch">;

/**
 * As `transition`, for a run whose row the transaction has locked already.
 *
 * @throws AppError E-RUN-STATE (names the state)
 */
export async function applyEvent(
  tx: Tx,
  effects: RunEffects,
  run: RunRow,
  change: Change,
): Promise<RunRow> {
  const why = refusalOf(run, change.event);
  if (why) throw why;
  const [after] = await applyEventToAll(tx, effects, [run], change);
  if (!after) throw new Error(`run ${run.run_id} is gone, though it was locked`);
  return after;
}

/** Why the table refuses an event to a run, if it does. */
export function refusalOf(run: RunRow, event: RunEvent): AppError | undefined {
  if (TRANSITIONS[run.state][event] !== "refused") return undefined;
  return new AppError("E-RUN-STATE", `The run is ${run.state}; ${event} is not possible then.`, {
    extra: { state: run.state },
  });
}

/** As `applyEvent`, for several locked runs of a project that the table refuses the event to none of. */
export async function applyEventToAll(
  tx: Tx,
  effects: RunEffects,
  runs: readonly RunRow[],
  change: Change,
): Promise<RunRow[]> {
  const changed: Changed[] = [];
  for (const [to, some] of Map.groupBy(runs, (run) => TRANSITIONS[run.state][change.event])) {
    if (to === "refused") throw new Error(`${change.event} is refused to one of the runs`);
    changed.push(...(await writeState(tx, some, to, change)));
  }
  await recordTransitions(tx, changed, change);
  await followUp(tx, effects, changed);
  return changed.map(({ after }) => after);
}

interface Changed {
  before: RunRow;
  after: RunRow;
}

async function writeState(
  tx: Tx,
  runs: readonly RunRow[],
  to: RunState,
  change: Change,
): Promise<Changed[]> {
  const [first] = runs;
  if (!first) return [];
  const patch = change.patch ?? {};
  const rows = (await tx
    .updateTable("runs")
    .set({
      state: to,
      // Only a holder that goes on working keeps the lease; a waiting, pending or ended run has none.
      worker_id: null,
      lease_until: null,
      // While a person thought, the client had nothing to say; from now on it has as long as ever.
      ...(change.event === "resume"
        ? {
            heartbeat_at: sql<string>`case driver when 'client' then clock_timestamp() else heartbeat_at end`,
          }
        : {}),
      ...(isFinal(to) ? { completed_at: sql<string>`clock_timestamp()` } : {}),
      ...(patch.result === undefined ? {} : { result: jsonb(patch.result) }),
      ...(patch.error_code === undefined ? {} : { error_code: patch.error_code }),
      // As it is stored it can be searched: a secret in it could be found out by its beginnings.
      ...(patch.error_detail === undefined ? {} : { error_detail: redact(patch.error_detail) }),
    })
    .where("project_id", "=", first.project_id)
    .where("run_id", "=", sql<string>`any (${runs.map(({ run_id }) => run_id)}::uuid[])`)
    .returningAll()
    .execute()) as RunRow[];
  const before = new Map(runs.map((run) => [run.run_id, run]));
  return rows.map((after) => ({ before: before.get(after.run_id) ?? after, after }));
}

/** Writes the transitions of runs of a project, their audit entries, and announces them. */
export async function recordTransitions(
  tx: Tx,
  changed: readonly Changed[],
  request: { event: RunEvent | "create"; actor: Actor; reason?: string },
): Promise<void> {
  if (changed.length === 0) return;
  const { event, actor, reason } = request;
  const states = changed.map(({ before, after }) => ({
    run: after,
    from: event === "create" ? null : before.state,
    to: after.state,
  }));
  const kind = "run" as const;
  // On their way together, for none of them needs what another answers.
  await Promise.all([
    tx
      .insertInto("run_transitions")
      .values(
        states.map(({ run, from, to }) => ({
          transition_id: newId(),
          project_id: run.project_id,
          run_id: run.run_id,
          from_state: from,
          to_state: to,
          event,
          actor_kind: actor.kind,
          actor_id: actor.id,
          reason: reason ?? null,
        })),
      )
      .execute(),
    appendAudit(
      tx,
      states.map(({ run, from, to }) => ({
        projectId: run.project_id,
        actor,
        action: `run.${event}`,
        subject: { kind: "run", id: run.run_id },
        details: { from, to },
        ...(reason ? { private: { reason } } : {}),
      })),
    ),
    announce(
      tx,
      states.map(({ run }) => ({ project_id: run.project_id, kind, id: run.run_id })),
    ),
  ]);
}

async function followUp(tx: Tx, effects: RunEffects, changed: readonly Changed[]): Promise<void> {
  const idsOf = ({ after }: Changed) => ({ project_id: after.project_id, run_id: after.run_id });
  const ended = changed.filter(({ after }) => isFinal(after.state));
  if (ended.length > 0) await effects.send(tx, "run.ended", ended.map(idsOf));
  // Only a run that waits has open questions.
  const waited = ended.filter(({ before }) => before.state === "waiting_approval");
  if (waited.length > 0)
    await effects.onRunsEnded?.(
      tx,
      waited.map(({ after }) => after),
    );
  const going = changed.filter(
    ({ after }) =>
      !isFinal(after.state) && after.driver === "worker" && after.state !== "waiting_approval",
  );
  if (going.length === 0) return;
  const kind = "wake" as const;
  await Promise.all([
    effects.send(tx, "run.execute", going.map(idsOf)),
    announce(
      tx,
      going.map(({ after }) => ({ project_id: after.project_id, kind, id: after.run_id })),
    ),
  ]);
}

/**
 * A worker takes a run that is free: `pending`, or `running` with no holder since a decision. The fence rises, so
 * that whoever held it before can write nothing more; the attempt counts up only when coming from `pending`.
 *
 * @param meanwhile reads in the same transaction, on its way together with what the claim writes
 * @returns undefined when there is nothing to claim
 */
export async function claimRun(
  tx: Tx,
  claim: { projectId: string; runId: string; workerId: string },
  meanwhile?: (run: RunRow) => Promise<void>,
): Promise<RunRow | undefined> {
  // Not waited for on the disk: were it lost with the database, the run would be free, and nothing has come of it; whatever
  // is sent is in the record first, and with that all that was before it.
  const [found] = await Promise.all([
    lockToClaim(tx, claim),
    sql`set local synchronous_commit = off`.execute(tx),
  ]);
  // A frozen one waits as it is; whoever lifts the freeze wakes it.
  if (!found || found.is_frozen) return undefined;
  const { is_frozen: _, ...run } = found;
  if (run.driver !== "worker" || run.worker_id !== null) return undefined;
  if (TRANSITIONS[run.state].claim === "refused") return undefined;
  const claimed = tx
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
  const [row] = await Promise.all([
    claimed,
    recordTransitions(tx, [{ before: run, after: { ...run, state: "running" } }], {
      event: "claim",
      actor: { kind: "worker", id: claim.workerId },
    }),
    meanwhile?.(run),
  ]);
  return row as RunRow;
}

/** The run, locked, and whether its agent is frozen. */
async function lockToClaim(
  tx: Tx,
  { projectId, runId }: { projectId: string; runId: string },
): Promise<(RunRow & { is_frozen: boolean }) | undefined> {
  const found = await tx
    .selectFrom("runs")
    .selectAll()
    .select(isFrozenRun.as("is_frozen"))
    .where("project_id", "=", projectId)
    .where("run_id", "=", runId)
    .forUpdate()
    .executeTakeFirst();
  return found as (RunRow & { is_frozen: boolean }) | undefined;
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
