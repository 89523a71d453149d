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

/** What the filters match as JSON lines, newest first, as far as there is room for it. */
export async function downloadedAudit(filters: AuditFilters): Promise<string[]> {
  const lines: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null && lines.length < MOST_DOWNLOADED) {
    const page: AuditPage = await list(filters, {
      ...(cursor ? { cursor } : {}),
      limit: DOWNLOAD_PAGE,
    });
    lines.push(...page.entries.map((entry) => JSON.stringify(entry)));
    cursor = page.next_cursor;
  }
  return lines;
}
