import { sql } from "kysely";
import { announce } from "../platform/database/changes.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { inSavepoint } from "../platform/database/savepoint.ts";
import { AppError } from "../platform/errors.ts";
import type { JobData } from "../platform/jobs/index.ts";
import type { Logger } from "../platform/log.ts";
import { type By, cancelRuns, retryRefusalOf, retryRuns } from "./actions.ts";
import { type BulkRow, lockBulk, readBulk } from "./bulk-queries.ts";
import { lockRuns, type RunRow } from "./queries.ts";
import { type RunEffects, refusalOf } from "./transition.ts";

/** Small enough that nobody who wants one of the runs waits long for it. */
const BATCH = 50;
const ANNOUNCED_EVERY_MS = 1_000;
const TURN_MS = 5_000;

export interface BulkDeps {
  db: Database;
  effects: RunEffects;
  /** Voids the open questions of a waiting run, which the transaction has locked, and lets it go on. */
  voidQuestions(tx: Tx, run: RunRow, by: By): Promise<void>;
  log: Logger;
  /** For how long it goes on while other bulk actions wait for a worker, in milliseconds; 5,000 by default. */
  turnMs?: number;
}

/**
 * Works on a `runs.bulk` job: deals with the chosen runs that still wait for it, a batch a transaction, until none is
 * left. Several workers may work on one bulk action: each takes rows that no other holds. When the signal aborts, or
 * its turn is over and another bulk action waits, the rest is left to another job.
 */
export async function workOnBulk(
  deps: BulkDeps,
  ids: JobData["runs.bulk"],
  signal: AbortSignal,
): Promise<void> {
  const inProject = <T>(work: (tx: Tx) => Promise<T>) =>
    deps.db.transaction({ role: "app", projects: [ids.project_id] }, work);
  const isTurnOver = turns(deps, ids);
  const gentle = { ...deps, effects: afterOthers(deps.effects) };
  let announcedAt = 0;
  let last: string | undefined;
  for (;;) {
    const isDue = Date.now() - announcedAt >= ANNOUNCED_EVERY_MS;
    const after = last;
    last = await inProject((tx) => dealWithSome(tx, gentle, ids, { isDue, after }));
    if (last === undefined) break;
    if (isDue) announcedAt = Date.now();
    if (signal.aborted || (await isTurnOver())) {
      await inProject((tx) =>
        deps.effects.send(tx, "runs.bulk", ids, { unlessQueued: ids.bulk_id }),
      );
      return;
    }
  }
  await inProject((tx) => finish(tx, ids));
}

/** What sets off as many jobs as there are runs lets others' jobs go first. */
function afterOthers(effects: RunEffects): RunEffects {
  return {
    ...effects,
    send: (tx, queue, data, more) => effects.send(tx, queue, data, { ...more, afterOthers: true }),
  };
}

/** Tells, from now on, whether it is another bulk action's turn: workers are few, and one may take many minutes. */
function turns({ db, turnMs = TURN_MS }: BulkDeps, { bulk_id }: JobData["runs.bulk"]) {
  let begun = Date.now();
  return async (): Promise<boolean> => {
    if (Date.now() - begun < turnMs) return false;
    begun = Date.now();
    const silent = await db.transaction({ role: "system" }, (tx) => silentBulks(tx, 2));
    return silent.some((other) => other.bulk_id !== bulk_id);
  };
}

interface Result {
  run_id: string;
  outcome: "changed" | "refused";
  code: string | null;
  detail: string | null;
  new_run_id: string | null;
}

/** @returns the last run that was dealt with; undefined when none is left behind `after` that no other worker holds */
async function dealWithSome(
  tx: Tx,
  deps: BulkDeps,
  ids: JobData["runs.bulk"],
  { isDue, after }: { isDue: boolean; after: string | undefined },
): Promise<string | undefined> {
  const runIds = await takeSome(tx, ids, after);
  const last = runIds.at(-1);
  if (last === undefined) return undefined;
  // A connection keeps the plan that a foreign key was first checked with. One made while the table was almost empty
  // reads all of it for each row, until the table is analyzed: here that would be felt.
  await sql`set local plan_cache_mode = force_custom_plan`.execute(tx);
  const bulk = await readBulk(tx, ids.project_id, ids.bulk_id);
  const runs = await lockRuns(tx, ids.project_id, runIds);
  const results: Result[] = [];
  const able: RunRow[] = [];
  for (const runId of runIds) {
    const run = runs.get(runId);
    const why = run ? refusalBy(bulk, run) : new AppError("E-NOT-FOUND", "The run is not kept.");
    if (why) results.push(refused(runId, why));
    else if (run) able.push(run);
  }
  results.push(...(await actOnAll(tx, deps, bulk, able)));
  await writeResults(tx, bulk, results);
  if (isDue) await announceBulk(tx, ids);
  return last;
}

/**
 * Takes runs that wait, and holds their rows. In the order of their ids, so that two bulk actions can't block each other,
 * and behind those it took before, so that it never reads past all that were dealt with; what it passes by because
 * another worker holds it is that one's, or, when that one dies, the next job's.
 */
async function takeSome(
  tx: Tx,
  ids: JobData["runs.bulk"],
  after: string | undefined,
): Promise<string[]> {
  const rows = await tx
    .selectFrom("run_bulk_results")
    .select("run_id")
    .where("project_id", "=", ids.project_id)
    .where("bulk_id", "=", ids.bulk_id)
    .where("outcome", "=", "waiting")
    .where((of) => (after === undefined ? of.lit(true) : of("run_id", ">", after)))
    .orderBy("run_id")
    .limit(BATCH)
    .forUpdate()
    .skipLocked()
    .execute();
  return rows.map(({ run_id }) => run_id);
}

/** Why a run can't have done to it what is asked, as far as the run itself tells. */
function refusalBy({ action, filter }: BulkRow, run: RunRow): AppError | undefined {
  if (filter.state !== undefined && run.state !== filter.state) {
    const words = `The run was ${filter.state} when it was chosen, and is ${run.state} now.`;
    return new AppError("E-BULK-LEFT", words);
  }
  if (action === "cancel") return refusalOf(run, "cancel");
  return action === "retry" ? retryRefusalOf(run) : undefined;
}

const refused = (run_id: string, { code, message }: AppError): Result => ({
  run_id,
  outcome: "refused",
  code,
  detail: message,
  new_run_id: null,
});

/** Acts on all of them; if that fails, on each by itself, so that only those that can't be changed are left out. */
async function actOnAll(
  tx: Tx,
  deps: BulkDeps,
  bulk: BulkRow,
  runs: readonly RunRow[],
): Promise<Result[]> {
  const [first] = runs;
  if (!first) return [];
  const done = await inSavepoint(tx, () => act(tx, deps, bulk, runs));
  if (done.ok) return done.value;
  if (runs.length > 1) {
    const results: Result[] = [];
    for (const run of runs) results.push(...(await actOnAll(tx, deps, bulk, [run])));
    return results;
  }
  if (done.error instanceof AppError) return [refused(first.run_id, done.error)];
  const about = { err: done.error, bulk_id: bulk.bulk_id, run_id: first.run_id };
  deps.log.error(about, "acting on one of many runs failed");
  return [refused(first.run_id, new AppError("E-INTERNAL", "The error has been logged."))];
}

async function act(
  tx: Tx,
  deps: BulkDeps,
  { action, actor_kind, actor_id, reason }: BulkRow,
  runs: readonly RunRow[],
): Promise<Result[]> {
  const by: By = { actor: { kind: actor_kind, id: actor_id }, reason };
  const made = new Map<string | null, string>();
  if (action === "cancel") await cancelRuns(tx, deps.effects, runs, by);
  else if (action === "retry") {
    const anew = await retryRuns(tx, deps.effects, runs, by);
    for (const { retry_of, run_id } of anew) made.set(retry_of, run_id);
  } else for (const run of runs) await deps.voidQuestions(tx, run, by);
  const none = { outcome: "changed", code: null, detail: null } as const;
  return runs.map(({ run_id }) => ({ run_id, ...none, new_run_id: made.get(run_id) ?? null }));
}

/** The progress row is held only from here to the end of the transaction. */
async function writeResults(tx: Tx, bulk: BulkRow, results: readonly Result[]): Promise<void> {
  const { project_id, bulk_id } = bulk;
  const now = sql<string>`clock_timestamp()`;
  await sql`update run_bulk_results r
    set outcome = n.outcome, code = n.code, detail = n.detail, new_run_id = n.new_run_id, at = ${now}
    from json_to_recordset(${JSON.stringify(results)}::json)
      as n(run_id uuid, outcome text, code text, detail text, new_run_id uuid)
    where r.project_id = ${project_id} and r.bulk_id = ${bulk_id} and r.run_id = n.run_id`.execute(
    tx,
  );
  const changed = results.filter(({ outcome }) => outcome === "changed").length;
  await tx
    .updateTable("run_bulk_actions")
    .set((row) => ({
      status: "running",
      changed_count: row("changed_count", "+", changed),
      refused_count: row("refused_count", "+", results.length - changed),
      started_at: row.fn.coalesce("started_at", now),
      heartbeat_at: now,
    }))
    .where("project_id", "=", project_id)
    .where("bulk_id", "=", bulk_id)
    .execute();
}

/** Says that it is done, unless another worker still holds some of its runs: that one will come here after them. */
async function finish(tx: Tx, ids: JobData["runs.bulk"]): Promise<void> {
  const bulk = await lockBulk(tx, ids.project_id, ids.bulk_id);
  if (!bulk || bulk.status === "done") return;
  if (bulk.changed_count + bulk.refused_count < bulk.total_count) return;
  const now = sql<string>`clock_timestamp()`;
  await tx
    .updateTable("run_bulk_actions")
    .set((row) => ({
      status: "done",
      started_at: row.fn.coalesce("started_at", now),
      completed_at: now,
    }))
    .where("project_id", "=", ids.project_id)
    .where("bulk_id", "=", ids.bulk_id)
    .execute();
  await announceBulk(tx, ids);
}

function announceBulk(tx: Tx, { project_id, bulk_id }: JobData["runs.bulk"]): Promise<void> {
  return announce(tx, { project_id, kind: "bulk", id: bulk_id });
}

const SILENT_SECONDS = 5;
const WOKEN = 100;

/** The oldest bulk actions that nobody has gone on with for a while. */
function silentBulks(tx: Tx, most: number): Promise<JobData["runs.bulk"][]> {
  return tx
    .selectFrom("run_bulk_actions")
    .select(["project_id", "bulk_id"])
    .where("status", "<>", "done")
    .where(
      sql<string>`coalesce(heartbeat_at, created_at)`,
      "<",
      sql<string>`now() - make_interval(secs => ${SILENT_SECONDS})`,
    )
    .orderBy("created_at")
    .limit(most)
    .execute();
}

/** A job is only a wake-up: that of a bulk action nobody has gone on with for a while is sent again. */
export async function wakeBulks({ db, effects }: Pick<BulkDeps, "db" | "effects">): Promise<void> {
  await db.transaction({ role: "system" }, async (tx) => {
    for (const ids of await silentBulks(tx, WOKEN)) {
      await effects.send(tx, "runs.bulk", ids, { unlessQueued: ids.bulk_id });
    }
  });
}
