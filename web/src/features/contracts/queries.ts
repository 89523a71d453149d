import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type {
  ContractsResponse,
  Family,
  LifecycleEvent,
  LifecycleStatus,
} from "../../../../src/contracts/contract.ts";
import type {
  DiffResponse,
  DraftResponse,
  RevisionDetail,
  RevisionHead,
  ValidateResponse,
} from "../../../../src/contracts/lifecycle-contract.ts";
import { send } from "../../app/send.ts";

export interface ContractFilters {
  project_id?: string | undefined;
  contract_family?: Family | undefined;
  lifecycle_status?: LifecycleStatus | undefined;
  contract_id?: string | undefined;
}

/** A contract as it is typed: what is checked and drafted. */
export interface TypedContract {
  project_id: string;
  contract_family: Family;
  contract_id: string;
  body: unknown;
}

const PAGE = 50;
/** So many of a contract's revisions are offered for a comparison. */
const MOST_OTHERS = 50;

/** So many contracts are looked through for words. */
const MOST_FOUND = 200;

const list = (
  filters: ContractFilters,
  page: { cursor?: string; limit: number },
  signal: AbortSignal,
) => send<ContractsResponse>("/contracts", { query: { ...filters, ...page }, signal });

/** Every key begins with `contracts`, so that a change of any contract makes all of them stale. */
export const contractPagesQuery = (filters: ContractFilters) =>
  infiniteQueryOptions({
    queryKey: ["contracts", "pages", filters],
    queryFn: ({ pageParam, signal }) =>
      list(filters, { ...(pageParam ? { cursor: pageParam } : {}), limit: PAGE }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
  });

export const revisionQuery = (revisionId: string) =>
  queryOptions({
    queryKey: ["contracts", "one", revisionId],
    queryFn: ({ signal }) =>
      send<RevisionDetail>(`/contracts/${encodeURIComponent(revisionId)}`, { signal }),
  });

/** The newest revisions of one contract. */
export const revisionsQuery = (projectId: string, contractId: string) =>
  queryOptions({
    queryKey: ["contracts", "of", projectId, contractId],
    queryFn: ({ signal }) =>
      list({ project_id: projectId, contract_id: contractId }, { limit: MOST_OTHERS }, signal),
  });

/** The contracts in force, to be found by name. */
export const contractsInForceQuery = (projectId: string | undefined) =>
  queryOptions({
    queryKey: ["contracts", "in-force", projectId ?? null],
    queryFn: ({ signal }) =>
      list({ project_id: projectId, lifecycle_status: "active" }, { limit: MOST_FOUND }, signal),
  });

export const diffQuery = (a: string, b: string) =>
  queryOptions({
    queryKey: ["contracts", "diff", a, b],
    queryFn: ({ signal }) =>
      send<DiffResponse>(`/contracts/${encodeURIComponent(a)}/diff/${encodeURIComponent(b)}`, {
        signal,
      }),
  });

/** What is wrong with a contract as it is typed, or what it would change; the last answer stays while one types. */
export const validationQuery = (typed: TypedContract | undefined) =>
  queryOptions({
    queryKey: ["contracts", "validate", typed],
    queryFn: ({ signal }) =>
      send<ValidateResponse>("/contracts/validate", { method: "POST", body: typed, signal }),
    enabled: typed !== undefined,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });

export const draftContract = (typed: TypedContract) =>
  send<DraftResponse>("/contracts", { method: "POST", body: typed });

export const actOnRevision = (revisionId: string, event: LifecycleEvent, reason: string) =>
  send<RevisionHead>(`/contracts/${encodeURIComponent(revisionId)}/${event}`, {
    method: "POST",
    body: reason === "" ? {} : { reason },
  });
