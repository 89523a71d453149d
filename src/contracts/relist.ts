import { type Caller, scopeOf, sees } from "../identity/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { Judging } from "./check.ts";
import { type ReadDocument, serversObserved, toolsNamed } from "./documents.ts";

const MOST_RELISTED = 10;

/**
 * Has tool servers list their tools anew that have listed some, but not one that a document names: it may have been
 * added since; and those that are observed and have listed none: what can be observed is what they list. Done before the transaction, which must not wait for other machines.
 */
export async function relistWhereUnknown(
  { db, judging }: { db: Database; judging: Judging },
  caller: Caller,
  documents: readonly ReadDocument[],
): Promise<void> {
  const isSeen = (of: { project_id: string }) => sees(caller, of.project_id);
  const named = documents.flatMap(toolsNamed).filter(isSeen);
  const observed = documents.flatMap(serversObserved).filter(isSeen);
  const servers = new Map([...named, ...observed].map((of) => [nameOf(of), of]));
  if (servers.size === 0) return;
  const pins = await db.transaction(scopeOf(caller), (tx) =>
    judging.pinnedTools(tx, [...servers.values()]),
  );
  const listed = Map.groupBy(pins, nameOf);
  const lacking = named.filter(
    (of) => listed.get(nameOf(of))?.every(({ tool_name }) => tool_name !== of.tool) ?? false,
  );
  const unseen = observed.filter((of) => !listed.has(nameOf(of)));
  const asked = new Map([...lacking, ...unseen].map((of) => [nameOf(of), of]));
  if (asked.size > 0) await judging.relist([...asked.values()].slice(0, MOST_RELISTED));
}

function nameOf(of: { project_id: string; server_id: string }): string {
  return `${of.project_id}/${of.server_id}`;
}
