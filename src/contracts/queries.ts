import { sql } from "kysely";
import { countRows } from "../platform/database/count.ts";
import type { Timestamp, Tx } from "../platform/database/index.ts";
import type { ContractsQuery, RevisionItem } from "./contract.ts";

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
