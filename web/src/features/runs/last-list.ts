import type { RunFilters } from "../../app/client.ts";

// The list one comes from belongs to the tab, not to the address of a run: that one is shared with people who came
// from elsewhere.
const KEPT_AS = "awooop.runs.list";

/** Remembers what the list was narrowed to, so that a run's neighbours are those one saw beside it. */
export function rememberList(filters: RunFilters): void {
  try {
    sessionStorage.setItem(KEPT_AS, JSON.stringify(filters));
  } catch {
    // Storage may be switched off; the neighbours are then those of the project.
  }
}

/** What the list one comes from was narrowed to; undefined when one came from elsewhere. */
export function recallList(): RunFilters | undefined {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEPT_AS) ?? "null");
    return typeof kept === "object" && kept !== null ? kept : undefined;
  } catch {
    return undefined;
  }
}
