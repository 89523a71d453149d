import { type RawBuilder, sql } from "kysely";
import type { Caller } from "./caller.ts";

/**
 * The projects a list looks into, as a table `p` with one column: the one that is asked for, or all of the caller's. The
 * transaction's role hides those the caller may not see.
 */
export function projectsTable(
  caller: Pick<Caller, "projects">,
  projectId: string | undefined,
): RawBuilder<unknown> {
  if (projectId === undefined && caller.projects === "all") return sql`projects as p`;
  const ids = projectId === undefined ? [...new Set(caller.projects)] : [projectId];
  // Of one project that it sees as such, the planner knows how much there is.
  if (ids.length === 1) return sql`(select ${ids[0]}::text collate "C" as project_id) as p`;
  return sql`(select id collate "C" as project_id from unnest(${ids}::text[]) as id) as p`;
}
