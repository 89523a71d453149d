import { z } from "zod";
import { says } from "../../platform/findings-contract.ts";
import { correlate, httpAddress, secretName } from "../body-parts.ts";

/** Where Slack answers apps. */
const SLACK_API = "https://slack.com/api/";

/** Slack's ids: a letter that says of what, then letters and digits. */
const id = (letters: string, example: string) =>
  z.string().regex(new RegExp(`^[${letters}][A-Z0-9]{1,30}$`), says("no_slack_id", { example }));

/** The body of a channel that is one conversation with one Slack app (docs.slack.dev). */
export const slackBody = z.strictObject({
  type: z.literal("slack"),
  /** The app's bot token (`xoxb-…`): as whom messages are sent. */
  bot_token: secretName,
  /** What Slack signs its requests with. */
  signing_secret: secretName,
  /** Messages go to this conversation, and are taken from it alone. */
  conversation_id: id("CDG", "C024BE91L"),
  /** The workspace; what comes from another one is refused. */
  team_id: id("TE", "T1H9RESGL").optional(),
  /** Another server that answers like Slack, for tests. */
  api_url: httpAddress
    .refine((url) => /^[^?#]*\/$/.test(url), says("slash_at_end"))
    .default(SLACK_API),
  /** Of what is said and asked here. */
  language: z.enum(["en", "zh-TW"]).default("en"),
  correlate: correlate.optional(),
});
export type SlackBody = z.infer<typeof slackBody>;
