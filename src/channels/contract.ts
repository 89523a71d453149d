import { z } from "zod";
import { paging, projectId, text, timestamp, uuid, wholeNumber } from "../platform/contract.ts";

/** Ways in and out that an event or a message can have come by. */
const CHANNEL_TYPES = [
  "alertmanager",
  "grafana",
  "webhook",
  "telegram",
  "slack",
  "email",
  "console",
] as const;

/** What became of an outgoing message. */
export type SendStatus = "queued" | "sent" | "failed" | "suppressed";

const MOST_LISTED = 100;
/** Beyond it a limit is no wish but a mistake. */
const MOST_ASKED = 1_000_000;

export const channelEventsQuery = z.object({
  project_id: projectId.optional(),
  channel_type: z.enum(CHANNEL_TYPES).optional(),
  provider_prefix: text(0, 500).optional(),
  case_id: uuid.optional(),
  limit: wholeNumber(-MOST_ASKED, MOST_ASKED)
    .default(50)
    .transform((limit) => Math.min(Math.max(limit, 1), MOST_LISTED))
    .describe(`Outside of 1 to ${MOST_LISTED} it is taken as the nearest of them`),
  cursor: paging.cursor,
});
export type ChannelEventsQuery = z.infer<typeof channelEventsQuery>;

const channelEvent = z.object({
  event_id: z.string(),
  project_id: z.string(),
  channel_type: z.string(),
  provider_event_id: z.string(),
  channel_chat_id: z.string().nullable(),
  content_preview: z.string().nullable(),
  is_duplicate: z.boolean(),
  received_at: timestamp,
  channel_id: z.string(),
  run_id: z.string().nullable(),
  /** The case it belongs to, where the channel's contract puts events together. */
  case_id: z.string().nullable(),
});
export type ChannelEvent = z.infer<typeof channelEvent>;

export const channelEventsAnswer = z.object({
  events: z.array(channelEvent),
  total: z.number().int(),
  limit: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});

export const channelCasesQuery = z.object({
  project_id: projectId,
  channel_id: text(1, 128).optional(),
  ...paging,
});
export type ChannelCasesQuery = z.infer<typeof channelCasesQuery>;

/** Events about one incident, put together by the rule of their channel. */
const channelCase = z.object({
  case_id: z.string(),
  project_id: z.string(),
  channel_id: z.string(),
  /** The first run that it started. */
  run_id: z.string().nullable(),
  /** Its first event in words. */
  title: z.string(),
  event_count: z.number().int(),
  resolved_count: z.number().int(),
  opened_at: timestamp,
  last_event_at: timestamp,
  /** It takes events until then, and for as long as a run of it is not over. */
  closes_at: timestamp,
  /** Since when its events are more than the rule calls a storm. */
  storm_at: timestamp.nullable(),
});
export type ChannelCase = z.infer<typeof channelCase>;

export const channelCasesAnswer = z.object({
  cases: z.array(channelCase),
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});

/** What a hook answers once everything in the delivery is stored. */
export interface DeliveryAnswer {
  events: { event_id: string; is_duplicate: boolean; run_id: string | null }[];
}
