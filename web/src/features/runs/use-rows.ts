import { defaultRangeExtractor, useWindowVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useWidth } from "../../ui/use-width.ts";
import { useFlight } from "./use-flight.ts";
import type { Runs } from "./use-runs.ts";

// Until a row was measured.
const ROW_PX = 32;
const OVERSCAN = 12;
// What lies over the list's upper and lower end: bars, the line of newer runs, the table's head.
const COVERED_TOP_PX = 106;
const COVERED_BOTTOM_PX = 64;

/** How high a row is and where the first one begins, as the style sheet has it at this width. */
function useMeasures(table: RefObject<HTMLTableElement | null>, isFilled: boolean) {
  const width = useWidth(table);
  const [measures, setMeasures] = useState({ row: ROW_PX, margin: 0 });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another width may have another style
  useLayoutEffect(() => {
    const body = table.current?.tBodies[0];
    const line = body?.querySelector("tr[aria-rowindex]");
    if (!body || !line) return;
    const row = line.getBoundingClientRect().height;
    const margin = Math.round(body.getBoundingClientRect().top + window.scrollY);
    setMeasures((old) => (old.row === row && old.margin === margin ? old : { row, margin }));
  }, [table, width, isFilled]);
  return measures;
}

/** Keeps the row that one reads in its place when the rows above it turn out to be more or fewer. */
function useStill(runs: Runs, firstInView: number, row: number) {
  const held = useRef<{ id: string; index: number }>(undefined);
  const { start, rows } = runs.stretch;
  useLayoutEffect(() => {
    const { current } = held;
    const at = current ? rows.findIndex(({ run_id }) => run_id === current.id) : -1;
    if (current && at !== -1 && start + at !== current.index)
      window.scrollBy(0, (start + at - current.index) * row);
  }, [start, rows, row]);
  useLayoutEffect(() => {
    const id = rows[firstInView - start]?.run_id;
    held.current = id === undefined ? undefined : { id, index: firstInView };
  }, [rows, start, firstInView]);
}

/** The rows to draw, and how one walks them: the row that has the focus stays drawn wherever one scrolls. */
export function useRows(runs: Runs, table: RefObject<HTMLTableElement | null>) {
  const { stretch, onView } = runs;
  const { start, count } = stretch;
  const { row, margin } = useMeasures(table, stretch.rows.length > 0);
  const [focusedId, setFocusedId] = useState<string>();
  const [wanted, setWanted] = useState<number>();
  const focused = useMemo(() => {
    const at = stretch.rows.findIndex(({ run_id }) => run_id === focusedId);
    return at === -1 ? undefined : start + at;
  }, [stretch, start, focusedId]);
  const virtual = useWindowVirtualizer({
    count,
    estimateSize: () => row,
    overscan: OVERSCAN,
    scrollMargin: margin,
    scrollPaddingStart: COVERED_TOP_PX,
    scrollPaddingEnd: COVERED_BOTTOM_PX,
    // Known at once, so that the first rows are drawn with the list and not after it, all in one go.
    initialRect: { width: window.innerWidth, height: window.innerHeight },
    useFlushSync: false,
    rangeExtractor: (range) => {
      const drawn = defaultRangeExtractor(range);
      if (focused === undefined || focused >= range.count || drawn.includes(focused)) return drawn;
      return [...drawn, focused].sort((a, b) => a - b);
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another height makes the measured ones wrong
  useLayoutEffect(() => virtual.measure(), [row]);
  const first = virtual.range?.startIndex ?? 0;
  const last = virtual.range?.endIndex ?? 0;
  const scrolling = virtual.isScrolling;
  useEffect(() => onView({ first, last, scrolling }), [onView, first, last, scrolling]);
  const flight = useFlight({ first: first - OVERSCAN, last: last + OVERSCAN });
  useStill(runs, first, row);
  useEffect(() => {
    if (wanted === undefined) return;
    const link = table.current?.querySelector<HTMLElement>(
      `tr[aria-rowindex="${wanted + 2}"] a.what`,
    );
    if (!link) return;
    link.focus({ preventScroll: true });
    setWanted(undefined);
  });
  const walk = (by: 1 | -1) => {
    const from = wanted ?? focused ?? (by === 1 ? first - 1 : last + 1);
    const next = Math.min(count - 1, Math.max(0, from + by));
    virtual.scrollToIndex(next);
    setWanted(next);
  };
  return { virtual, margin, flight, focused, setFocusedId, walk };
}
