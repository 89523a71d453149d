import type { LifecycleEvent, LifecycleStatus } from "./contract.ts";

/** What an event does to a revision in a status. */
type Next = LifecycleStatus | "refused";

const OVER: Record<LifecycleEvent, Next> = {
  submit: "refused",
  approve: "refused",
  reject: "refused",
  activate: "refused",
  deprecate: "refused",
  retire: "refused",
};

/**
 * The total table of a revision's life. An approval is noted on what stays in review; that activation needs one is
 * checked beside the table.
 */
export const LIFECYCLE: Record<LifecycleStatus, Record<LifecycleEvent, Next>> = {
  draft: { ...OVER, submit: "review" },
  review: { ...OVER, approve: "review", reject: "rejected", activate: "active" },
  active: { ...OVER, deprecate: "deprecated" },
  deprecated: { ...OVER, retire: "retired" },
  retired: OVER,
  rejected: OVER,
};

/** What can be done with a revision in this status, in the order of its life. */
export function possibleEvents(status: LifecycleStatus): LifecycleEvent[] {
  const events = Object.entries(LIFECYCLE[status]) as [LifecycleEvent, Next][];
  return events.filter(([, next]) => next !== "refused").map(([event]) => event);
}
