import { sql } from "kysely";
import { type ApprovalEffects, expireQuestions } from "../approvals/index.ts";
import { type Actor, systemActor } from "../audit/index.ts";
import { declareLost, sweepLostCalls } from "../calls/index.ts";
import { failStuckMessages } from "../channels/index.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { eventForLost, lockRun, type RunRow, transition } from "../runs/index.ts";

const BATCH = 500;
const IDLE_MINUTES = 30;
const UNCLAIMED_SECONDS = 10;
const IDEMPOTENCY_DAYS = 2;

const SWEEPER: Actor = systemActor("sweeper");

export interface SweepDeps {
  db: Database;
  effects: ApprovalEffects;
}

interface RunId {
  project_id: string;
  run_id: string;
}

/** What nobody else would notice, put right; each may run in several processes at once. */
export async function sweep(deps: SweepDeps): Promise<void> {
  await expireQuestions(deps.db, deps.effects);
  await takeFromLostWorkers(deps);
  await timeOutRuns(deps);
  await sweepLostCalls(deps.db);
}

/** As `sweep`, for what can wait longer. */
export async function sweepSlowly(deps: SweepDeps): Promise<void> {
  await endIdleClientRuns(deps);
  await wakeUnclaimedRuns(deps);
  await failStuckMessages(deps.db);
  await forgetOldEntries(deps.db);
}

/** Finds runs as the system, then changes each under its own tenant, if what was found still holds. */
async function eachRun(
  deps: SweepDeps,
  find: (tx: Tx) => Promise<RunId[]>,
  holds: (run: RunRow, now: string) => boolean,
  change: (tx: Tx, run: RunRow) => Promise<void>,
): Promise<void> {
  const due = await deps.db.transaction({ role: "system" }, find);
  for (const { project_id, run_id } of due) {
    await deps.db.transaction({ role: "app", projects: [project_id] }, async (tx) => {
      const run = await lockRun(tx, project_id, run_id);
      const { rows } = await sql<{ now: string }>`select clock_timestamp() as now`.execute(tx);
      if (run && holds(run, rows[0]?.now ?? "")) await change(tx, run);
    });
  }
}

const dueRuns = (tx: Tx) => tx.selectFrom("runs").select(["project_id", "run_id"]).limit(BATCH);
const now = sql<string>`clock_timestamp()`;

/** A worker without a heartbeat is lost: its calls are declared so, and its run goes to another or has failed. */
async function takeFromLostWorkers(deps: SweepDeps): Promise<void> {
  await eachRun(
    deps,
    (tx) =>
      dueRuns(tx)
        .where("state", "=", "running")
        .where("lease_until", "<", now)
        .orderBy("lease_until")
        .execute(),
    (run, at) => run.state === "running" && run.lease_until !== null && run.lease_until < at,
    async (tx, run) => {
      await declareLost(tx, run.project_id, run.run_id);
      const event = eventForLost(run);
      const reason = `worker ${run.worker_id} was lost in attempt ${run.attempt_count} of ${run.max_attempts}`;
      const patch = { error_code: "E-RUN-LOST", error_detail: reason };
      await transition(tx, deps.effects, {
        projectId: run.project_id,
        runId: run.run_id,
        event,
        actor: SWEEPER,
        reason,
        ...(event === "fail" ? { patch } : {}),
      });
    },
  );
}

async function timeOutRuns(deps: SweepDeps): Promise<void> {
  await eachRun(
    deps,
    (tx) =>
      dueRuns(tx)
        .where("completed_at", "is", null)
        .where("timeout_at", "<", now)
        .orderBy("timeout_at")
        .execute(),
    (run, at) => run.completed_at === null && run.timeout_at !== null && run.timeout_at < at,
    (tx, run) =>
      timeOut(tx, deps, run, "E-RUN-TIMEOUT", `the run was not over at ${run.timeout_at}`),
  );
}

async function endIdleClientRuns(deps: SweepDeps): Promise<void> {
  const longAgo = sql<string>`clock_timestamp() - make_interval(mins => ${IDLE_MINUTES})`;
  await eachRun(
    deps,
    (tx) =>
      dueRuns(tx)
        .where("driver", "=", "client")
        .where("state", "=", "running")
        .where("heartbeat_at", "<", longAgo)
        .orderBy("heartbeat_at")
        .execute(),
    (run, at) =>
      run.state === "running" &&
      Date.parse(run.heartbeat_at ?? at) < Date.parse(at) - IDLE_MINUTES * 60_000,
    (tx, run) =>
      timeOut(tx, deps, run, "E-RUN-IDLE", `its client was silent for ${IDLE_MINUTES} minutes`),
  );
}

async function timeOut(
  tx: Tx,
  deps: SweepDeps,
  run: RunRow,
  code: string,
  reason: string,
): Promise<void> {
  await transition(tx, deps.effects, {
    projectId: run.project_id,
    runId: run.run_id,
    event: "time_out",
    actor: SWEEPER,
    reason,
    patch: { error_code: code, error_detail: reason },
  });
}

/** A job is only a wake-up: one that was lost is sent again. */
async function wakeUnclaimedRuns(deps: SweepDeps): Promise<void> {
  await eachRun(
    deps,
    (tx) =>
      dueRuns(tx)
        .where("driver", "=", "worker")
        .where("state", "in", ["pending", "running"])
        .where("worker_id", "is", null)
        .where(
          "created_at",
          "<",
          sql<string>`clock_timestamp() - make_interval(secs => ${UNCLAIMED_SECONDS})`,
        )
        .orderBy("created_at")
        .execute(),
    (run) => run.worker_id === null && (run.state === "pending" || run.state === "running"),
    (tx, run) =>
      deps.effects.send(tx, "run.execute", { project_id: run.project_id, run_id: run.run_id }),
  );
}

async function forgetOldEntries(db: Database): Promise<void> {
  await db.transaction({ role: "system" }, async (tx) => {
    await tx.deleteFrom("sessions").where("expires_at", "<", now).execute();
    await tx
      .deleteFrom("idempotency_keys")
      .where(
        "created_at",
        "<",
        sql<string>`clock_timestamp() - make_interval(days => ${IDEMPOTENCY_DAYS})`,
      )
      .execute();
  });
}
