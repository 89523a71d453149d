import { textOf } from "../../app/search-text.ts";

/** What the address of the list says. */
export interface EventsSearch {
  type?: string;
  prefix?: string;
  case?: string;
}

export function readEventsSearch(search: Record<string, unknown>): EventsSearch {
  const [type, prefix, ofCase] = [search.type, search.prefix, search.case].map(textOf);
  return {
    ...(type ? { type } : {}),
    ...(prefix ? { prefix } : {}),
    ...(ofCase ? { case: ofCase } : {}),
  };
}
