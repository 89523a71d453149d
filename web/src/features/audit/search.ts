export const SINCE = ["1h", "24h", "7d", "30d"] as const;
export type Since = (typeof SINCE)[number];

const HOURS: Record<Since, number> = { "1h": 1, "24h": 24, "7d": 168, "30d": 720 };

/** What stands in the address of the audit log, so that what one found can be shared. */
export interface AuditSearch {
  actor?: string;
  action?: string;
  target?: string;
  since?: Since;
  /** The entry whose details are open. */
  entry?: string;
}

/** What is asked of the API. */
export interface AuditFilters {
  project_id?: string | undefined;
  actor?: string | undefined;
  action?: string | undefined;
  target?: string | undefined;
  created_after?: string | undefined;
}

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value.trim() !== "" ? value.trim().slice(0, 128) : undefined;

/** Reads the address leniently: what it can't mean is left out, never an error. */
export function readAuditSearch(search: Record<string, unknown>): AuditSearch {
  const read = {
    actor: text(search.actor),
    action: text(search.action),
    target: text(search.target),
    since: SINCE.find((since) => since === search.since),
    entry: text(search.entry),
  };
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined));
}

/** `now` in milliseconds; a window begins at a whole minute, so that it stands still while one looks. */
export function toAuditFilters(
  { actor, action, target, since }: AuditSearch,
  project: string | undefined,
  now: number,
): AuditFilters {
  const minute = Math.floor(now / 60_000) * 60_000;
  const after = since && new Date(minute - HOURS[since] * 3_600_000).toISOString();
  return { project_id: project, actor, action, target, created_after: after };
}

export const isAuditFiltered = ({ actor, action, target, since }: AuditSearch): boolean =>
  Boolean(actor ?? action ?? target ?? since);
