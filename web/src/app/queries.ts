import {
  infiniteQueryOptions,
  keepPreviousData,
  MutationCache,
  QueryCache,
  QueryClient,
  queryOptions,
} from "@tanstack/react-query";
import type { Session } from "./api.ts";
import { api, type RunFilters } from "./client.ts";
import { Problem } from "./send.ts";

/** Only a lost connection is worth asking again; every other answer stays what it is. */
const retry = (count: number, error: Error) =>
  error instanceof Problem && error.isConnection && count < 2;

export function makeQueryClient(): QueryClient {
  // A session can end between two answers; whoever hears of it first sends one to the sign-in.
  const onError = (error: Error) => {
    if (error instanceof Problem && error.status === 401)
      client.setQueryData(sessionQuery.queryKey, null);
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

/** Who is signed in, or null. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      return await api.session(signal);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return null;
      throw error;
    }
  },
});

const PAGE = 50;
const MOST_ROWS = 200;

/** The pages one has opened; they change only when one asks for more, or for what is newer. */
export const runPagesQuery = (filters: RunFilters) =>
  infiniteQueryOptions({
    queryKey: ["runs", "pages", filters],
    queryFn: ({ pageParam, signal }) =>
      api.runs(filters, { ...(pageParam ? { cursor: pageParam } : {}), limit: PAGE }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
    gcTime: 0,
  });

/** The newest rows, fetched again whenever the stream says so, as deep as what is shown. */
export const runHeadQuery = (filters: RunFilters, shown: number) =>
  queryOptions({
    queryKey: ["runs", "head", filters],
    queryFn: ({ signal }) =>
      api.runs(filters, { limit: Math.min(MOST_ROWS, Math.max(PAGE, shown)) }, signal),
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

/** The whole timeline of a long run, newest page first; below `run` so that a change refreshes both. */
export const timelineQuery = (projectId: string, runId: string, enabled: boolean) =>
  infiniteQueryOptions({
    queryKey: ["run", projectId, runId, "timeline"],
    queryFn: ({ pageParam, signal }) =>
      api.timeline(
        projectId,
        runId,
        { ...(pageParam ? { cursor: pageParam } : {}), limit: 100, order: "desc" },
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
    enabled,
  });

/** Only the state changes of a long run, which its ribbon is drawn from. */
export const transitionsQuery = (projectId: string, runId: string, enabled: boolean) =>
  queryOptions({
    queryKey: ["run", projectId, runId, "transitions"],
    queryFn: ({ signal }) =>
      api.timeline(projectId, runId, { limit: 100, order: "asc", kind: "run" }, signal),
    enabled,
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
