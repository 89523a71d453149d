import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { appendAudit, systemActor } from "../audit/index.ts";
import { announce } from "../platform/database/changes.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { inTurn } from "../platform/in-turn.ts";
import type { Place, Work } from "./batch.ts";
import {
  deleteBulkActions,
  deleteCases,
  deleteEvents,
  deleteMessages,
  eraseEvents,
  eraseMessages,
} from "./rest.ts";
import { deleteRuns, eraseRuns } from "./runs.ts";

const RETENTION = systemActor("retention");
const PROJECTS = 500;
/** How long a batch waits for a row that somebody holds before it gives way. */
const LOCK_TIMEOUT = "500ms";
const LOCK_NOT_AVAILABLE = "55P03";

export interface RetentionDeps {
  db: Database;
  /** How many runs, events or messages one transaction looks at; 200 by default. */
  batchSize?: number;
  /** Between two transactions, in milliseconds, for the database has others to serve; 100 by default. */
  pauseMs?: number;
}

type Action = "erase" | "delete";

/** In this order: what is deleted need not be erased first. */
const WORKS: readonly [Action, Work][] = [
  ["delete", deleteRuns],
  ["delete", deleteEvents],
  ["delete", deleteCases],
  ["delete", deleteMessages],
  ["delete", deleteBulkActions],
  ["erase", eraseRuns],
  ["erase", eraseEvents],
  ["erase", eraseMessages],
];

/**
 * Forgets what projects keep no longer: erases payloads and deletes runs that are older than a project's settings say, in
 * small transactions with pauses. Several processes may do it at once: a project is one's at a time.
 *
 * @param signal ends it after the transaction under way
 * @throws AggregateError with what failed, after every project has had its turn
 */
export async function forgetOldData(deps: RetentionDeps, signal: AbortSignal): Promise<void> {
  const errors: unknown[] = [];
  let projects: string[];
  let after = "";
  do {
    projects = await projectsThatForget(deps.db, after);
    after = projects.at(-1) ?? after;
    await inTurn(projects, (projectId) => forgetIn(deps, projectId, signal)).catch(
      (error: AggregateError) => errors.push(...error.errors),
    );
  } while (projects.length === PROJECTS && !signal.aborted);
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} projects failed`);
}

async function projectsThatForget(db: Database, after: string): Promise<string[]> {
  const rows = await db.transaction({ role: "system" }, (tx) =>
    tx
      .selectFrom("projects")
      .select("project_id")
      .where("project_id", ">", after)
      .where((of) =>
        of.or([
          of("retention_payload_days", "is not", null),
          of("retention_run_days", "is not", null),
        ]),
      )
      .orderBy("project_id")
      .limit(PROJECTS)
      .execute(),
  );
  return rows.map(({ project_id }) => project_id);
}

/** Goes through everything that is due in a project; what fails keeps nothing else from being forgotten. */
async function forgetIn(
  deps: RetentionDeps,
  projectId: string,
  signal: AbortSignal,
): Promise<void> {
  let isAllDone = true;
  await inTurn(WORKS, async ([action, work]) => {
    const isDone = await forgetOneKind(deps, projectId, { action, work, signal });
    isAllDone &&= isDone;
  });
  if (isAllDone) await inProject(deps.db, projectId, (tx) => noteEnd(tx, projectId));
}

/** @returns false when it left off because another process, a long lock or the signal was in the way */
async function forgetOneKind(
  deps: RetentionDeps,
  projectId: string,
  { action, work, signal }: { action: Action; work: Work; signal: AbortSignal },
): Promise<boolean> {
  const size = deps.batchSize ?? 200;
  let after: Place | undefined;
  try {
    for (let done = false; !done; ) {
      if (signal.aborted) return false;
      const dealt = await inProject(deps.db, projectId, (tx) =>
        oneBatch(tx, action, work, { projectId, size, after }),
      );
      if (dealt === undefined) return false;
      ({ next: after, done } = dealt);
      if (!done) await sleep(deps.pauseMs ?? 100, undefined, { signal }).catch(() => {});
    }
    return true;
  } catch (error) {
    // Whoever holds that row was first; the next round finds everything that is left.
    if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
    return false;
  }
}

/** Works in a project, unless another process is at it this moment; then the answer is undefined. */
function inProject<T>(
  db: Database,
  projectId: string,
  work: (tx: Tx) => Promise<T>,
): Promise<T | undefined> {
  return db.transaction({ role: "retention", projects: [projectId] }, async (tx) => {
    const { rows } = await sql<{ taken: boolean }>`
      select set_config('lock_timeout', ${LOCK_TIMEOUT}, true),
        pg_try_advisory_xact_lock(hashtextextended(${`retention ${projectId}`}, 0)) as taken`.execute(
      tx,
    );
    return rows[0]?.taken === true ? work(tx) : undefined;
  });
}

async function oneBatch(
  tx: Tx,
  action: Action,
  work: Work,
  given: { projectId: string; size: number; after: Place | undefined },
): Promise<{ next: Place | undefined; done: boolean }> {
  const { projectId } = given;
  // As it is set now: somebody may have changed their mind since the last batch.
  const settings = await tx
    .selectFrom("projects")
    .select(["retention_payload_days", "retention_run_days"])
    .where("project_id", "=", projectId)
    .executeTakeFirstOrThrow();
  const days = settings[action === "erase" ? "retention_payload_days" : "retention_run_days"];
  if (days === null) return { next: undefined, done: true };
  const { counts, ...rest } = await work(tx, { ...given, days });
  const forgotten = Object.entries(counts).filter(([, count]) => count > 0);
  if (forgotten.length > 0) {
    await appendAudit(tx, {
      projectId,
      actor: RETENTION,
      action: `retention.${action}`,
      subject: { kind: "tenant", id: projectId },
      details: { ...Object.fromEntries(forgotten), days },
    });
    await announce(tx, { project_id: projectId, kind: "tenant", id: projectId });
  }
  return rest;
}

async function noteEnd(tx: Tx, projectId: string): Promise<void> {
  await tx
    .updateTable("projects")
    .set({ retention_ran_at: sql<string>`clock_timestamp()` })
    .where("project_id", "=", projectId)
    .execute();
}
