import { type Caller, scopeOf, sees } from "../identity/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { Judging } from "./check.ts";
import { type ReadDocument, toolsNamed } from "./documents.ts";

const MOST_RELISTED = 10;

/**
 * Has tool servers list their tools anew that have listed some, but not one that a document names: it may have been
 * added since. Done before the transaction, which must not wait for other machines.
 */
export async function relistWhereUnknown(
  { db, judging }: { db: Database; judging: Judging },
  caller: Caller,
  documents: readonly ReadDocument[],
): Promise<void> {
  const named = documents.flatMap(toolsNamed).filter((of) => sees(caller, of.project_id));
  if (named.length === 0) return;
  const servers = new Map(named.map((of) => [nameOf(of), of]));
  const pins = await db.transaction(scopeOf(caller), (tx) =>
    judging.pinnedTools(tx, [...servers.values()]),
  );
  const listed = Map.groupBy(pins, nameOf);
  const lacking = named.filter(
    (of) => listed.get(nameOf(of))?.every(({ tool_name }) => tool_name !== of.tool) ?? false,
  );
  const asked = new Map(lacking.map((of) => [nameOf(of), of]));
  if (asked.size > 0) await judging.relist([...asked.values()].slice(0, MOST_RELISTED));
}

function nameOf(of: { project_id: string; server_id: string }): string {
  return `${of.project_id}/${of.server_id}`;
}
