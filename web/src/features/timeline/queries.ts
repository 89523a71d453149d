import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api } from "../../app/client.ts";

/** Where one begins to read a long timeline: at one of its ends, or at an entry, as `at mcp:…`. */
export type TimelineStart = "news" | "beginning" | `at ${string}`;

/** The entry that a timeline begins to be read at, if it is one. */
export const entryOfStart = (start: TimelineStart): string | undefined =>
  start.startsWith("at ") ? start.slice("at ".length) : undefined;

/** A page, by its cursor; the first has none. */
type Place = string;

// Few enough to be seen at once, with what is newest.
const FIRST_OF_NEWS = 40;
const A_PAGE = 100;

const readPage = (
  projectId: string,
  runId: string,
  start: TimelineStart,
  place: Place,
  signal?: AbortSignal,
) =>
  api.timeline(
    projectId,
    runId,
    {
      ...(place ? { cursor: place } : aroundOf(start)),
      limit: place === "" && start === "news" ? FIRST_OF_NEWS : A_PAGE,
      order: start === "news" ? "desc" : "asc",
      records: true,
    },
    signal,
  );

function aroundOf(start: TimelineStart): { around?: string } {
  const entry = entryOfStart(start);
  return entry === undefined ? {} : { around: entry };
}

/** The pages of a long timeline that one has opened; what is new comes by `newestItemsQuery`. */
export const timelinePagesQuery = (
  projectId: string,
  runId: string,
  start: TimelineStart,
  enabled: boolean,
) =>
  infiniteQueryOptions({
    queryKey: ["timeline", projectId, runId, start],
    queryFn: ({ pageParam, signal }) => readPage(projectId, runId, start, pageParam, signal),
    initialPageParam: "" as Place,
    getNextPageParam: (last) => last.next_cursor,
    getPreviousPageParam: (first) => first.prev_cursor,
    enabled,
    // What is opened anew begins with what is there now.
    gcTime: 0,
  });

/** A page that was opened, as it is now; below `run`, so that a change refreshes it. */
export const timelinePageQuery = (
  projectId: string,
  runId: string,
  start: TimelineStart,
  place: Place,
) =>
  queryOptions({
    queryKey: ["run", projectId, runId, "page", start, place],
    queryFn: ({ signal }) => readPage(projectId, runId, start, place, signal),
    gcTime: 0,
  });

/** The newest items of a long timeline, newest first. */
export const newestItemsQuery = (projectId: string, runId: string, enabled: boolean) =>
  queryOptions({
    queryKey: ["run", projectId, runId, "newest"],
    queryFn: ({ signal }) =>
      api.timeline(projectId, runId, { limit: A_PAGE, order: "desc", records: true }, signal),
    enabled,
  });

/** Only the state changes of a long run, which its ribbon is drawn from. */
export const transitionsQuery = (projectId: string, runId: string, enabled: boolean) =>
  queryOptions({
    queryKey: ["run", projectId, runId, "transitions"],
    queryFn: ({ signal }) =>
      api.timeline(projectId, runId, { limit: A_PAGE, order: "asc", kind: "run" }, signal),
    enabled,
  });
