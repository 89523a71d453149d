import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { z } from "zod";
import type {
  ToolServer,
  ToolServerDetail,
  toolServersAnswer,
} from "../../../../src/toolservers/page-contract.ts";
import type { Review, reviewListSchema } from "../../../../src/toolservers/review-contract.ts";
import { send } from "../../app/send.ts";

export type { Review, ToolServer, ToolServerDetail };
export type ServerState = ToolServer["health"]["state"];

type ToolServerList = z.infer<typeof toolServersAnswer>;
type ReviewList = z.infer<typeof reviewListSchema>;

const PAGE = 50;
/** Health and calls are not announced one by one; they are asked for anew while somebody looks. */
const REFRESH_MS = 15_000;
const MOST_REVIEWS = 50;

export const toolServerPagesQuery = (projectId: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ["tool-servers", "pages", projectId ?? null],
    queryFn: ({ pageParam, signal }) =>
      send<ToolServerList>("/tool-servers", {
        query: { project_id: projectId, cursor: pageParam, limit: PAGE },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: REFRESH_MS,
  });

export const toolServerQuery = (projectId: string, serverId: string) =>
  queryOptions({
    queryKey: ["tool-servers", "one", projectId, serverId],
    queryFn: ({ signal }) =>
      send<ToolServerDetail>(`/tool-servers/${encodeURIComponent(serverId)}`, {
        query: { project_id: projectId },
        signal,
      }),
    refetchInterval: REFRESH_MS,
  });

/** What has changed and waits for a decision, and what was left quarantined; in the reader's language. */
export const reviewsQuery = (projectId: string, serverId: string, status: "open" | "kept") =>
  queryOptions({
    queryKey: ["tool-servers", "reviews", projectId, serverId, status],
    queryFn: ({ signal }) =>
      send<ReviewList>("/tool-reviews", {
        query: { project_id: projectId, server_id: serverId, status, limit: MOST_REVIEWS },
        signal,
      }),
  });

export const decideReview = (review: Review, decision: "accept" | "keep", reason: string) =>
  send<Review>(
    `/tool-servers/${encodeURIComponent(review.server_id)}/tools/${encodeURIComponent(review.tool_name)}/review`,
    {
      method: "POST",
      body: {
        project_id: review.project_id,
        decision,
        changed_hash: review.changed_hash,
        ...(reason === "" ? {} : { reason }),
      },
    },
  );
