import { useInfiniteQuery, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import type { RunDetail, TimelineItem, TimelinePage } from "../../app/api.ts";
import { Problem } from "../../app/send.ts";
import { isUnsettled, joinedItems, withRecords } from "./joined.ts";
import {
  entryOfStart,
  newestItemsQuery,
  type TimelineStart,
  timelinePageQuery,
  timelinePagesQuery,
  transitionsQuery,
} from "./queries.ts";

/** More of a long timeline, on one of its sides. */
interface More {
  load: () => void;
  isLoading: boolean;
}

export interface Timeline {
  /** What is loaded, oldest first. */
  items: readonly TimelineItem[];
  /** The run with the records behind them. */
  detail: RunDetail;
  /** Its state changes, oldest first. */
  changes: readonly TimelineItem[];
  earlier: More | null;
  later: More | null;
  /** Opens it anew at one of its ends; null where all of it is there from the beginning. */
  openAt: ((start: TimelineStart) => void) | null;
  /** Where it was opened, and how often it was opened anew. */
  opened: { start: TimelineStart; times: number };
  /** Whether the entry that one wants to see is known not to be in this run. */
  isMissing: boolean;
  /** How many items have come that do not follow on what is loaded. */
  apart: number;
}

// So many pages at most are read again because something on them is under way.
const UNSETTLED_PAGES = 4;

const NOTHING: { pages: TimelinePage[]; pageParams: string[] } = { pages: [], pageParams: [] };
const answered = (answers: readonly { data: TimelinePage | undefined }[]) =>
  answers.flatMap(({ data }) => (data ? [data] : []));

/** What lies beyond the pages that are loaded, in the order they are read in and against it. */
function moreOf(
  query: ReturnType<typeof usePages>["query"],
): Record<"next" | "previous", More | null> {
  const { hasNextPage, hasPreviousPage, isFetchingNextPage, isFetchingPreviousPage } = query;
  const next = { load: () => void query.fetchNextPage(), isLoading: isFetchingNextPage };
  const previous = {
    load: () => void query.fetchPreviousPage(),
    isLoading: isFetchingPreviousPage,
  };
  return { next: hasNextPage ? next : null, previous: hasPreviousPage ? previous : null };
}

/** The pages that are loaded, with those read again of which something was under way. */
function usePages(detail: RunDetail, start: TimelineStart, isLong: boolean) {
  const { project_id, run_id } = detail.run;
  const query = useInfiniteQuery(timelinePagesQuery(project_id, run_id, start, isLong));
  const newest = useQuery(newestItemsQuery(project_id, run_id, isLong)).data;
  const { pages, pageParams } = query.data ?? NOTHING;
  const open = (pageParams as string[])
    .filter((_, at) => pages[at]?.items.some(isUnsettled))
    .slice(-UNSETTLED_PAGES);
  const again = useQueries({
    queries: open.map((place) => timelinePageQuery(project_id, run_id, start, place)),
    combine: answered,
  });
  return { query, pages, newest, again };
}

/** Where a long timeline stands open. What the address names, and is not loaded, is opened; if there is none such, the news. */
function useOpened(detail: RunDetail, isLong: boolean, wanted: string | undefined) {
  const { project_id, run_id } = detail.run;
  const client = useQueryClient();
  // One that grows long while it is read goes on from where one reads it.
  const [opened, setOpened] = useState<Timeline["opened"]>(() => ({
    start: !isLong ? "beginning" : wanted === undefined ? "news" : `at ${wanted}`,
    times: 0,
  }));
  const [missing, setMissing] = useState<string>();
  const openAt = (start: TimelineStart) => {
    client.removeQueries(timelinePagesQuery(project_id, run_id, start, true));
    setOpened(({ times }) => ({ start, times: times + 1 }));
  };
  const noSuch = (start: TimelineStart) => {
    setMissing(entryOfStart(start));
    setOpened({ start: "news", times: 0 });
  };
  return { opened, openAt, missing, noSuch };
}

/**
 * A short run's timeline comes with the run; a long one's is opened at its end, or at the entry one wants to see, and read
 * on page by page both ways.
 *
 * @param wanted the entry that the address names
 */
export function useTimeline(detail: RunDetail, wanted: string | undefined): Timeline {
  const { run, timeline, counts } = detail;
  const isLong = counts.timeline > timeline.length;
  const { opened, openAt, missing, noSuch } = useOpened(detail, isLong, wanted);
  const { start } = opened;
  const { query, pages, newest, again } = usePages(detail, start, isLong);
  const transitions = useQuery(transitionsQuery(run.project_id, run.run_id, isLong));
  const joined = useMemo(() => {
    if (!isLong) return { items: timeline, isToTheEnd: true };
    if (pages.length === 0)
      return { items: start === "beginning" ? timeline : [], isToTheEnd: start === "news" };
    const fresh = new Map(again.flatMap(({ items }) => items).map((item) => [item.id, item]));
    const asRead = pages.flatMap(({ items }) => items.map((item) => fresh.get(item.id) ?? item));
    const loaded = start === "news" ? asRead.toReversed() : asRead;
    return joinedItems(loaded, newest?.items.toReversed() ?? []);
  }, [isLong, pages, again, newest, start, timeline]);
  const full = useMemo(
    () => withRecords(detail, [...pages, ...again, ...(newest ? [newest] : [])]),
    [detail, pages, again, newest],
  );
  const more = isLong ? moreOf(query) : { next: null, previous: null };
  const { isToTheEnd, items } = joined;
  const has = (id: string) => items.some((item) => item.id === id);
  const isNoSuch = query.error instanceof Problem && query.error.code === "E-NOT-FOUND";
  // biome-ignore lint/correctness/useExhaustiveDependencies: only as it is answered
  useEffect(() => {
    if (isNoSuch) noSuch(start);
  }, [isNoSuch]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only as another one is wanted
  useEffect(() => {
    if (isLong && wanted !== undefined && items.length > 0 && !has(wanted)) openAt(`at ${wanted}`);
  }, [wanted]);
  return {
    items,
    detail: full,
    changes: (isLong && transitions.data?.items) || timeline,
    earlier: start === "news" ? more.next : more.previous,
    later: start !== "news" && !isToTheEnd ? more.next : null,
    openAt: isLong ? openAt : null,
    opened,
    isMissing: wanted !== undefined && (isLong ? missing === wanted : !has(wanted)),
    apart:
      isToTheEnd || start !== "news" || !newest
        ? 0
        : Math.max(0, newest.total - (pages[0]?.total ?? newest.total)),
  };
}
