import { z } from "zod";
import { paging, projectId, text, timestamp, wholeNumber } from "../platform/contract.ts";

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

const secretName = z
  .string()
  .regex(
    /^secret:[A-Za-z][A-Za-z0-9_.-]{0,127}$/,
    "must name a secret of the project, such as secret:ALERTS_TOKEN",
  );

const webhookUrl = text(1, 2_000).refine(
  isWebhookUrl,
  "must be an http or https address without a user name, such as https://pager.example/hook",
);

function isWebhookUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return /^https?:$/.test(protocol) && username === "" && password === "";
}

/** How a sender proves who it is: a bearer token, or signatures (standardwebhooks.com). */
const hookAuth = z.strictObject({
  scheme: z.enum(["bearer", "standard_webhooks"]),
  secret: secretName,
});

/** The body of a `channel` contract. */
export const channelBodySchema = z.discriminatedUnion("type", [
  /** In: Alertmanager's webhook receiver. */
  z.strictObject({ type: z.literal("alertmanager"), auth: hookAuth }),
  /** Out: messages as JSON, signed as Standard Webhooks. */
  z.strictObject({ type: z.literal("webhook"), url: webhookUrl, secret: secretName }),
  /** Out: messages that are shown in the console and nowhere else. */
  z.strictObject({ type: z.literal("console") }),
]);
export type ChannelBody = z.infer<typeof channelBodySchema>;

const MOST_EVENTS = 100;
/** Beyond it a limit is no wish but a mistake. */
const MOST_ASKED = 1_000_000;

export const channelEventsQuery = z.object({
  project_id: projectId.optional(),
  channel_type: z.enum(CHANNEL_TYPES).optional(),
  provider_prefix: text(0, 500).optional(),
  limit: wholeNumber(-MOST_ASKED, MOST_ASKED)
    .default(50)
    .transform((limit) => Math.min(Math.max(limit, 1), MOST_EVENTS))
    .describe(`Outside of 1 to ${MOST_EVENTS} it is taken as the nearest of them`),
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

/** What a hook answers once everything in the delivery is stored. */
export interface DeliveryAnswer {
  events: { event_id: string; is_duplicate: boolean; run_id: string | null }[];
}
