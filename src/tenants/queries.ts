import { sql } from "kysely";
import { readCounted } from "../platform/database/count.ts";
import type { Scope, Tx } from "../platform/database/index.ts";
import { later, onItsWay } from "../platform/database/pipelining.ts";
import { directionOf, inOrder, isBeyond } from "../platform/database/seek.ts";
import type { Place } from "../platform/http/index.ts";
import type { Tenant } from "./contract.ts";
import type { Settings } from "./rules.ts";

/** What features need to know of a project. */
export type Project = Omit<Tenant, "created_at">;

const COLUMNS = [
  "project_id",
  "display_name",
  "migration_mode",
  "budget_limit_usd",
  "is_active",
  "created_at",
  "canary_percent",
  "drains",
  "separate_approver",
  "retention_payload_days",
  "retention_run_days",
  "calls_per_minute",
  "calls_per_day",
] as const;

const startsOf = (projectId: string) => sql`hashtextextended(${`project-starts ${projectId}`}, 0)`;

/**
 * Reads a project in which a run is about to start, or a person about to be asked: it stays as active as it was read until
 * the transaction ends. Starts do not wait for each other, only for somebody who is deactivating the project this moment.
 */
export async function readProjectToStart(tx: Tx, projectId: string): Promise<Project | undefined> {
  const held = later(sql`select pg_advisory_xact_lock_shared(${startsOf(projectId)})`.execute(tx));
  await onItsWay();
  const [project] = await Promise.all([readProject(tx, projectId), held]);
  return project;
}

/** Keeps runs from starting in a project until the transaction ends, having waited for those that are starting. */
export async function holdStarts(tx: Tx, projectId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(${startsOf(projectId)})`.execute(tx);
}

/** Reads a project; undefined when there is none that the transaction may see. */
export async function readProject(tx: Tx, projectId: string): Promise<Project | undefined> {
  const row = await tx
    .selectFrom("projects")
    .select(COLUMNS)
    .where("project_id", "=", projectId)
    .executeTakeFirst();
  if (!row) return undefined;
  const { created_at: _, ...project } = row;
  return { ...project, migration_mode: row.migration_mode as Tenant["migration_mode"] };
}

/**
 * A page of projects and one more, by id, with how many there are: for a platform operator every one, from the definer
 * function that serves the older clients too; for others theirs.
 */
export function listTenants(tx: Tx, scope: Scope["role"], place: Place<[projectId: string]>) {
  const source = scope === "platform" ? sql`awooop_operator_list_projects()` : sql`projects`;
  const direction = directionOf("asc", place.back);
  const by = [sql`listed.project_id`];
  return readCounted<Tenant>(tx, {
    table: "projects",
    page: sql`
      select listed.project_id, listed.display_name, listed.migration_mode, listed.budget_limit_usd, listed.is_active,
        listed.created_at, projects.canary_percent, projects.drains, projects.separate_approver,
        projects.retention_payload_days, projects.retention_run_days, projects.calls_per_minute, projects.calls_per_day
      from ${source} as listed join projects using (project_id)
      where ${isBeyond(by, direction, place.beyond)} ${inOrder(by, direction)} limit ${place.limit + 1}`,
    order: inOrder([sql`project_id`], direction),
    rowsOf: (limit) => sql`select 1 from projects ${limit}`,
  });
}

/** Stores a project; throws the driver's error on `projects_pkey` when the id is taken. */
export async function insertTenant(
  tx: Tx,
  tenant: Omit<Tenant, "created_at" | "is_active" | "drains">,
): Promise<Tenant> {
  const row = await tx
    .insertInto("projects")
    .values(tenant)
    .returning(COLUMNS)
    .executeTakeFirstOrThrow();
  return { ...row, migration_mode: row.migration_mode as Tenant["migration_mode"] };
}

/** Reads a project and holds it, so that of two changes at once each sees what the other left. */
export async function lockTenant(tx: Tx, projectId: string): Promise<Tenant | undefined> {
  const row = await tx
    .selectFrom("projects")
    .select(COLUMNS)
    .where("project_id", "=", projectId)
    // Its key stays as it is: whatever refers to the project need not wait, while this may wait for a run of it.
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row && { ...row, migration_mode: row.migration_mode as Tenant["migration_mode"] };
}

/** Changes a project that `lockTenant` holds. */
export async function updateTenant(
  tx: Tx,
  projectId: string,
  patch: Partial<Settings>,
): Promise<void> {
  await tx.updateTable("projects").set(patch).where("project_id", "=", projectId).execute();
}
