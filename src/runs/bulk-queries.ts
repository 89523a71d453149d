import { type Selectable, sql } from "kysely";
import { type Caller, projectsTable } from "../identity/index.ts";
import type { Total } from "../platform/database/count.ts";
import type { DB, Tx } from "../platform/database/index.ts";
import { type List, readList } from "../platform/database/list.ts";
import { directionOf, inOrder, isBeyond } from "../platform/database/seek.ts";
import type { Place } from "../platform/http/index.ts";
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

/** What the cursors of the list hold: `created_at` and the id. */
export type BulkPosition = [createdAt: string, bulkId: string];

/** A page of bulk actions, newest first, and how many there are. */
export function listBulks(
  tx: Tx,
  wanted: {
    caller: Pick<Caller, "projects">;
    projectId: string | undefined;
    status: Bulk["status"] | undefined;
    place: Place<BulkPosition>;
  },
): Promise<{ rows: BulkRow[]; total: Total }> {
  const { caller, projectId, status, place } = wanted;
  const withStatus = status === undefined ? sql`true` : sql`status = ${status}`;
  const list: List = {
    table: "run_bulk_actions",
    projects: projectsTable(caller, projectId),
    columns: sql`*`,
    from: sql`run_bulk_actions where project_id = p.project_id and ${withStatus}`,
    by: { created_at: sql`created_at`, bulk_id: sql`bulk_id` },
    order: "desc",
  };
  return readList<BulkRow>(tx, list, place);
}

/** What the cursors of the results hold: the run's id. */
export type ResultPosition = [runId: string];

/** What became of each run of a bulk action, by run id. */
export async function listResults(
  tx: Tx,
  bulk: BulkRow,
  outcome: BulkResult["outcome"] | undefined,
  place: Place<ResultPosition>,
): Promise<BulkResult[]> {
  const direction = directionOf("asc", place.back);
  const columns = [sql`run_id`];
  const { rows } = await sql<BulkResult>`
    select run_id, outcome, code, detail, new_run_id, at from run_bulk_results
    where project_id = ${bulk.project_id} and bulk_id = ${bulk.bulk_id}
      and ${outcome === undefined ? sql`true` : sql`outcome = ${outcome}`}
      and ${isBeyond(columns, direction, place.beyond)}
    ${inOrder(columns, direction)} limit ${place.limit + 1}`.execute(tx);
  return rows;
}

/** How many runs of a bulk action came to an outcome, or are there at all. */
export function countResults(bulk: BulkRow, outcome: BulkResult["outcome"] | undefined): number {
  const { total_count, changed_count, refused_count } = bulk;
  if (outcome === undefined) return total_count;
  if (outcome === "waiting") return total_count - changed_count - refused_count;
  return outcome === "changed" ? changed_count : refused_count;
}
