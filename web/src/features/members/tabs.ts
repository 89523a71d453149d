/** What the page shows, one at a time; it stands in the address. */
export const TABS = ["people", "delegations", "chats", "keys", "oauth"] as const;
export type Tab = (typeof TABS)[number];

export interface MembersSearch {
  tab?: Tab;
}

/** Reads the address leniently; people are shown where it says nothing else. */
export function readMembersSearch(search: Record<string, unknown>): MembersSearch {
  const tab = TABS.find((each) => each === search.tab);
  return tab && tab !== "people" ? { tab } : {};
}

/** Names that are typed with commas or spaces between them, each once. */
export const namesIn = (text: string): string[] => [
  ...new Set(text.split(/[\s,，、]+/).filter((name) => name !== "")),
];

/** The value of a `datetime-local` field so many days from `now`, in the reader's own zone. */
export function localIn(days: number, now: Date): string {
  const at = new Date(now.getTime() + days * 86_400_000 - now.getTimezoneOffset() * 60_000);
  return at.toISOString().slice(0, 16);
}
