import {
  infiniteQueryOptions,
  keepPreviousData,
  MutationCache,
  QueryCache,
  QueryClient,
  queryOptions,
} from "@tanstack/react-query";
import type { Session } from "./api.ts";
import { api, type RunFilters, type RunsOrder } from "./client.ts";
import { Problem } from "./send.ts";
import { noteSignedOut } from "./signed-out.ts";

/** Only a lost connection is worth asking again; every other answer stays what it is. */
const retry = (count: number, error: Error) =>
  error instanceof Problem && error.isConnection && count < 2;

export function makeQueryClient(): QueryClient {
  // A session can end between two answers; whoever hears of it first asks one to sign in.
  const onError = (error: Error) => {
    if (!(error instanceof Problem && error.status === 401)) return;
    client.setQueryData(sessionQuery.queryKey, sessionAfterEnd);
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      // The event stream says what is stale, so nothing is stale by age alone.
      queries: {
        retry,
        staleTime: Number.POSITIVE_INFINITY,
        refetchOnWindowFocus: false,
        networkMode: "always",
      },
      // Our server may be on this very machine: a browser that thinks it is offline is no reason to wait.
      mutations: { retry: false, networkMode: "always" },
    },
  });
  return client;
}

/** A session that there was stays what the page is shown by, under a sign-in; without one there is only that. */
function sessionAfterEnd(before: Session | null | undefined): Session | null {
  if (!before) return null;
  noteSignedOut(true);
  return before;
}

/** Who is signed in, or null. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async ({ signal, client, queryKey }): Promise<Session | null> => {
    try {
      const session = await api.session(signal);
      noteSignedOut(false);
      return session;
    } catch (error) {
      if (!(error instanceof Problem && error.status === 401)) throw error;
      return sessionAfterEnd(client.getQueryData<Session | null>(queryKey));
    }
  },
});

/** How many runs one page of the list has. */
export const RUNS_A_PAGE = 100;
// What is kept around the place one reads; the rest is fetched again when one comes back to it.
const PAGES_KEPT = 8;

/** Where a page of the list of runs begins: at a cursor, or so many pages from the newest run. */
export type RunsPlace = { cursor: string } | { page: number };

/** The pages around the place one reads, from the page with this number on; they change only as one goes on or back. */
export const runPagesQuery = (filters: RunFilters & RunsOrder, from: number) =>
  infiniteQueryOptions({
    queryKey: ["runs", "pages", filters, from],
    queryFn: ({ pageParam, signal }) =>
      api.runs(filters, { ...pageParam, limit: RUNS_A_PAGE }, signal),
    initialPageParam: { page: from } as RunsPlace,
    getNextPageParam: ({ next_cursor: cursor }): RunsPlace | null =>
      cursor === null ? null : { cursor },
    // What came before the first page later is newer than the list; it is shown when one asks for it.
    getPreviousPageParam: ({ page, prev_cursor: cursor }): RunsPlace | null =>
      cursor === null || page === 1 ? null : { cursor },
    maxPages: PAGES_KEPT,
    gcTime: 60_000,
  });

/** The same rows as a page that is shown, fetched again whenever the stream says so; page 1 has the newest. */
export const runsAnewQuery = (filters: RunFilters & RunsOrder, place: RunsPlace) =>
  queryOptions({
    queryKey: ["runs", "head", filters, place],
    queryFn: ({ signal }) => api.runs(filters, { ...place, limit: RUNS_A_PAGE }, signal),
    gcTime: 0,
  });

/** How far an action on many runs has come; the stream says when it goes on. */
export const bulkQuery = (bulkId: string) =>
  queryOptions({
    queryKey: ["bulk", bulkId],
    queryFn: ({ signal }) => api.bulk(bulkId, signal),
  });

/** The first runs that an action on many could not be done to. */
export const bulkRefusalsQuery = (bulkId: string) =>
  queryOptions({
    queryKey: ["bulk-refusals", bulkId],
    queryFn: ({ signal }) => api.bulkRefusals(bulkId, signal),
  });

/** The newest runs that have the words, or whose id begins so. */
export const foundRunsQuery = (projectId: string | undefined, q: string, limit: number) =>
  queryOptions({
    queryKey: ["runs", "found", projectId ?? null, q],
    queryFn: ({ signal }) => api.runs({ project_id: projectId, q }, { limit }, signal),
    enabled: q !== "",
    placeholderData: keepPreviousData,
    gcTime: 0,
  });

export const runQuery = (projectId: string, runId: string) =>
  queryOptions({
    queryKey: ["run", projectId, runId],
    queryFn: ({ signal }) => api.run(projectId, runId, signal),
  });

export const anyRunQuery = (runId: string) =>
  queryOptions({
    queryKey: ["any-run", runId],
    queryFn: ({ signal }) => api.run(undefined, runId, signal),
  });

export const approvalsQuery = (projectId: string | undefined) =>
  queryOptions({
    queryKey: ["approvals", projectId ?? null],
    queryFn: ({ signal }) => api.approvals({ project_id: projectId }, signal),
    placeholderData: keepPreviousData,
  });

export const runApprovalsQuery = (projectId: string, runId: string, enabled: boolean) =>
  queryOptions({
    queryKey: ["approvals", projectId, runId],
    queryFn: ({ signal }) => api.approvals({ project_id: projectId, run_id: runId }, signal),
    enabled,
  });

export const agentsQuery = (projectId: string | undefined) =>
  queryOptions({
    queryKey: ["agents", projectId ?? null],
    queryFn: ({ signal }) => api.agents(projectId, signal),
  });
