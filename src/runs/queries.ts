import { type RawBuilder, type Selectable, sql } from "kysely";
import { announce } from "../platform/database/changes.ts";
import { fixedQuery } from "../platform/database/fixed-query.ts";
import type { DB, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import type { RunState } from "./contract.ts";

/** A row of `runs`. */
export type RunRow = Omit<Selectable<DB["runs"]>, "state" | "driver"> & {
  state: RunState;
  driver: "worker" | "client";
};

/** How long a worker's lease lasts without a heartbeat, in seconds. */
export const LEASE_SECONDS = 20;

/** Reads a run the transaction may see. */
export async function readRun(
  tx: Tx,
  projectId: string,
  runId: string,
): Promise<RunRow | undefined> {
  return (await runById(tx, projectId, runId).executeTakeFirst()) as RunRow | undefined;
}

function runById(tx: Tx, projectId: string, runId: string) {
  return tx
    .selectFrom("runs")
    .selectAll()
    .where("project_id", "=", projectId)
    .where("run_id", "=", runId);
}

/** Reads a run and holds its row until the transaction ends; everything that changes a run takes this lock first. */
export async function lockRun(
  tx: Tx,
  projectId: string,
  runId: string,
): Promise<RunRow | undefined> {
  const found = runById(tx, projectId, runId).forUpdate();
  return (await found.executeTakeFirst()) as RunRow | undefined;
}

/** As `lockRun`, for many; in the order of their ids, so that two who lock many do not block each other. */
export async function lockRuns(
  tx: Tx,
  projectId: string,
  runIds: readonly string[],
): Promise<Map<string, RunRow>> {
  const rows = await tx
    .selectFrom("runs")
    .selectAll()
    .where("project_id", "=", projectId)
    .where("run_id", "=", sql<string>`any (${runIds}::uuid[])`)
    .orderBy("run_id")
    .forUpdate()
    .execute();
  return new Map((rows as RunRow[]).map((run) => [run.run_id, run]));
}

/** The project of a run that the transaction may see; for requests that name the run alone. */
export async function projectOfRun(tx: Tx, runId: string): Promise<string | undefined> {
  const row = await tx
    .selectFrom("runs")
    .select("project_id")
    .where("run_id", "=", runId)
    .executeTakeFirst();
  return row?.project_id;
}

/**
 * Extends a worker's lease.
 *
 * @returns false when the lease is lost: another worker holds the run, or it is no longer running
 */
export async function heartbeat(
  tx: Tx,
  holder: { projectId: string; runId: string; fence: number; workerId: string },
): Promise<boolean> {
  const { rows } = await sql`
    update runs set heartbeat_at = clock_timestamp(), lease_until = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
    where project_id = ${holder.projectId} and run_id = ${holder.runId} and fence = ${holder.fence}
      and worker_id = ${holder.workerId} and state = 'running'
    returning 1`.execute(tx);
  return rows.length === 1;
}

/** Notes that a client run is alive: each of its calls and polls is a heartbeat. */
export async function touchClientRun(tx: Tx, projectId: string, runId: string): Promise<void> {
  await sql`update runs set heartbeat_at = clock_timestamp()
    where project_id = ${projectId} and run_id = ${runId} and driver = 'client' and completed_at is null`.execute(
    tx,
  );
}

/**
 * Adds money spent to a run, in US dollars; also after its end, for a late bill is still a bill.
 *
 * @returns what the run has cost in all
 */
export async function addCost(
  tx: Tx,
  projectId: string,
  runId: string,
  costUsd: number,
): Promise<number> {
  const { cost_usd } = await tx
    .updateTable("runs")
    .set({ cost_usd: sql<number>`cost_usd + ${costUsd}::numeric` })
    .where("project_id", "=", projectId)
    .where("run_id", "=", runId)
    .returning("cost_usd")
    .executeTakeFirstOrThrow();
  await announce(tx, { project_id: projectId, kind: "run", id: runId });
  return cost_usd;
}

/** @throws AppError E-RUN-FENCED when the run has been claimed anew since, or is not running */
export function requireFence(run: RunRow, fence: number): void {
  if (run.fence !== fence || run.state !== "running") {
    throw new AppError(
      "E-RUN-FENCED",
      `The run is ${run.state} and its fence is ${run.fence}, not ${fence}.`,
      {
        extra: { state: run.state },
      },
    );
  }
}

/** What a transaction that holds a run knows of it. */
export type RunHead = Pick<RunRow, "project_id" | "run_id" | "state">;

interface RunPlace {
  projectId: string;
  runId: string;
}

/**
 * Holds many runs at once, always in the same order: none of them changes its state until the transaction ends.
 *
 * @param changing those of which the transaction will change something, and holds for itself alone
 */
export async function holdRuns(
  tx: Tx,
  runs: readonly RunPlace[],
  changing: readonly RunPlace[],
): Promise<Map<string, RunHead>> {
  const given = (some: readonly RunPlace[]) => ({
    projects: [...new Set(some.map((of) => of.projectId))],
    runs: [...new Set(some.map((of) => of.runId))],
  });
  const mine = new Set(changing.map(({ runId }) => runId));
  // First all of them, so that it waits for nobody once it holds what others wait for.
  const [all, held] = await Promise.all([
    runs.every(({ runId }) => mine.has(runId)) ? [] : holdKeys(tx, given(runs)),
    changing.length > 0 ? holdRows(tx, given(changing)) : [],
  ]);
  return new Map([...all, ...held].map((run) => [run.run_id, run]));
}

type Held = { projects: string[]; runs: string[] };

const theirs = (slot: (name: keyof Held) => RawBuilder<unknown>) => sql`
  from runs where project_id = any (${slot("projects")}::text[]) and run_id = any (${slot("runs")}::uuid[]) order by run_id`;

const holdKeys = fixedQuery<Held, RunHead>(
  (slot) => sql<RunHead>`select project_id, run_id, state ${theirs(slot)} for key share`,
);
const holdRows = fixedQuery<Held, RunHead>(
  (slot) => sql<RunHead>`select project_id, run_id, state ${theirs(slot)} for no key update`,
);

/** As `touchClientRun`, for many that the transaction holds. */
export async function touchClientRuns(tx: Tx, runs: readonly RunPlace[]): Promise<void> {
  if (runs.length === 0) return;
  const given = JSON.stringify(
    runs.map(({ projectId, runId }) => ({ project_id: projectId, run_id: runId })),
  );
  await sql`update runs r set heartbeat_at = clock_timestamp()
    from jsonb_to_recordset(${given}::jsonb) as g (project_id text, run_id uuid)
    where r.project_id = g.project_id and r.run_id = g.run_id and r.driver = 'client' and r.completed_at is null`.execute(
    tx,
  );
}

/** As `addCost`, for many that the transaction holds; whoever calls announces it. */
export async function addCosts(
  tx: Tx,
  costs: readonly (RunPlace & { costUsd: number })[],
): Promise<void> {
  if (costs.length === 0) return;
  const given = JSON.stringify(
    costs.map(({ projectId, runId, costUsd }) => ({
      project_id: projectId,
      run_id: runId,
      cost: costUsd,
    })),
  );
  await sql`update runs r set cost_usd = r.cost_usd + g.cost
    from (select project_id, run_id, sum(cost) as cost
      from jsonb_to_recordset(${given}::jsonb) as given (project_id text, run_id uuid, cost numeric) group by 1, 2) as g
    where r.project_id = g.project_id and r.run_id = g.run_id`.execute(tx);
}
