import { type Selectable, sql } from "kysely";
import { type Caller, projectsTable } from "../identity/index.ts";
import { countRows } from "../platform/database/count.ts";
import type { DB, Tx } from "../platform/database/index.ts";
import type { Bulk, BulkFilter, BulkResult } from "./bulk-contract.ts";

/** A row of `run_bulk_actions`. */
export type BulkRow = Omit<
  Selectable<DB["run_bulk_actions"]>,
  "action" | "filter" | "status" | "actor_kind"
> & {
  action: Bulk["action"];
  filter: BulkFilter;
  status: Bulk["status"];
  actor_kind: "key" | "worker" | "system" | "agent";
};

const rowById = (tx: Tx, projectId: string, bulkId: string) =>
  tx
    .selectFrom("run_bulk_actions")
    .selectAll()
    .where("project_id", "=", projectId)
    .where("bulk_id", "=", bulkId);

/** Reads a bulk action that is there. */
export async function readBulk(tx: Tx, projectId: string, bulkId: string): Promise<BulkRow> {
  return (await rowById(tx, projectId, bulkId).executeTakeFirstOrThrow()) as BulkRow;
}

/** Reads a bulk action and holds it, to say that it is done. */
export async function lockBulk(
  tx: Tx,
  projectId: string,
  bulkId: string,
): Promise<BulkRow | undefined> {
  return (await rowById(tx, projectId, bulkId).forUpdate().executeTakeFirst()) as
    | BulkRow
    | undefined;
}

/** Finds a bulk action by its id alone, among those the transaction may see. */
export async function findBulk(tx: Tx, bulkId: string): Promise<BulkRow | undefined> {
  const row = await tx
    .selectFrom("run_bulk_actions")
    .selectAll()
    .where("bulk_id", "=", bulkId)
    .executeTakeFirst();
  return row as BulkRow | undefined;
}

interface Page {
  limit: number;
  /** The `created_at` and id of the last one shown. */
  after: readonly [string, string] | undefined;
}

interface Wanted {
  caller: Pick<Caller, "projects">;
  projectId: string | undefined;
  status: Bulk["status"] | undefined;
}

const inEachProject = ({ caller, projectId }: Wanted) => projectsTable(caller, projectId);
const withStatus = ({ status }: Wanted) =>
  status === undefined ? sql`true` : sql`status = ${status}`;

/** Bulk actions, newest first, after the position. */
export async function listBulks(tx: Tx, wanted: Wanted, page: Page): Promise<BulkRow[]> {
  const { limit, after } = page;
  const fromHere = after
    ? sql`and (created_at, bulk_id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`
    : sql``;
  const { rows } = await sql<BulkRow>`
    select newest.* from ${inEachProject(wanted)} cross join lateral (
      select * from run_bulk_actions where project_id = p.project_id and ${withStatus(wanted)} ${fromHere}
      order by created_at desc, bulk_id desc limit ${limit}
    ) newest
    order by created_at desc, bulk_id desc limit ${limit}`.execute(tx);
  return rows;
}

export function countBulks(tx: Tx, wanted: Wanted) {
  return countRows(
    tx,
    (limit) => sql`select 1 from ${inEachProject(wanted)} cross join lateral (
      select 1 from run_bulk_actions where project_id = p.project_id and ${withStatus(wanted)} ${limit}) matching`,
  );
}

/** How many runs of a bulk action came to an outcome, or are there at all. */
export function countResults(bulk: BulkRow, outcome: BulkResult["outcome"] | undefined): number {
  const { total_count, changed_count, refused_count } = bulk;
  if (outcome === undefined) return total_count;
  if (outcome === "waiting") return total_count - changed_count - refused_count;
  return outcome === "changed" ? changed_count : refused_count;
}

/** What became of each run of a bulk action, by run id, after the position. */
export async function listResults(
  tx: Tx,
  bulk: BulkRow,
  outcome: BulkResult["outcome"] | undefined,
  page: { limit: number; after: string | undefined },
): Promise<BulkResult[]> {
  const { rows } = await sql<BulkResult>`
    select run_id, outcome, code, detail, new_run_id, at from run_bulk_results
    where project_id = ${bulk.project_id} and bulk_id = ${bulk.bulk_id}
      and ${outcome === undefined ? sql`true` : sql`outcome = ${outcome}`}
      and ${page.after === undefined ? sql`true` : sql`run_id > ${page.after}::uuid`}
    order by run_id limit ${page.limit}`.execute(tx);
  return rows;
}
