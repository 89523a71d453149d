import { sql } from "kysely";
import { countRows } from "../platform/database/count.ts";
import type { Timestamp, Tx } from "../platform/database/index.ts";
import type { ContractsQuery, Family, RevisionDetail, RevisionItem } from "./contract.ts";
import type { Identity } from "./documents.ts";

/** Where a contract stands: its highest version, and the revision that is active. */
export interface Standing {
  project_id: string;
  contract_id: string;
  contract_family: Family;
  version_major: number;
  version_minor: number;
  active_id: string | null;
  active_hash: string | null;
  active_major: number | null;
  active_minor: number | null;
}

/** Serialises whoever applies the same contracts, until the transaction ends; sorted, so that nobody waits in a ring. */
export async function lockContracts(tx: Tx, identities: readonly Identity[]): Promise<void> {
  const names = identities.map((of) => `contract:${of.project_id}/${of.contract_id}`).sort();
  await sql`select pg_advisory_xact_lock(hashtextextended(name, 0)) from unnest(${names}::text[]) as name`.execute(
    tx,
  );
}

/** Where each of the contracts stands; those that do not exist yet are left out. */
export async function standings(tx: Tx, identities: readonly Identity[]): Promise<Standing[]> {
  const projects = identities.map((of) => of.project_id);
  const ids = identities.map((of) => of.contract_id);
  const { rows } = await sql<Standing>`
    select wanted.project_id, wanted.contract_id, newest.contract_family, newest.version_major, newest.version_minor,
      active.revision_id as active_id, active.body_hash as active_hash,
      active.version_major as active_major, active.version_minor as active_minor
    from unnest(${projects}::text[], ${ids}::text[]) as wanted (project_id, contract_id)
    cross join lateral (
      select r.contract_family, r.version_major, r.version_minor from contract_revisions r
      where r.project_id = wanted.project_id and r.contract_id = wanted.contract_id
      order by r.version_major desc, r.version_minor desc limit 1) as newest
    left join contract_revisions active on active.project_id = wanted.project_id
      and active.contract_id = wanted.contract_id and active.lifecycle_status = 'active'`.execute(
    tx,
  );
  return rows;
}

/** The ids of the tool servers and channels that are active in the projects. */
export async function activeNames(
  tx: Tx,
  projects: readonly string[],
): Promise<{ project_id: string; contract_id: string; contract_family: string }[]> {
  return tx
    .selectFrom("contract_revisions")
    .select(["project_id", "contract_id", "contract_family"])
    .where("project_id", "in", projects)
    .where("contract_family", "in", ["tool_server", "channel"])
    .where("lifecycle_status", "=", "active")
    .execute();
}

/** In the order that the API promises. */
const LISTED = [
  "revision_id",
  "contract_id",
  "contract_family",
  "lifecycle_status",
  "body_hash",
  "version_major",
  "version_minor",
  "created_at",
  "project_id",
] as const;

/** A place in the list of revisions: the last one seen. */
export type Position = [createdAt: Timestamp, revisionId: string, projectId: string];

/** A page of revisions, newest first. */
export async function listRevisions(
  tx: Tx,
  filters: Omit<ContractsQuery, "limit" | "cursor">,
  page: { limit: number; after: Position | undefined },
): Promise<RevisionItem[]> {
  const rows = filtered(tx, filters)
    .select(LISTED)
    .$if(page.after !== undefined, (query) => {
      const [createdAt, revisionId, projectId] = page.after as Position;
      return query.where(
        sql<boolean>`(created_at, revision_id, project_id) < (${createdAt}::timestamptz, ${revisionId}::uuid, ${projectId})`,
      );
    })
    .orderBy("created_at", "desc")
    .orderBy("revision_id", "desc")
    .orderBy("project_id", "desc")
    .limit(page.limit);
  return rows.$castTo<RevisionItem>().execute();
}

/** How many revisions there are: exact up to 10,000, the planner's estimate above. */
export async function countRevisions(
  tx: Tx,
  filters: Omit<ContractsQuery, "limit" | "cursor">,
): Promise<{ total: number; total_is_exact: boolean }> {
  const matching = filtered(tx, filters).select("revision_id");
  const { count, isExact } = await countRows(
    tx,
    (limit) => sql`select 1 from ${matching} matching ${limit}`,
  );
  return { total: count, total_is_exact: isExact };
}

function filtered(tx: Tx, filters: Omit<ContractsQuery, "limit" | "cursor">) {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined);
  return tx
    .selectFrom("contract_revisions")
    .where((of) =>
      of.and(given.map(([column, value]) => of(column as keyof typeof filters, "=", value))),
    );
}

/** A revision with its body by its id alone, in whatever project the transaction sees. */
export async function findRevision(
  tx: Tx,
  revisionId: string,
): Promise<RevisionDetail | undefined> {
  return tx
    .selectFrom("contract_revisions")
    .select([...LISTED, "body", "created_by"])
    .where("revision_id", "=", revisionId)
    .$castTo<RevisionDetail>()
    .executeTakeFirst();
}

/** The names of the secrets that are set in the projects. */
export async function secretNames(
  tx: Tx,
  projects: readonly string[],
): Promise<{ project_id: string; name: string }[]> {
  return tx
    .selectFrom("secrets")
    .select(["project_id", "name"])
    .where("project_id", "in", projects)
    .execute();
}
