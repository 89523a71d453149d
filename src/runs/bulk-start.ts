import { type RawBuilder, sql } from "kysely";
import { type Actor, appendAudit } from "../audit/index.ts";
import { announce } from "../platform/database/changes.ts";
import { jsonb, type Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { type BulkFilter, type DryRun, MOST_RUNS } from "./bulk-contract.ts";
import { type BulkRow, readBulk } from "./bulk-queries.ts";
import { RUN_STATES, type RunState } from "./contract.ts";
import { exactMatches, plainFilters } from "./filters.ts";
import { isFinal } from "./states.ts";
import type { RunEffects } from "./transition.ts";

const OPEN_STATES = RUN_STATES.filter((state) => !isFinal(state));

/** What is to be done with which runs, and on whose behalf. */
export interface NewBulk {
  projectId: string;
  action: BulkRow["action"];
  filter: BulkFilter;
  reason: string;
  actor: Actor;
  /** The key the request came with; null when the server acts for somebody by itself. */
  viaKeyId: string | null;
  /** Refuse when more runs match. */
  atMost?: number;
}

/** The runs of a project that the filter matches, as a table `matching`, at most so many. */
function matching(
  projectId: string,
  { is_shadow, q, run_ids, ...same }: BulkFilter,
  limit: RawBuilder<unknown>,
  more: RawBuilder<unknown> = sql`true`,
): RawBuilder<unknown> {
  const asked = {
    ...same,
    ...(is_shadow === undefined ? {} : { is_shadow: `${is_shadow}` as const }),
  };
  // Each thing that `q` can mean has an index of its own.
  const named = (match: RawBuilder<unknown>) =>
    sql`select run_id from runs where project_id = ${projectId} and ${match}`;
  const byQ =
    q === undefined
      ? sql`true`
      : sql`run_id in (${sql.join(exactMatches(q).map(named), sql` union `)} union select awooop_search_runs(${projectId}, ${q}))`;
  const byId = run_ids === undefined ? sql`true` : sql`run_id = any (${run_ids}::uuid[])`;
  return sql`(select run_id, state from runs
    where project_id = ${projectId} and ${byId} and ${plainFilters(asked)} and ${byQ} and ${more} ${limit}) as matching`;
}

/** How many runs of a project match, and in which states; counted up to the most that one action may take. */
export async function countMatching(
  tx: Tx,
  projectId: string,
  filter: BulkFilter,
): Promise<Omit<DryRun, "dry_run">> {
  const { rows } = await sql<{ state: RunState; count: number }>`
    select state, count(*) from ${matching(projectId, filter, sql`limit ${MOST_RUNS + 1}`)} group by state`.execute(
    tx,
  );
  const states = Object.fromEntries(RUN_STATES.map((state) => [state, 0])) as DryRun["states"];
  for (const { state, count } of rows) states[state] = count;
  const total = rows.reduce((sum, { count }) => sum + count, 0);
  return { total_count: total, total_is_exact: total <= MOST_RUNS, states };
}

/**
 * Chooses the runs, and writes the progress row, its audit entry and the job, in the caller's transaction. Runs that
 * come to match later are none of its business.
 *
 * @throws AppError E-BULK-MORE, with the number, when more runs match than `atMost`
 */
export async function startBulk(tx: Tx, effects: RunEffects, request: NewBulk): Promise<BulkRow> {
  return start(tx, effects, request, sql`true`);
}

/**
 * As `startBulk`, for a project that is being deactivated: its runs that are not over are cancelled, or those that wait
 * for a person go on, without their questions, to the gate that stops them.
 */
export async function startBulkOfDeactivated(
  tx: Tx,
  effects: RunEffects,
  project: { projectId: string; actor: Actor; runningRuns: "finish" | "cancel" },
): Promise<void> {
  const { projectId, actor, runningRuns } = project;
  const reason = "the project was deactivated";
  const by = { projectId, actor, reason, viaKeyId: null };
  if (runningRuns === "cancel") {
    const areOpen = sql`state = any (${OPEN_STATES})`;
    await start(tx, effects, { ...by, action: "cancel", filter: {} }, areOpen);
  } else {
    await startBulk(tx, effects, { ...by, action: "void", filter: { state: "waiting_approval" } });
  }
}

async function start(
  tx: Tx,
  effects: RunEffects,
  request: NewBulk,
  more: RawBuilder<unknown>,
): Promise<BulkRow> {
  const { projectId, action, filter, reason, actor, viaKeyId, atMost } = request;
  const bulkId = newId();
  await tx
    .insertInto("run_bulk_actions")
    .values({
      bulk_id: bulkId,
      project_id: projectId,
      action,
      filter: jsonb(filter),
      reason,
      status: "queued",
      actor_kind: actor.kind,
      actor_id: actor.id,
      via_key_id: viaKeyId,
      total_count: 0,
    })
    .execute();
  const limit = atMost === undefined ? sql`` : sql`limit ${atMost + 1}`;
  const { rows } = await sql<{ total: number }>`
    with chosen as (
      insert into run_bulk_results (project_id, bulk_id, run_id)
      select ${projectId}, ${bulkId}::uuid, run_id from ${matching(projectId, filter, limit, more)} returning 1)
    select count(*) as total from chosen`.execute(tx);
  const total = rows[0]?.total ?? 0;
  if (atMost !== undefined && total > atMost) throw await tooMany(tx, request, atMost);
  await tx
    .updateTable("run_bulk_actions")
    .set({ total_count: total })
    .where("project_id", "=", projectId)
    .where("bulk_id", "=", bulkId)
    .execute();
  await appendAudit(tx, {
    projectId,
    actor,
    action: "run.bulk.create",
    subject: { kind: "bulk", id: bulkId },
    details: { action, total_count: total },
    private: { reason, filter },
  });
  await announce(tx, { project_id: projectId, kind: "bulk", id: bulkId });
  await effects.send(tx, "runs.bulk", { project_id: projectId, bulk_id: bulkId });
  return readBulk(tx, projectId, bulkId);
}

async function tooMany(tx: Tx, request: NewBulk, atMost: number): Promise<AppError> {
  const found = await countMatching(tx, request.projectId, request.filter);
  const { total_count, total_is_exact, states } = found;
  const number = total_is_exact ? `${total_count}` : `more than ${MOST_RUNS}`;
  return new AppError(
    "E-BULK-MORE",
    `The filter matches ${number} runs; at most ${atMost} were allowed. Nothing was changed.`,
    { extra: { total_count, total_is_exact, states } },
  );
}
