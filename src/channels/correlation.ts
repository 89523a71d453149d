/** What is known of an alert when it comes in. */
export interface Known {
  /** The event that brought this very state of this alert before. */
  first: { runId: string | null } | undefined;
  /** The newest run about this fingerprint that is not over. */
  openRunId: string | undefined;
}

/** What an incoming alert means. */
export interface Meaning {
  isDuplicate: boolean;
  /** The run it belongs to; null when there is none (yet). */
  runId: string | null;
  /** Whether agents are asked if they want to start. */
  mayStart: boolean;
}

/**
 * The same state of the same alert again, or a firing alert while a run about it is open, is a duplicate and joins that
 * run; a resolved alert joins the open run and starts nothing.
 */
export function correlate(alert: { isFiring: boolean }, known: Known): Meaning {
  const { first, openRunId } = known;
  if (first) return { isDuplicate: true, runId: first.runId ?? openRunId ?? null, mayStart: false };
  if (!alert.isFiring) return { isDuplicate: false, runId: openRunId ?? null, mayStart: false };
  if (openRunId !== undefined) return { isDuplicate: true, runId: openRunId, mayStart: false };
  return { isDuplicate: false, runId: null, mayStart: true };
}
