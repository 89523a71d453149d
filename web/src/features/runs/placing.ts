import type { RunList, RunRow } from "../../app/api.ts";

/** The rows at hand, and where in the whole list they stand. */
export interface Stretch {
  /** The index of the first row that is at hand. */
  start: number;
  rows: RunRow[];
  /** How many rows the list is drawn with; an estimate until its end was seen. */
  count: number;
}

/** The most rows a list is drawn with: browsers draw nothing beyond some 17 million pixels, and a mobile row has 64. */
export const MOST_DRAWN = 200_000;

/** Where the rows of consecutive pages stand; `end` is how many rows the list is known to have. */
export function stretchOf(pages: readonly RunList[], end?: number): Stretch {
  const [first, last] = [pages[0], pages.at(-1)];
  if (!first || !last) return { start: 0, rows: [], count: 0 };
  const start = (first.page - 1) * first.per_page;
  const rows = pages.flatMap(({ runs }) => runs);
  const loaded = start + rows.length;
  if (last.next_cursor === null && (rows.length > 0 || start === 0))
    return { start, rows, count: loaded };
  const estimate = Math.min(end ?? last.total, MOST_DRAWN);
  return { start, rows, count: Math.max(loaded + 1, estimate) };
}

/**
 * Where a page that is at hand begins whatever has come before it since: the page beside it knows. By its number its last
 * rows would be another page's by then.
 */
export function steadyPlace(pages: readonly RunList[], n: number): { cursor: string } | undefined {
  const cursor = pages[n - 1]?.next_cursor ?? pages[n + 1]?.prev_cursor;
  return cursor ? { cursor } : undefined;
}

/** What has to be fetched for the rows that are in view. */
export type Need = { kind: "next" } | { kind: "previous" } | { kind: "jump"; page: number };

// So many rows before the end of what is at hand the next page is fetched.
const AHEAD = 40;

/**
 * What is missing around the rows in view, if anything: the page beside those at hand, or, far away from them, the page
 * that one has gone to.
 *
 * @param view the first and the last row in view, as indexes in the whole list
 */
export function needOf(
  { start, rows, count }: Stretch,
  view: { first: number; last: number },
  perPage: number,
): Need | undefined {
  const end = start + rows.length;
  if (view.first > end + perPage || view.last < start - perPage)
    return { kind: "jump", page: Math.floor(view.first / perPage) + 1 };
  if (view.first < start + AHEAD && start > 0) return { kind: "previous" };
  return view.last > end - AHEAD && end < count ? { kind: "next" } : undefined;
}
