import { type ExpressionBuilder, type ExpressionWrapper, type SqlBool, sql } from "kysely";
import type { ApprovalEffects } from "../approvals/index.ts";
import { type Actor, systemActor } from "../audit/index.ts";
import { declareLost, forgetOutcomes, sweepLostCalls } from "../calls/index.ts";
import { wakeQueuedMessages } from "../channels/index.ts";
import { sweepChatLinks } from "../identity/index.ts";
import type { Database, DB, Tx } from "../platform/database/index.ts";
import { inTurn } from "../platform/in-turn.ts";
import { eventForLost, lockRun, type RunRow, transition, wakeBulks } from "../runs/index.ts";
import { isFrozenRun } from "../tenants/index.ts";

const BATCH = 500;
const IDLE_MINUTES = 30;
const UNCLAIMED_SECONDS = 10;
const IDEMPOTENCY_DAYS = 2;
const CHANNEL_HOURS_DAYS = 35;

const SWEEPER: Actor = systemActor("sweeper");

export interface SweepDeps {
  db: Database;
  effects: ApprovalEffects;
}

/** What nobody else would notice, put right; each may run in several processes at once. */
export function sweep(deps: SweepDeps): Promise<void> {
  const { db } = deps;
  return inTurn(
    [
      () => takeFromLostWorkers(deps),
      () => timeOutRuns(deps),
      () => sweepLostCalls(db),
      () => wakeBulks(deps),
    ],
    (one) => one(),
  );
}

/** As `sweep`, for what can wait longer. */
export function sweepSlowly(deps: SweepDeps): Promise<void> {
  const { db } = deps;
  return inTurn(
    [
      () => endIdleClientRuns(deps),
      () => wakeUnclaimedRuns(deps),
      () => wakeQueuedMessages(db, deps.effects),
      () => forgetOutcomes(db),
      () => sweepChatLinks(db),
      () => forgetOldEntries(db),
    ],
    (one) => one(),
  );
}

/** Which runs are due; asked of all of them to find some, and of each again once it is locked. */
interface Due {
  holds(run: ExpressionBuilder<DB, "runs">): ExpressionWrapper<DB, "runs", SqlBool>;
  /** The time that came; an index is on it. */
  since: "lease_until" | "timeout_at" | "heartbeat_at" | "created_at";
}

/** When the transaction began. (An index can't be searched for `clock_timestamp()`: that differs from row to row.) */
const now = sql<string>`now()`;
const ago = (unit: "secs" | "mins" | "days", count: number) =>
  sql<string>`now() - make_interval(${sql.raw(unit)} => ${count})`;

/** Finds runs as the system, then changes each under its own tenant, if it is still due. */
async function eachRun(
  { db }: SweepDeps,
  due: Due,
  change: (tx: Tx, run: RunRow) => Promise<unknown>,
): Promise<void> {
  const found = await db.transaction({ role: "system" }, (tx) =>
    tx
      .selectFrom("runs")
      .select(["project_id", "run_id"])
      .where(due.holds)
      .orderBy(due.since)
      .limit(BATCH)
      .execute(),
  );
  await inTurn(found, ({ project_id, run_id }) =>
    db.transaction({ role: "app", projects: [project_id] }, async (tx) => {
      const run = await lockRun(tx, project_id, run_id);
      if (run && (await isDue(tx, run, due))) await change(tx, run);
    }),
  );
}

async function isDue(tx: Tx, run: RunRow, due: Due): Promise<boolean> {
  const row = await tx
    .selectFrom("runs")
    .select("run_id")
    .where("project_id", "=", run.project_id)
    .where("run_id", "=", run.run_id)
    .where(due.holds)
    .executeTakeFirst();
  return row !== undefined;
}

const LOST: Due = {
  holds: (run) => run.and([run("state", "=", "running"), run("lease_until", "<", now)]),
  since: "lease_until",
};

/** A worker without a heartbeat is lost: its calls are declared so, and its run goes to another or has failed. */
function takeFromLostWorkers(deps: SweepDeps): Promise<void> {
  return eachRun(deps, LOST, async (tx, run) => {
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
  });
}

const LATE: Due = {
  holds: (run) => run.and([run("completed_at", "is", null), run("timeout_at", "<", now)]),
  since: "timeout_at",
};

function timeOutRuns(deps: SweepDeps): Promise<void> {
  return eachRun(deps, LATE, (tx, run) =>
    timeOut(tx, deps, run, "E-RUN-TIMEOUT", `the run was not over at ${run.timeout_at}`),
  );
}

const IDLE: Due = {
  holds: (run) =>
    run.and([
      run("driver", "=", "client"),
      run("state", "=", "running"),
      run("heartbeat_at", "<", ago("mins", IDLE_MINUTES)),
    ]),
  since: "heartbeat_at",
};

function endIdleClientRuns(deps: SweepDeps): Promise<void> {
  return eachRun(deps, IDLE, (tx, run) =>
    timeOut(tx, deps, run, "E-RUN-IDLE", `its client was silent for ${IDLE_MINUTES} minutes`),
  );
}

function timeOut(
  tx: Tx,
  deps: SweepDeps,
  run: RunRow,
  code: string,
  reason: string,
): Promise<RunRow> {
  return transition(tx, deps.effects, {
    projectId: run.project_id,
    runId: run.run_id,
    event: "time_out",
    actor: SWEEPER,
    reason,
    patch: { error_code: code, error_detail: reason },
  });
}

const UNCLAIMED: Due = {
  holds: (run) =>
    run.and([
      run("driver", "=", "worker"),
      run("state", "in", ["pending", "running"]),
      run("worker_id", "is", null),
      run("created_at", "<", ago("secs", UNCLAIMED_SECONDS)),
      // No worker could claim it.
      run.not(isFrozenRun),
    ]),
  since: "created_at",
};

/** A job is only a wake-up: one that was lost is sent again. */
function wakeUnclaimedRuns(deps: SweepDeps): Promise<void> {
  return eachRun(deps, UNCLAIMED, (tx, { project_id, run_id }) =>
    // While all workers are busy, runs queue for long; one wake-up in the queue is enough.
    deps.effects.send(tx, "run.execute", { project_id, run_id }, { unlessQueued: run_id }),
  );
}

async function forgetOldEntries(db: Database): Promise<void> {
  await db.transaction({ role: "system" }, async (tx) => {
    await tx.deleteFrom("sessions").where("expires_at", "<", now).execute();
    await tx
      .deleteFrom("channel_hours")
      .where("hour", "<", ago("days", CHANNEL_HOURS_DAYS))
      .execute();
    await tx
      .deleteFrom("idempotency_keys")
      .where("created_at", "<", ago("days", IDEMPOTENCY_DAYS))
      .execute();
  });
}
