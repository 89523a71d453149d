import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { z } from "zod";
import type {
  ChannelDetail,
  ChannelSummary,
  channelsAnswer,
} from "../../../../src/channels/channels-contract.ts";
import type { OutboxMessage, outboxAnswer } from "../../../../src/channels/outbox-contract.ts";
import { send } from "../../app/send.ts";

export type { ChannelDetail, ChannelSummary, OutboxMessage };

type Channels = z.infer<typeof channelsAnswer>;
type Messages = z.infer<typeof outboxAnswer>;

const PAGE = 50;
const MESSAGES_PAGE = 20;
/** What is refused at a hook is not announced; figures are asked for anew while somebody looks. */
const REFRESH_MS = 15_000;

export const channelPagesQuery = (projectId: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ["channels", "pages", projectId ?? null],
    queryFn: ({ pageParam, signal }) =>
      send<Channels>("/channels", {
        query: { project_id: projectId, cursor: pageParam, limit: PAGE },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: REFRESH_MS,
  });

export const channelQuery = (projectId: string, channelId: string) =>
  queryOptions({
    queryKey: ["channels", "one", projectId, channelId],
    queryFn: ({ signal }) =>
      send<ChannelDetail>(`/channels/${encodeURIComponent(channelId)}`, {
        query: { project_id: projectId },
        signal,
      }),
    refetchInterval: REFRESH_MS,
  });

/** What goes out on one channel, newest first. */
export const messagePagesQuery = (filters: {
  project_id: string;
  channel_id: string;
  send_status: OutboxMessage["send_status"] | undefined;
}) =>
  infiniteQueryOptions({
    queryKey: ["messages", "pages", filters],
    queryFn: ({ pageParam, signal }) =>
      send<Messages>("/outbound-messages", {
        query: { ...filters, cursor: pageParam, limit: MESSAGES_PAGE },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
  });

/** Has a message that was given up tried again; 409 when it is no longer given up. */
export const resendMessage = (message: OutboxMessage) =>
  send<OutboxMessage>(`/outbound-messages/${encodeURIComponent(message.message_id)}/resend`, {
    method: "POST",
    body: { project_id: message.project_id },
  });
