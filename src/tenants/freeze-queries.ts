import { type RawBuilder, type SqlBool, sql } from "kysely";
import { type Actor, PLATFORM_PROJECT } from "../audit/index.ts";
import { readCounted } from "../platform/database/count.ts";
import type { Tx } from "../platform/database/index.ts";
import { directionOf, inOrder, isBeyond } from "../platform/database/seek.ts";
import type { Place, TimeAndId } from "../platform/http/index.ts";
import type { Freeze } from "./freeze-contract.ts";
import { type Project, readProject } from "./queries.ts";

/** What is frozen; without a project everything is. */
export interface FreezePlace {
  projectId: string | undefined;
  agentId: string | undefined;
}

const COLUMNS =
  sql.raw(`freeze_id, scope, nullif(project_id, '${PLATFORM_PROJECT}') as project_id, agent_id, held_by, reason,
  frozen_at, frozen_by, lifted_at, lifted_by, lift_reason`);

/** What stops the calls of an agent of a project, or of all agents of it: the widest freeze, the oldest of those. */
const stopping = (projectId: RawBuilder<unknown>, agentId: RawBuilder<unknown>) => sql`
  select ${COLUMNS} from freezes
  where lifted_at is null and freezes.project_id in (${projectId}, ${PLATFORM_PROJECT})
    and (agent_id is null or agent_id = ${agentId})
  order by scope = 'platform' desc, scope = 'project' desc, frozen_at limit 1`;

/** What stops an agent's calls at this moment, if anything does. */
export async function readFreeze(
  tx: Tx,
  projectId: string,
  agentId: string,
): Promise<Freeze | undefined> {
  const { rows } = await sql<Freeze>`${stopping(sql`${projectId}`, sql`${agentId}`)}`.execute(tx);
  return rows[0];
}

/** A condition: a row of `runs` is of an agent that is frozen. */
export const isFrozenRun = sql<SqlBool>`exists (
  select from freezes where lifted_at is null and freezes.project_id in (runs.project_id, ${sql.lit(PLATFORM_PROJECT)})
    and (freezes.agent_id is null or freezes.agent_id = runs.agent_id))`;

/** A project, and what stops the calls of one of its agents. */
type ProjectOfAgent = Project & { freeze: Freeze | undefined };

/**
 * Reads what gate 1 asks of a project about one of its agents. Both statements are on their way before the first is
 * answered.
 */
export async function readProjectOfAgent(
  tx: Tx,
  projectId: string,
  agentId: string,
): Promise<ProjectOfAgent | undefined> {
  const [project, freeze] = await Promise.all([
    readProject(tx, projectId),
    readFreeze(tx, projectId, agentId),
  ]);
  return project && { ...project, freeze };
}

const decisionsIn = (projectId: string) => sql`hashtextextended(${`freezes ${projectId}`}, 0)`;

/**
 * Announces that calls of a project are about to be decided and, if the gates let them, to be marked as executing: to be
 * awaited before anything else is locked. Whoever freezes then waits for the end of this transaction before they say
 * which calls are in flight. Such transactions do not wait for each other.
 */
export async function holdFreezes(tx: Tx, projectId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${decisionsIn(PLATFORM_PROJECT)}),
    pg_advisory_xact_lock_shared(${decisionsIn(projectId)})`.execute(tx);
}

/** Longer than deciding takes; a decision that is stuck for longer holds nobody's answer back. */
const SETTLED_WITHIN_MS = 500;

/**
 * Waits until calls that were being decided before this moment, and so may know nothing of a freeze, are in the table.
 *
 * @throws the driver's error 55P03 when that takes too long
 */
export async function awaitDecisions(tx: Tx, { projectId }: FreezePlace): Promise<void> {
  await sql`set local lock_timeout = ${sql.lit(`${SETTLED_WITHIN_MS}ms`)}`.execute(tx);
  await sql`select pg_advisory_xact_lock(${decisionsIn(projectId ?? PLATFORM_PROJECT)})`.execute(
    tx,
  );
}

/** Writes a freeze unless one like it stands; undefined then. */
export async function insertFreeze(
  tx: Tx,
  freeze: Pick<Freeze, "freeze_id" | "scope" | "held_by" | "reason"> & FreezePlace & { by: Actor },
): Promise<Freeze | undefined> {
  const { projectId, agentId, by } = freeze;
  const { rows } = await sql<Freeze>`
    insert into freezes (freeze_id, project_id, scope, agent_id, held_by, reason, frozen_by_kind, frozen_by)
    values (${freeze.freeze_id}, ${projectId ?? PLATFORM_PROJECT}, ${freeze.scope}, ${agentId ?? null}, ${freeze.held_by},
      ${freeze.reason}, ${by.kind}, ${by.id})
    on conflict (project_id, coalesce(agent_id, ''), held_by) where lifted_at is null do nothing
    returning ${COLUMNS}`.execute(tx);
  return rows[0];
}

/** The freezes that stand at a place, those of its agents included, and those that hold there from further out. */
export async function readStanding(tx: Tx, { projectId, agentId }: FreezePlace): Promise<Freeze[]> {
  const { rows } = await sql<Freeze>`
    select ${COLUMNS} from freezes
    where lifted_at is null
      and (${projectId ?? null}::text is null or freezes.project_id in (${projectId ?? null}, ${PLATFORM_PROJECT}))
      and (${agentId ?? null}::text is null or agent_id is null or agent_id = ${agentId ?? null})
    order by frozen_at, freeze_id limit 200`.execute(tx);
  return rows;
}

/** Reads a freeze that the transaction may see, and holds it if it may change it. */
export async function findFreeze(tx: Tx, freezeId: string): Promise<Freeze | undefined> {
  const { rows } = await sql<Freeze>`
    select ${COLUMNS} from freezes where freeze_id = ${freezeId}`.execute(tx);
  return rows[0];
}

/** Lifts a standing freeze; undefined when somebody else has lifted it. */
export async function liftFreeze(
  tx: Tx,
  freezeId: string,
  by: Actor,
  reason: string,
): Promise<Freeze | undefined> {
  const { rows } = await sql<Freeze>`
    update freezes set lifted_at = clock_timestamp(), lifted_by_kind = ${by.kind}, lifted_by = ${by.id},
      lift_reason = ${reason}
    where freeze_id = ${freezeId} and lifted_at is null returning ${COLUMNS}`.execute(tx);
  return rows[0];
}

/** A page of the freezes that the transaction may see and one more, newest first, with how many there are. */
export function listFreezes(
  tx: Tx,
  filters: { projectId: string | undefined; standing: boolean | undefined },
  place: Place<TimeAndId>,
) {
  const direction = directionOf("desc", place.back);
  const by = [sql`frozen_at`, sql`freeze_id`];
  const conditions = [
    sql`true`,
    ...(filters.projectId === undefined ? [] : [sql`freezes.project_id = ${filters.projectId}`]),
    ...(filters.standing === undefined
      ? []
      : [filters.standing ? sql`lifted_at is null` : sql`lifted_at is not null`]),
  ];
  const found = sql`freezes where ${sql.join(conditions, sql` and `)}`;
  return readCounted<Freeze>(tx, {
    table: "freezes",
    page: sql<Freeze>`select ${COLUMNS} from ${found} and ${isBeyond(by, direction, place.beyond)}
      ${inOrder(by, direction)} limit ${place.limit + 1}`,
    order: inOrder(by, direction),
    rowsOf: (limit) => sql`select 1 from ${found} ${limit}`,
  });
}
