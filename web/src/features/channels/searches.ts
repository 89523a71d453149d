/** What may have become of a message. */
export const STATUSES = ["queued", "sent", "failed", "suppressed"] as const;

/** What the address of a channel's page says of its messages. */
export interface ChannelSearch {
  status?: (typeof STATUSES)[number];
}

export function readChannelSearch(search: Record<string, unknown>): ChannelSearch {
  const status = STATUSES.find((known) => known === search.status);
  return status ? { status } : {};
}
