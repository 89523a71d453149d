import { sql } from "kysely";
import type { Tx } from "../platform/database/index.ts";
import type { Family } from "./contract.ts";
import type { Identity } from "./documents.ts";

/** Where a contract stands: which numbers are taken, and the revision that is active. */
export interface Standing {
  project_id: string;
  contract_id: string;
  contract_family: Family;
  highest_major: number;
  /** Under the active revision's major number, or under the highest when none is active. */
  highest_minor: number;
  /** The highest major number that is active or was; null when none ever was. */
  activated_major: number | null;
  active_id: string | null;
  active_hash: string | null;
  active_major: number | null;
  active_minor: number | null;
}

/**
 * Serialises whoever changes the same contracts, until the transaction ends; sorted, so that nobody waits in a ring.
 *
 * @param whole projects of which all contracts may change: nobody else changes any of them meanwhile
 */
export async function lockContracts(
  tx: Tx,
  identities: readonly Pick<Identity, "project_id" | "contract_id">[],
  whole: readonly string[] = [],
): Promise<void> {
  const projects = (ids: readonly string[]) =>
    [...new Set(ids)].map((id) => `contracts:${id}`).sort();
  await sql`select pg_advisory_xact_lock(hashtextextended(name, 0)) from unnest(${projects(whole)}::text[]) as name`.execute(
    tx,
  );
  const others = projects(
    identities.map((of) => of.project_id).filter((id) => !whole.includes(id)),
  );
  await sql`select pg_advisory_xact_lock_shared(hashtextextended(name, 0)) from unnest(${others}::text[]) as name`.execute(
    tx,
  );
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
    select wanted.project_id, wanted.contract_id, newest.contract_family, newest.version_major as highest_major,
      (select max(r.version_minor) from contract_revisions r where r.project_id = wanted.project_id
        and r.contract_id = wanted.contract_id
        and r.version_major = coalesce(active.version_major, newest.version_major)) as highest_minor,
      (select max(r.version_major) from contract_revisions r where r.project_id = wanted.project_id
        and r.contract_id = wanted.contract_id
        and r.lifecycle_status in ('active', 'deprecated', 'retired')) as activated_major,
      active.revision_id as active_id, active.body_hash as active_hash,
      active.version_major as active_major, active.version_minor as active_minor
    from unnest(${projects}::text[], ${ids}::text[]) as wanted (project_id, contract_id)
    cross join lateral (
      select r.contract_family, r.version_major from contract_revisions r
      where r.project_id = wanted.project_id and r.contract_id = wanted.contract_id
      order by r.version_major desc, r.version_minor desc limit 1) as newest
    left join contract_revisions active on active.project_id = wanted.project_id
      and active.contract_id = wanted.contract_id and active.lifecycle_status = 'active'`.execute(
    tx,
  );
  return rows;
}

/** The bodies of revisions, by id. */
export async function bodiesOf(
  tx: Tx,
  revisions: readonly { project_id: string; revision_id: string }[],
): Promise<Map<string, unknown>> {
  if (revisions.length === 0) return new Map();
  const { rows } = await sql<{ revision_id: string; body: unknown }>`
    select r.revision_id, r.body
    from unnest(${revisions.map((of) => of.project_id)}::text[], ${revisions.map((of) => of.revision_id)}::uuid[])
      as wanted (project_id, revision_id)
    join contract_revisions r using (project_id, revision_id)`.execute(tx);
  return new Map(rows.map((row) => [row.revision_id, row.body]));
}

/** Revisions in review that say what the documents say, and were drafted against what is active now; by contract. */
export async function revisionsInReview(
  tx: Tx,
  wanted: readonly { identity: Identity; hash: string; activeId: string | null }[],
): Promise<
  {
    project_id: string;
    contract_id: string;
    revision_id: string;
    version_major: number;
    version_minor: number;
  }[]
> {
  if (wanted.length === 0) return [];
  const { rows } = await sql<{
    project_id: string;
    contract_id: string;
    revision_id: string;
    version_major: number;
    version_minor: number;
  }>`
    select found.project_id, found.contract_id, found.revision_id, found.version_major, found.version_minor
    from unnest(${wanted.map((of) => of.identity.project_id)}::text[],
      ${wanted.map((of) => of.identity.contract_id)}::text[], ${wanted.map((of) => of.hash)}::text[],
      ${wanted.map((of) => of.activeId)}::uuid[]) as wanted (project_id, contract_id, body_hash, active_id)
    cross join lateral (
      select r.* from contract_revisions r
      where r.project_id = wanted.project_id and r.contract_id = wanted.contract_id
        and r.lifecycle_status = 'review' and r.body_hash = wanted.body_hash
        and r.base_revision_id is not distinct from wanted.active_id
      order by r.version_major desc, r.version_minor desc limit 1) as found`.execute(tx);
  return rows;
}
