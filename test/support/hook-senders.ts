import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { alert, alertDelivery, bearer, SIGNING_KEY, TOKEN } from "./hooks.ts";
import { commandOf, eventOf, FORM, interactionForm, pressOf, signed } from "./slack/requests.ts";

type Headers = Record<string, string>;

/** A sender of one type of channel, and how it proves who it is. */
export interface HookSender {
  /** The channel's body. */
  channel: object;
  /** A delivery that is taken in. */
  body(): string;
  /** What it shows with a body; another key, another time. */
  prove(body: string | Buffer, given?: { isForged?: boolean; at?: number }): Headers;
  /** Its proof holds for a while only. */
  isTimed: boolean;
  /** Of its bodies. */
  contentType: string;
  /** The one that its channel does not take. */
  otherType: string;
  /** A delivery whose name of the thing has a NUL. */
  withNul?(): string;
  /** What comes of the very same request again. */
  repeated: "first answer" | "refused" | "folded";
}

const FORM_TYPE = FORM["content-type"];
const bearerAuth = { scheme: "bearer", secret: "secret:TOKEN" };
let serial = 0;
const now = () => Math.floor(Date.now() / 1_000);

function proveByBearer(_: string | Buffer, { isForged = false } = {}): Headers {
  return isForged ? { authorization: "Bearer another" } : bearer;
}

function proveByStandardWebhooks(
  body: string | Buffer,
  { isForged = false, at = now() } = {},
): Headers {
  const key = isForged
    ? `whsec_${Buffer.from("another key of 24 bytes.").toString("base64")}`
    : SIGNING_KEY;
  const id = createHmac("sha256", "id").update(body).digest("hex");
  const date = new Date(at * 1_000);
  return {
    "webhook-id": id,
    "webhook-timestamp": String(at),
    "webhook-signature": new Webhook(key).sign(id, date, body.toString()),
  };
}

/** Its key is that of the other signatures, taken as text. */
function proveByGrafana(body: string | Buffer, { isForged = false, at = now() } = {}): Headers {
  const hmac = createHmac("sha256", isForged ? "another" : SIGNING_KEY).update(`${at}:`);
  return {
    "x-grafana-alerting-signature": hmac.update(body).digest("hex"),
    "x-grafana-alerting-timestamp": String(at),
  };
}

function proveBySlack(body: string | Buffer, { isForged = false, at = now() } = {}): Headers {
  return signed(body, { at, ...(isForged ? { key: "another" } : {}) });
}

const CHAT = -1001234567890;

/** An update of the Telegram Bot API (core.telegram.org/bots/api#update). */
function telegramMessage() {
  serial += 1;
  const from = { id: 42, is_bot: false, first_name: "Ada" };
  const chat = { id: CHAT, type: "supergroup", title: "ops" };
  const message = { message_id: serial, from, chat, date: 1_780_000_000, text: "The disk is full" };
  return { update_id: 1_000 + serial, message };
}

const slack = {
  type: "slack",
  bot_token: "secret:TOKEN",
  signing_secret: "secret:SLACK",
  conversation_id: "C024BE91L",
};
const fresh = () => `f${++serial}`;
const alerts = (fingerprint: string) => JSON.stringify(alertDelivery(alert({ fingerprint })));
const grafanaAlerts = (fingerprint: string) =>
  JSON.stringify({ ...alertDelivery(alert({ fingerprint })), version: "1" });

const json = { contentType: "application/json", otherType: FORM_TYPE };
const byBearer = { prove: proveByBearer, isTimed: false, repeated: "folded" } as const;

/** One of each type of channel and proof. */
export const HOOK_SENDERS: Record<string, HookSender> = {
  "alertmanager, bearer": {
    ...json,
    ...byBearer,
    channel: { type: "alertmanager", auth: bearerAuth },
    body: () => alerts(fresh()),
    withNul: () => alerts("a\0b"),
  },
  "alertmanager, Standard Webhooks": {
    ...json,
    channel: { type: "alertmanager", auth: { scheme: "standard_webhooks", secret: "secret:KEY" } },
    body: () => alerts(fresh()),
    withNul: () => alerts("a\0b"),
    prove: proveByStandardWebhooks,
    isTimed: true,
    repeated: "first answer",
  },
  "grafana, its own signatures": {
    ...json,
    channel: { type: "grafana", auth: { scheme: "grafana_hmac", secret: "secret:KEY" } },
    body: () => grafanaAlerts(fresh()),
    withNul: () => grafanaAlerts("a\0b"),
    prove: proveByGrafana,
    isTimed: true,
    repeated: "first answer",
  },
  "webhook, bearer": {
    ...json,
    ...byBearer,
    channel: { type: "webhook", receive: { auth: bearerAuth, id: { $cel: "item.id" } } },
    body: () => JSON.stringify({ id: fresh() }),
    withNul: () => JSON.stringify({ id: "a\0b" }),
  },
  "telegram, a message": {
    ...json,
    channel: {
      type: "telegram",
      token: "secret:TELEGRAM_BOT",
      chat_id: CHAT,
      receive: { by: "webhook", secret: "secret:TOKEN" },
    },
    body: () => JSON.stringify(telegramMessage()),
    prove: (_, { isForged = false } = {}) => ({
      "x-telegram-bot-api-secret-token": isForged ? "another" : TOKEN,
    }),
    isTimed: false,
    repeated: "folded",
  },
  "slack, events": {
    channel: slack,
    body: () => JSON.stringify(eventOf()),
    withNul: () => JSON.stringify(eventOf({}, { event_id: "Ev\0" })),
    prove: proveBySlack,
    isTimed: true,
    contentType: "application/json",
    otherType: "text/plain",
    repeated: "folded",
  },
  "slack, a button": {
    channel: slack,
    body: () => interactionForm(pressOf(fresh())),
    withNul: () => interactionForm({ ...pressOf("x"), user: { id: "U\0" } }),
    prove: proveBySlack,
    isTimed: true,
    contentType: FORM_TYPE,
    otherType: "multipart/form-data",
    repeated: "refused",
  },
  "slack, a command": {
    channel: slack,
    body: () => commandOf(fresh()),
    withNul: () => commandOf("x", { channel_id: "C\0" }),
    prove: proveBySlack,
    isTimed: true,
    contentType: FORM_TYPE,
    otherType: "text/plain",
    repeated: "refused",
  },
};
