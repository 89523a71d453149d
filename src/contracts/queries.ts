import { type RawBuilder, sql } from "kysely";
import { type Caller, projectsTable } from "../identity/index.ts";
import type { Total } from "../platform/database/count.ts";
import type { Tx } from "../platform/database/index.ts";
import { readList } from "../platform/database/list.ts";
import type { Place, TimeAndId } from "../platform/http/index.ts";
import type { ContractsQuery, RevisionItem } from "./contract.ts";

type Filters = Omit<ContractsQuery, "limit" | "cursor">;

/** A page of revisions and one more, newest first, with how many there are. */
export function listRevisions(
  tx: Tx,
  caller: Caller,
  filters: Filters,
  place: Place<TimeAndId>,
): Promise<{ rows: RevisionItem[]; total: Total }> {
  const { project_id, ...columns } = filters;
  const list = {
    table: "contract_revisions",
    // In the order that the API promises.
    columns: sql`revision_id, contract_id, contract_family, lifecycle_status, body_hash, version_major, version_minor,
      created_at, project_id`,
    projects: projectsTable(caller, project_id),
    from: sql`contract_revisions where project_id = p.project_id and ${equal(columns)}`,
    by: { created_at: sql`created_at`, revision_id: sql`revision_id` },
    order: "desc",
  } as const;
  return readList<RevisionItem>(tx, list, place);
}

/** A condition: each column that a value is given for has it. */
function equal(columns: Readonly<Record<string, string | undefined>>): RawBuilder<unknown> {
  const given = Object.entries(columns).filter(([, value]) => value !== undefined);
  return sql.join(
    [sql`true`, ...given.map(([name, value]) => sql`${sql.ref(name)} = ${value}`)],
    sql` and `,
  );
}
