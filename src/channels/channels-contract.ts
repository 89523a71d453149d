import { z } from "zod";
import { paging, projectId, text, timestamp } from "../platform/contract.ts";

export const channelsQuery = z.object({ project_id: projectId.optional(), ...paging });
export const channelParams = z.object({ channel_id: text(1, 128) });
export const channelQuery = z.object({ project_id: projectId });

const health = z.object({
  code: z.enum(["ok", "unused", "refusing", "not_receiving", "failing"]),
  /** The same for people, in the language that was asked for. */
  words: z.string(),
});
export type ChannelHealth = z.infer<typeof health>;

/** A channel: the active version of its contract, and how it is. */
const channelSummary = z.object({
  project_id: z.string(),
  channel_id: z.string(),
  revision_id: z.string(),
  version: z.string(),
  lifecycle_status: z.string(),
  channel_type: z.string(),
  direction: z.enum(["in", "out", "both"]),
  /** Where events are posted; null where they are fetched, and where none come in. */
  hook_path: z.string().nullable(),
  health,
  last_event_at: timestamp.nullable(),
  last_refused_at: timestamp.nullable(),
  last_refused_code: z.string().nullable(),
  last_sent_at: timestamp.nullable(),
  last_failed_at: timestamp.nullable(),
  /** Why the newest message failed that was given up. */
  last_error: z.string().nullable(),
  /** Why its messages can't be fetched now, or the provider be told where to post them, and since when. */
  receive_error: z.string().nullable(),
  receive_failing_since: timestamp.nullable(),
  /** Not sent yet, and given up; 10,000 at the most are counted. */
  queued: z.number().int(),
  failed: z.number().int(),
  /** Of the last 24 hours. */
  events_24h: z.number().int(),
  refused_24h: z.number().int(),
});
export type ChannelSummary = z.infer<typeof channelSummary>;

export const channelsAnswer = z.object({
  channels: z.array(channelSummary),
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});

const channelHour = z.object({
  /** When it begins. */
  hour: timestamp,
  events: z.number().int(),
  refused: z.number().int(),
  /** By when it was sent. */
  sent: z.number().int(),
  /** By when it was queued. */
  failed: z.number().int(),
});

export const channelDetail = z.object({
  ...channelSummary.shape,
  /** The last 24 hours and the one under way, oldest first. */
  hours: z.array(channelHour),
  sent_24h: z.number().int(),
  failed_24h: z.number().int(),
  /** From when a message was queued until the provider had taken it, of the newest 10,000 of the last 24 hours. */
  latency: z.object({
    measured: z.number().int(),
    p50_ms: z.number().nullable(),
    p95_ms: z.number().nullable(),
  }),
});
export type ChannelDetail = z.infer<typeof channelDetail>;
