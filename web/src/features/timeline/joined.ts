import type { RunDetail, TimelineItem, TimelinePage } from "../../app/api.ts";

/** What is loaded of a long timeline, oldest first, and whether it reaches to the newest item there is. */
export interface Joined {
  items: TimelineItem[];
  isToTheEnd: boolean;
}

/**
 * The loaded part with the newest items, which are read again whenever anything changed: they take the place of what is
 * shown of them, and follow it where no gap lies between. None comes before what is shown, so nothing is moved by them.
 *
 * @param loaded oldest first, without gaps
 * @param newest oldest first
 */
export function joinedItems(
  loaded: readonly TimelineItem[],
  newest: readonly TimelineItem[],
): Joined {
  const shown = new Set(loaded.map(({ id }) => id));
  const at = newest.findIndex(({ id }) => shown.has(id));
  if (at === -1) return { items: [...loaded], isToTheEnd: false };
  const following = newest.slice(at);
  const renewed = new Set(following.map(({ id }) => id));
  return {
    items: [...loaded.filter(({ id }) => !renewed.has(id)), ...following],
    isToTheEnd: true,
  };
}

/** Whether what an item tells is not over: a call under way, a message that waits to be sent. */
export const isUnsettled = (item: TimelineItem): boolean =>
  (item.kind === "mcp" && ["pending", "executing"].includes(item.status)) ||
  (item.kind === "outbound" && item.status === "queued");

/** The newest version of each, in the order of the list they are of. */
function merged<T>(lists: readonly T[][], id: keyof T, order: keyof T): T[] {
  const byId = new Map(lists.flat().map((record) => [record[id], record]));
  const isBefore = (a: T, b: T) => a[order] < b[order] || (a[order] === b[order] && a[id] < b[id]);
  return [...byId.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1));
}

/** A run with the records behind all pages of its timeline that are loaded; later pages win. */
export function withRecords(detail: RunDetail, pages: readonly TimelinePage[]): RunDetail {
  const all = [detail, ...pages.flatMap(({ records }) => (records ? [records] : []))];
  if (all.length === 1) return detail;
  return {
    ...detail,
    steps: merged(
      all.map((one) => one.steps),
      "step_id",
      "step_seq",
    ),
    inbound_events: merged(
      all.map((one) => one.inbound_events),
      "event_id",
      "received_at",
    ),
    outbound_messages: merged(
      all.map((one) => one.outbound_messages),
      "message_id",
      "queued_at",
    ),
    mcp_calls: merged(
      all.map((one) => one.mcp_calls),
      "call_id",
      "created_at",
    ),
  };
}
