import { defaultRangeExtractor, useWindowVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useLayoutEffect, useRef, useState } from "react";

// Until a line was measured.
const LINE_PX = 32;
// Up to so many lines all are drawn: a browser finds words only in what is there.
const ALL_DRAWN = 150;
const OVERSCAN = 20;
// What lies over the page's upper and lower end.
const COVERED_TOP_PX = 56;
const COVERED_BOTTOM_PX = 72;

type List = RefObject<HTMLOListElement | null>;

/** Where the first line stands in the page; followed whenever what is above it changes. */
function useMargin(list: List): number {
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const top = list.current?.getBoundingClientRect().top;
    if (top !== undefined) setMargin(Math.round(top + window.scrollY));
  });
  return margin;
}

/**
 * Keeps the line that one reads in its place when lines come above it, and, while one is in the story, when what stands
 * above all of it changes.
 *
 * @param start where a line begins in the page
 */
function useStill(
  list: List,
  ids: readonly string[],
  reading: number,
  margin: number,
  start: (at: number) => number | undefined,
) {
  const held = useRef({ ids, margin, reading });
  const places = useRef(start);
  useLayoutEffect(() => {
    const was = held.current;
    const from = places.current(was.reading);
    held.current = { ids, margin, reading };
    places.current = start;
    if (was.ids === ids && was.margin === margin) return;
    const at = ids.indexOf(was.ids[was.reading] ?? "");
    const to = start(at);
    const isRead =
      at !== was.reading ||
      window.scrollY > margin ||
      list.current?.contains(document.activeElement);
    if (isRead && at !== -1 && from !== undefined && to !== undefined && to !== from)
      window.scrollBy(0, to - from);
  });
}

/** The lines of a story of any length that have to be drawn, and how one goes to any of them. */
export function useLines(ids: readonly string[], list: List) {
  const margin = useMargin(list);
  const [focused, setFocused] = useState<string>();
  const [wanted, setWanted] = useState<string>();
  const kept = focused === undefined ? -1 : ids.indexOf(focused);
  const virtual = useWindowVirtualizer({
    count: ids.length,
    estimateSize: () => LINE_PX,
    getItemKey: (at) => ids[at] ?? at,
    overscan: ids.length <= ALL_DRAWN ? ALL_DRAWN : OVERSCAN,
    scrollMargin: margin,
    scrollPaddingStart: COVERED_TOP_PX,
    scrollPaddingEnd: COVERED_BOTTOM_PX,
    useFlushSync: false,
    rangeExtractor: (range) => {
      const drawn = defaultRangeExtractor(range);
      if (kept === -1 || kept >= range.count || drawn.includes(kept)) return drawn;
      return [...drawn, kept].sort((a, b) => a - b);
    },
  });
  const drawn = virtual.getVirtualItems();
  const { startIndex = 0, endIndex = 0 } = virtual.range ?? {};
  const { measurementsCache } = virtual;
  useStill(list, ids, startIndex, margin, (at) => measurementsCache[at]?.start);
  useLayoutEffect(() => {
    if (wanted === undefined) return;
    const link = list.current?.querySelector<HTMLElement>(`[data-entry="${CSS.escape(wanted)}"]`);
    if (!link) return;
    link.focus({ preventScroll: true });
    setWanted(undefined);
  });
  const goTo = (id: string) => {
    const at = ids.indexOf(id);
    if (at === -1) return;
    virtual.scrollToIndex(at);
    setWanted(id);
  };
  const bring = (id: string) => virtual.scrollToIndex(ids.indexOf(id), { align: "center" });
  let end = margin;
  const placed = drawn.map(({ index, start, end: until }) => {
    // What is not drawn keeps its room.
    const gap = start - end;
    end = until;
    return { index, gap };
  });
  return {
    drawn: placed,
    below: virtual.getTotalSize() - (end - margin),
    measure: virtual.measureElement,
    lastInView: endIndex,
    goTo,
    /** Scrolls a line that is there into the middle, and leaves the focus where it is. */
    bring,
    setFocused,
  };
}
