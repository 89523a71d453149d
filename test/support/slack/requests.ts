import { createHmac } from "node:crypto";

export const SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5";
export const TEAM = "T1H9RESGL";
export const CONVERSATION = "C024BE91L";
export const PERSON = "U2147483697";
export const BOT = "U061F7AUR";

/** Slack's headers for a body (docs.slack.dev, "Verifying requests from Slack"). */
export function signed(body: string | Buffer, given: { at?: number; key?: string } = {}) {
  const at = String(given.at ?? Math.floor(Date.now() / 1_000));
  const hmac = createHmac("sha256", given.key ?? SIGNING_SECRET)
    .update(`v0:${at}:`)
    .update(body);
  return { "x-slack-request-timestamp": at, "x-slack-signature": `v0=${hmac.digest("hex")}` };
}

let serial = 0;

/** A message in a conversation, as the Events API brings it (docs.slack.dev/reference/events/message). */
export function eventOf(given: object = {}, around: object = {}) {
  serial += 1;
  const ts = `1355517523.${String(serial).padStart(6, "0")}`;
  return {
    token: "XXYYZZ-legacy-verification-token",
    team_id: TEAM,
    api_app_id: "A0FFV41KK",
    event: {
      type: "message",
      channel: CONVERSATION,
      channel_type: "channel",
      user: PERSON,
      text: "The disk of cache-1 is 93 % full &amp; rising",
      ts,
      event_ts: ts,
      team: TEAM,
      ...given,
    },
    type: "event_callback",
    event_id: `Ev${String(serial).padStart(9, "0")}`,
    event_time: 1355517523,
    authorizations: [
      {
        enterprise_id: null,
        team_id: TEAM,
        user_id: BOT,
        is_bot: true,
        is_enterprise_install: false,
      },
    ],
    is_ext_shared_channel: false,
    event_context: "4-eyJldCI6Im1lc3NhZ2UiLCJ0aWQiOiJUMUg5UkVTR0wifQ",
    ...around,
  };
}

/** A button that was pressed (docs.slack.dev/reference/interaction-payloads/block_actions-payload). */
export function pressOf(value: string | undefined, given: object = {}) {
  return {
    type: "block_actions",
    user: { id: PERSON, username: "ada", name: "ada", team_id: TEAM },
    api_app_id: "A0FFV41KK",
    token: "XXYYZZ-legacy-verification-token",
    container: { type: "message", message_ts: "1700000000.000001", channel_id: CONVERSATION },
    trigger_id: "12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3",
    team: { id: TEAM, domain: "acme" },
    channel: { id: CONVERSATION, name: "ops" },
    message: { type: "message", bot_id: "B19LU7CSY", ts: "1700000000.000001", text: "May it?" },
    state: { values: {} },
    actions: [
      {
        type: "button",
        action_id: "awooop.0",
        block_id: "=qXel",
        text: { type: "plain_text", text: "Approve", emoji: false },
        ...(value === undefined ? { url: "https://console.example" } : { value }),
        action_ts: "1548426417.840180",
      },
    ],
    ...given,
  };
}

/** A form that was sent in (docs.slack.dev/reference/interaction-payloads/view-interactions-payload). */
export function submissionOf(view: { private_metadata: string }, text: string) {
  return {
    type: "view_submission",
    team: { id: TEAM, domain: "acme" },
    user: { id: PERSON, username: "ada", name: "ada", team_id: TEAM },
    view: {
      id: "VNHU13V36",
      type: "modal",
      ...view,
      state: { values: { answer: { text: { type: "plain_text_input", value: text } } } },
      hash: "156663117.cd33ad1f",
    },
    response_urls: [],
  };
}

/** A slash command (docs.slack.dev/interactivity/implementing-slash-commands). */
export function commandOf(text: string, given: Record<string, string> = {}) {
  return new URLSearchParams({
    token: "gIkuvaNzQIHg97ATvDxqgjtO",
    team_id: TEAM,
    team_domain: "acme",
    channel_id: CONVERSATION,
    channel_name: "ops",
    user_id: PERSON,
    user_name: "ada",
    command: "/awooop",
    text,
    trigger_id: "13345224609.738474920.8088930838d88f008e0",
    api_app_id: "A0FFV41KK",
    ...given,
  }).toString();
}

/** How interactions are posted. */
export function interactionForm(payload: object): string {
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
}

export const FORM = { "content-type": "application/x-www-form-urlencoded" };
