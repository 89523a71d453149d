import {
  keepPreviousData,
  useInfiniteQuery,
  useQueries,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { RunList, RunRow } from "../../app/api.ts";
import { api, type RunFilters, type RunsOrder } from "../../app/client.ts";
import { RUNS_A_PAGE, type RunsPlace, runPagesQuery, runsAnewQuery } from "../../app/queries.ts";
import { freshen, type Newer, newerThan, type ShownRow } from "./merge.ts";
import { MOST_DRAWN, needOf, type Stretch, steadyPlace, stretchOf } from "./placing.ts";

/** Which runs, in which order. */
export type ListedRuns = RunFilters & RunsOrder;

/** The rows that one sees, as indexes in the whole list. */
export interface View {
  first: number;
  last: number;
  scrolling: boolean;
}

// An answer this fresh is not asked for twice.
const FRESH_MS = 2000;

/** What is known of where a list ends: it has so many rows, and has fewer than so many. */
interface Bounds {
  has: number;
  hasNot?: number;
}

/** How many rows a list has, of those that are drawn: found by doubling and by halves, some ten small questions. */
async function endOf(filters: ListedRuns, bounds: Bounds, signal: AbortSignal): Promise<number> {
  let { has, hasNot = MOST_DRAWN + 1 } = bounds;
  let isBounded = bounds.hasNot !== undefined;
  while (hasNot - has > 1) {
    const at = isBounded ? Math.floor((has + hasNot) / 2) : Math.min(2 * has, hasNot - 1);
    const { runs } = await api.runs(filters, { page: at, limit: 1 }, signal);
    if (runs.length > 0) has = at;
    else [hasNot, isBounded] = [at, true];
  }
  return has;
}

/** Which end to look for, where the number of rows that was told turns out to be an estimate and wrong. */
function doubtOf(pages: readonly RunList[], { start, rows }: Stretch, end: number | undefined) {
  const last = pages.at(-1);
  if (!last) return undefined;
  const loaded = start + rows.length;
  if (rows.length === 0) return start > 0 ? { has: 0, hasNot: start } : undefined;
  if (last.next_cursor === null || loaded < (end ?? last.total)) return undefined;
  return loaded < MOST_DRAWN ? { has: loaded } : undefined;
}

/** Pages are fetched around the place one reads, by cursor; a jump beyond them goes by the page's number. */
function usePages(filters: ListedRuns) {
  const [from, setFrom] = useState(1);
  const [end, setEnd] = useState<number>();
  const query = useInfiniteQuery({
    ...runPagesQuery(filters, from),
    placeholderData: keepPreviousData,
  });
  const { data, isPlaceholderData } = query;
  const pages = data?.pages;
  const stretch = useMemo(() => stretchOf(pages ?? [], end), [pages, end]);
  const doubt = isPlaceholderData ? undefined : doubtOf(pages ?? [], stretch, end);
  const isDoubted = doubt !== undefined;
  const hasNot = doubt?.hasNot;
  const has = useRef(0);
  has.current = doubt?.has ?? 0;
  // It goes on while more rows come.
  useEffect(() => {
    if (!isDoubted) return;
    const search = new AbortController();
    const bounds = { has: has.current, ...(hasNot === undefined ? {} : { hasNot }) };
    endOf(filters, bounds, search.signal).then(
      (found) => {
        setEnd(found);
        if (hasNot !== undefined) setFrom(Math.max(1, Math.ceil(found / RUNS_A_PAGE)));
      },
      () => undefined,
    );
    return () => search.abort();
  }, [isDoubted, hasNot, filters]);
  const isEndSeen = pages?.at(-1)?.next_cursor === null && stretch.rows.length > 0;
  useEffect(() => {
    if (isEndSeen) setEnd(stretch.count);
  }, [isEndSeen, stretch.count]);
  return { query, stretch, from, setFrom, isCounted: end !== undefined };
}

type Pages = ReturnType<typeof usePages>;

/** Fetches what is missing where one reads; far away only once one stays there. */
function useDemand({ query, stretch, setFrom }: Pages) {
  return useCallback(
    ({ scrolling, ...view }: View) => {
      const need = needOf(stretch, view, RUNS_A_PAGE);
      if (!need || query.isError) return;
      if (need.kind === "jump") {
        if (!scrolling) setFrom(need.page);
      } else if (query.isFetching) return;
      else if (need.kind === "next" && query.hasNextPage) void query.fetchNextPage();
      else if (need.kind === "previous" && query.hasPreviousPage) void query.fetchPreviousPage();
    },
    [query, stretch, setFrom],
  );
}

const answersOf = (results: readonly { data: RunList | undefined }[]) =>
  results.flatMap(({ data }) => data ?? []);

/** The pages in view once more, as they are now, and the newest one. */
function useAnew(filters: ListedRuns, { query, stretch }: Pages, view: View) {
  const { data } = query;
  const first = data?.pages[0];
  const isFresh = first?.page === 1 && Date.now() - query.dataUpdatedAt < FRESH_MS;
  const newest = useQuery({
    ...runsAnewQuery(filters, { page: 1 }),
    ...(isFresh ? { initialData: first } : {}),
  });
  const at = (index: number) => Math.floor((index - stretch.start) / RUNS_A_PAGE);
  const params = (data?.pageParams ?? []) as RunsPlace[];
  const places = params
    .map((place, n) => steadyPlace(data?.pages ?? [], n) ?? place)
    .slice(Math.max(0, at(view.first)), Math.max(0, at(view.last) + 1))
    .filter((place) => !("page" in place && place.page === 1));
  const inView = useQueries({
    queries: places.map((place) => runsAnewQuery(filters, place)),
    combine: answersOf,
  });
  return { newest: newest.data, inView };
}

/** What has come since the list was opened or renewed, whatever the order it is in. */
function useNewer(filters: ListedRuns, first: RunList | undefined, newest: RunList | undefined) {
  const { sort, order: _, ...byTime } = filters;
  const isNewestFirst = sort === undefined;
  const elsewhere = useQuery({
    ...runsAnewQuery(byTime, { page: 1 }),
    enabled: !isNewestFirst,
  });
  const latest = isNewestFirst ? newest : elsewhere.data;
  const top = useRef<RunRow>(undefined);
  if (!isNewestFirst) top.current ??= latest?.runs[0];
  else if (first?.page === 1) top.current = first.runs[0];
  const setSeen = useCallback(() => {
    top.current = latest?.runs[0];
  }, [latest]);
  return { newer: newerThan(top.current, latest), setSeen };
}

export interface Runs {
  stretch: Stretch;
  rows: ShownRow[];
  newer: Newer | undefined;
  /** Goes up when the list is renewed from its top. */
  renewal: number;
  renew: () => void;
  onView: (view: View) => void;
  /** The first answer: how many there are, or that there are none. */
  first: RunList | undefined;
  /** Whether the number of rows is no estimate. */
  isCounted: boolean;
  query: Pages["query"];
}

/** A list of any length of which only the part one reads is held, live without moving. */
export function useRuns(filters: ListedRuns): Runs {
  const client = useQueryClient();
  const pages = usePages(filters);
  const { query, stretch, setFrom } = pages;
  const [settled, setSettled] = useState<View>({ first: 0, last: 0, scrolling: false });
  const [renewal, setRenewal] = useState(0);
  const { newest, inView } = useAnew(filters, pages, settled);
  const first = query.data?.pages[0];
  const { newer, setSeen } = useNewer(filters, first, newest);
  const demand = useDemand(pages);
  const onView = useCallback(
    (view: View) => {
      demand(view);
      if (!view.scrolling)
        setSettled((old) => (old.first === view.first && old.last === view.last ? old : view));
    },
    [demand],
  );
  const renew = useCallback(() => {
    if (!newest) return;
    const { queryKey } = runPagesQuery(filters, 1);
    client.setQueryData(queryKey, { pages: [newest], pageParams: [{ page: 1 }] });
    setFrom(1);
    setSeen();
    setRenewal((n) => n + 1);
  }, [client, filters, newest, setFrom, setSeen]);
  const isBehind = stretch.count === 0 && !query.isPending && (newest?.runs.length ?? 0) > 0;
  useEffect(() => {
    // An empty list has nothing that could move, so what comes is shown at once.
    if (isBehind) renew();
  }, [isBehind, renew]);
  const isNewestFirst = filters.sort === undefined;
  const rows = useMemo(
    () => freshen(stretch.rows, newest ? [newest, ...inView] : inView, isNewestFirst),
    [stretch.rows, newest, inView, isNewestFirst],
  );
  const isCounted = pages.isCounted || first?.total_is_exact !== false;
  return { stretch, rows, newer, renewal, renew, onView, first, isCounted, query };
}
