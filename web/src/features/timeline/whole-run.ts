import type {
  Approval,
  ApprovalList,
  RunDetail,
  TimelineItem,
  TimelinePage,
} from "../../app/api.ts";
import { api } from "../../app/client.ts";
import { type AuditLogEntry, readAudit } from "../audit/queries.ts";
import { withRecords } from "./joined.ts";

/** So many items of a timeline are taken along at most. */
const MOST_ITEMS = 100_000;
const A_PAGE = 200;

/** All that is kept of a run, as it is taken along. */
export interface WholeRun extends RunDetail {
  approvals: Approval[];
  /** What was done to the run and to its questions, oldest first. */
  audit_log: AuditLogEntry[];
  /** By the reader's clock. */
  read_at: string;
  /** False where there is more of it than is taken along. */
  is_complete: boolean;
}

interface Reading {
  signal: AbortSignal;
  /** @param share of the timeline that has been read, from 0 to 1 */
  onProgress: (share: number) => void;
}

/**
 * Reads a run with every item of its timeline and every record behind them, its questions, and what the audit log has about
 * it: page by page, up to 100,000 items.
 *
 * @throws Problem when a page can't be had
 */
export async function readWholeRun(
  { project_id, run_id }: RunDetail["run"],
  { signal, onProgress }: Reading,
): Promise<WholeRun> {
  const readAt = new Date().toISOString();
  const pages: TimelinePage[] = [];
  const items: TimelineItem[] = [];
  let cursor: string | null = "";
  while (cursor !== null && items.length < MOST_ITEMS) {
    const asked = {
      ...(cursor ? { cursor } : {}),
      limit: A_PAGE,
      order: "asc",
      records: true,
    } as const;
    const page: TimelinePage = await api.timeline(project_id, run_id, asked, signal);
    pages.push(page);
    items.push(...page.items);
    cursor = page.next_cursor;
    onProgress(items.length / Math.max(page.total, 1));
  }
  // Read after its items, so that it is not older than they are.
  const detail = await api.run(project_id, run_id, signal);
  const approvals = await questionsOf(project_id, run_id, signal);
  const audit = await entriesAbout([run_id, ...approvals.map((of) => of.approval_id)], signal);
  const isComplete = cursor === null && audit.isAll;
  const truncated = Object.fromEntries(
    Object.keys(detail.truncated).map((list) => [list, cursor !== null]),
  ) as RunDetail["truncated"];
  const whole = { ...withRecords(detail, pages), timeline: items, truncated };
  const shown = { audit_log: audit.entries, read_at: readAt, is_complete: isComplete };
  return { ...whole, approvals, ...shown };
}

async function questionsOf(projectId: string, runId: string, signal: AbortSignal) {
  const found: Approval[] = [];
  for (const status of ["open", "closed"] as const) {
    let cursor: string | null = "";
    while (cursor !== null) {
      const place = cursor ? { cursor } : {};
      const asked = { project_id: projectId, run_id: runId, status, limit: A_PAGE, ...place };
      const page: ApprovalList = await api.questions(asked, signal);
      found.push(...page.items);
      cursor = page.next_cursor;
    }
  }
  return found.sort((a, b) => (a.asked_at < b.asked_at ? -1 : 1));
}

async function entriesAbout(targets: readonly string[], signal: AbortSignal) {
  const entries: AuditLogEntry[] = [];
  let isAll = true;
  for (const target of targets) {
    const about = await readAudit({ target }, signal);
    entries.push(...about.entries);
    isAll &&= about.isAll;
  }
  entries.sort((a, b) => (a.at < b.at || (a.at === b.at && a.audit_id < b.audit_id) ? -1 : 1));
  return { entries, isAll };
}
