import { z } from "zod";
import { paging, projectId, timestamp, uuid } from "../platform/contract.ts";

export const newLinkCodeBody = z.strictObject({ project_id: projectId });

export const linkCodeSchema = z.object({
  project_id: z.string(),
  /** Good once, for ten minutes; the next code of the same key takes its place. */
  code: z.string(),
  /** What to send to the bot. */
  say: z.string(),
  expires_at: timestamp,
});

export const chatLinkListQuery = z.object({ project_id: projectId.optional(), ...paging });
export type ChatLinkListQuery = z.infer<typeof chatLinkListQuery>;

export const chatLinkParams = z.object({ link_id: uuid });

/** Somebody in a chat who acts as the holder of a key. */
const chatLink = z.object({
  link_id: z.string(),
  project_id: z.string(),
  channel_type: z.enum(["telegram", "slack"]),
  /** Where the code was sent; the link holds on each channel of the type in the project. */
  channel_id: z.string(),
  /** The provider's id of the person; on Slack with the team. */
  user_id: z.string(),
  /** As they call themselves there. */
  user_name: z.string(),
  /** With which the code was asked for; the link ends with it. */
  key_id: z.string(),
  member_id: z.string(),
  created_at: timestamp,
});
export type ChatLink = z.infer<typeof chatLink>;

export const chatLinkListSchema = z.object({
  chat_links: z.array(chatLink),
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});
