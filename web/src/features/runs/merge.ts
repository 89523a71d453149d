import type { RunList, RunRow } from "../../app/api.ts";

export interface ShownRow {
  run: RunRow;
  /** The filters no longer match it; it stays where one reads it until the list is renewed. */
  gone: boolean;
}

function isOlder(a: RunRow, b: RunRow): boolean {
  const difference = Date.parse(a.created_at) - Date.parse(b.created_at);
  return difference === 0 ? a.run_id < b.run_id : difference < 0;
}

/** Whether a row would stand in this answer if it still matched. */
function covers(answer: RunList, run: RunRow): boolean {
  const { runs, prev_cursor, next_cursor } = answer;
  const [first, last] = [runs[0], runs.at(-1)];
  const isBelowTop = prev_cursor === null || (first !== undefined && !isOlder(first, run));
  const isAboveEnd = next_cursor === null || (last !== undefined && !isOlder(run, last));
  return isBelowTop && isAboveEnd;
}

/**
 * Brings newer answers into the rows that are shown without moving any: their values change in place.
 *
 * @param isNewestFirst in any other order a row that is missing may only have gone elsewhere
 */
export function freshen(
  shown: readonly RunRow[],
  answers: readonly RunList[],
  isNewestFirst: boolean,
): ShownRow[] {
  const fresh = new Map(answers.flatMap(({ runs }) => runs.map((run) => [run.run_id, run])));
  return shown.map((run) => {
    const now = fresh.get(run.run_id);
    const gone =
      isNewestFirst && now === undefined && answers.some((answer) => covers(answer, run));
    return { run: now ?? run, gone };
  });
}

/** What has come since the list was opened. */
export interface Newer {
  count: number;
  /** All rows of the newest page are new: there may be more than `count`. */
  more: boolean;
}

/** Counts the rows of the newest page that are newer than the newest one of the list; unknown until that page is there. */
export function newerThan(
  first: RunRow | undefined,
  newest: RunList | undefined,
): Newer | undefined {
  if (!newest) return undefined;
  if (!first) return { count: 0, more: false };
  const count = newest.runs.filter((run) => isOlder(first, run)).length;
  return { count, more: count > 0 && count === newest.runs.length && newest.next_cursor !== null };
}
