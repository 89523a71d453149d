import { useInfiniteQuery, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { RunDetail, TimelineItem, TimelinePage } from "../../app/api.ts";
import { isUnsettled, joinedItems, withRecords } from "./joined.ts";
import {
  newestItemsQuery,
  type TimelineEnd,
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
  openAt: ((end: TimelineEnd) => void) | null;
  /** Where it was opened, and how often it was opened anew. */
  opened: { end: TimelineEnd; times: number };
  /** How many items have come that do not follow on what is loaded. */
  apart: number;
}

// So many pages at most are read again because something on them is under way.
const UNSETTLED_PAGES = 4;

const NOTHING: { pages: TimelinePage[]; pageParams: string[] } = { pages: [], pageParams: [] };
const answered = (answers: readonly { data: TimelinePage | undefined }[]) =>
  answers.flatMap(({ data }) => (data ? [data] : []));

/** The pages that are loaded, with those read again of which something was under way. */
function usePages(detail: RunDetail, end: TimelineEnd, isLong: boolean) {
  const { project_id, run_id } = detail.run;
  const query = useInfiniteQuery(timelinePagesQuery(project_id, run_id, end, isLong));
  const newest = useQuery(newestItemsQuery(project_id, run_id, isLong)).data;
  const { pages, pageParams } = query.data ?? NOTHING;
  const open = (pageParams as string[])
    .filter((_, at) => pages[at]?.items.some(isUnsettled))
    .slice(-UNSETTLED_PAGES);
  const again = useQueries({
    queries: open.map((place) => timelinePageQuery(project_id, run_id, end, place)),
    combine: answered,
  });
  return { query, pages, newest, again };
}

/** A short run's timeline comes with the run; a long one's is opened at its end, and read on page by page both ways. */
export function useTimeline(detail: RunDetail): Timeline {
  const { run, timeline, counts } = detail;
  const isLong = counts.timeline > timeline.length;
  // One that grows long while it is read goes on from where one reads it.
  const [opened, setOpened] = useState<Timeline["opened"]>({
    end: isLong ? "news" : "beginning",
    times: 0,
  });
  const { end } = opened;
  const client = useQueryClient();
  const { query, pages, newest, again } = usePages(detail, end, isLong);
  const transitions = useQuery(transitionsQuery(run.project_id, run.run_id, isLong));
  const joined = useMemo(() => {
    if (!isLong) return { items: timeline, isToTheEnd: true };
    if (pages.length === 0)
      return { items: end === "news" ? [] : timeline, isToTheEnd: end === "news" };
    const fresh = new Map(again.flatMap(({ items }) => items).map((item) => [item.id, item]));
    const asRead = pages.flatMap(({ items }) => items.map((item) => fresh.get(item.id) ?? item));
    const loaded = end === "news" ? asRead.toReversed() : asRead;
    return joinedItems(loaded, newest?.items.toReversed() ?? []);
  }, [isLong, pages, again, newest, end, timeline]);
  const full = useMemo(
    () => withRecords(detail, [...pages, ...again, ...(newest ? [newest] : [])]),
    [detail, pages, again, newest],
  );
  const more: More | null =
    isLong && query.hasNextPage
      ? { load: () => void query.fetchNextPage(), isLoading: query.isFetchingNextPage }
      : null;
  const openAt = (at: TimelineEnd) => {
    client.removeQueries(timelinePagesQuery(run.project_id, run.run_id, at, true));
    setOpened(({ times }) => ({ end: at, times: times + 1 }));
  };
  const { isToTheEnd, items } = joined;
  return {
    items,
    detail: full,
    changes: (isLong && transitions.data?.items) || timeline,
    earlier: end === "news" ? more : null,
    later: end === "beginning" && !isToTheEnd ? more : null,
    openAt: isLong ? openAt : null,
    opened,
    apart:
      isToTheEnd || end === "beginning" || !newest
        ? 0
        : Math.max(0, newest.total - (pages[0]?.total ?? newest.total)),
  };
}
