import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { z } from "zod";
import type {
  ChannelEvent,
  channelCasesAnswer,
  channelEventsAnswer,
} from "../../../../src/channels/contract.ts";
import { send } from "../../app/send.ts";

export type { ChannelEvent };

type Events = z.infer<typeof channelEventsAnswer>;
type Cases = z.infer<typeof channelCasesAnswer>;

/** What the list is narrowed to. */
export interface EventFilters {
  project_id?: string | undefined;
  channel_type?: string | undefined;
  provider_prefix?: string | undefined;
  case_id?: string | undefined;
}

const PAGE = 50;
const MOST_CASES = 10;

export const eventPagesQuery = (filters: EventFilters) =>
  infiniteQueryOptions({
    queryKey: ["channel-events", "pages", filters],
    queryFn: ({ pageParam, signal }) =>
      send<Events>("/channel-events", {
        query: { ...filters, cursor: pageParam, limit: PAGE },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
  });

/** The cases with the newest events, of one project. */
export const casesQuery = (projectId: string) =>
  queryOptions({
    queryKey: ["channel-events", "cases", projectId],
    queryFn: ({ signal }) =>
      send<Cases>("/channel-cases", {
        query: { project_id: projectId, limit: MOST_CASES },
        signal,
      }),
  });
