import type { RunList, RunRow } from "../../app/api.ts";

export interface ShownRow {
  run: RunRow;
  /** The filters no longer match it; it stays where one reads it until the list is renewed. */
  gone: boolean;
}

export interface Merged {
  rows: ShownRow[];
  newer: number;
  /** Every row of the head is new: there may be more than `newer`. */
  more: boolean;
}

function isOlder(a: RunRow, b: RunRow): boolean {
  const difference = Date.parse(a.created_at) - Date.parse(b.created_at);
  return difference === 0 ? a.run_id < b.run_id : difference < 0;
}

/**
 * Brings the newest answer into the rows that are shown without moving any: values change in place,
 * new rows are only counted. An empty list has nothing that could move, so it shows them at once.
 */
export function mergeHead(shown: readonly RunRow[], head: RunList | undefined): Merged {
  if (!head) return { rows: shown.map((run) => ({ run, gone: false })), newer: 0, more: false };
  const first = shown[0];
  if (!first)
    return { rows: head.runs.map((run) => ({ run, gone: false })), newer: 0, more: false };
  const fresh = new Map(head.runs.map((run) => [run.run_id, run]));
  const last = head.runs.at(-1);
  const isCovered = (run: RunRow) => !head.next_cursor || (last && !isOlder(run, last));
  const newer = head.runs.filter((run) => isOlder(first, run)).length;
  return {
    rows: shown.map((run) => {
      const now = fresh.get(run.run_id);
      return { run: now ?? run, gone: now === undefined && Boolean(isCovered(run)) };
    }),
    newer,
    more: newer === head.runs.length && head.next_cursor !== null,
  };
}
