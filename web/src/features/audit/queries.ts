import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { z } from "zod";
import type { auditListAnswer } from "../../../../src/audit/contract.ts";
import { send } from "../../app/send.ts";
import type { AuditFilters } from "./search.ts";

export type AuditPage = z.output<typeof auditListAnswer>;
export type AuditLogEntry = AuditPage["entries"][number];

const PAGE = 100;
/** So many entries are downloaded at most; a page has as many as the API gives at once. */
const MOST_DOWNLOADED = 10_000;
const DOWNLOAD_PAGE = 200;

const list = (
  filters: AuditFilters,
  page: { cursor?: string; limit: number },
  signal?: AbortSignal,
) => send<AuditPage>("/audit-log", { query: { ...filters, ...page }, signal });

/** The pages one has opened; they change only when one asks for more, or for what is newer. */
export const auditPagesQuery = (filters: AuditFilters) =>
  infiniteQueryOptions({
    queryKey: ["audit-log", "pages", filters],
    queryFn: ({ pageParam, signal }) =>
      list(filters, { ...(pageParam ? { cursor: pageParam } : {}), limit: PAGE }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
    // What is opened anew begins with the newest.
    gcTime: 0,
  });

/** The newest entries, fetched again whenever anything changed. */
export const newestAuditQuery = (filters: AuditFilters) =>
  queryOptions({
    queryKey: ["audit-log", "newest", filters],
    queryFn: ({ signal }) => list(filters, { limit: PAGE }, signal),
    gcTime: 0,
  });

/** Entries that are taken along, newest first; `isAll` is false where the log has more of them than that. */
interface TakenAlong {
  entries: AuditLogEntry[];
  isAll: boolean;
}

/** What the filters match, as far as there is room for it. */
export async function readAudit(filters: AuditFilters, signal?: AbortSignal): Promise<TakenAlong> {
  const entries: AuditLogEntry[] = [];
  let cursor: string | null = "";
  while (cursor !== null && entries.length < MOST_DOWNLOADED) {
    const place = cursor ? { cursor } : {};
    const page: AuditPage = await list(filters, { ...place, limit: DOWNLOAD_PAGE }, signal);
    entries.push(...page.entries);
    cursor = page.next_cursor;
  }
  return { entries, isAll: cursor === null };
}
