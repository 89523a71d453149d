import { z } from "zod";
import { checkCel } from "../platform/cel.ts";
import { text } from "../platform/contract.ts";
import type { FieldError } from "../platform/errors.ts";
import { asIssue } from "../platform/findings-contract.ts";
import { type CorrelationRule, correlate, httpAddress, secretName } from "./body-parts.ts";
import { emailBody } from "./email-body.ts";
import { type SlackBody, slackBody } from "./slack/body.ts";
import { type TelegramBody, telegramBody } from "./telegram/body.ts";

/** How a sender proves who it is: a bearer token, or signatures (standardwebhooks.com). */
const hookAuth = z.strictObject({
  scheme: z.enum(["bearer", "standard_webhooks"]),
  secret: secretName,
});

/** As `hookAuth`, and Grafana's own signatures: HMAC-SHA256 with a timestamp. */
const grafanaAuth = z.strictObject({
  scheme: z.enum(["bearer", "standard_webhooks", "grafana_hmac"]),
  secret: secretName,
});

const cel = z.strictObject({ $cel: text(1, 4_000) });

/** How events are read out of JSON of any shape: `items` sees `body`, the other expressions see `item`. */
const receive = z.strictObject({
  auth: hookAuth,
  /** A list in `body`, each entry of which is an event; without it the whole of it is one. */
  items: cel.optional(),
  /** The same for the same state of the same thing. */
  id: cel,
  /** The same for the same thing, whatever its state; by default the id. */
  fingerprint: cel.optional(),
  /** `firing` or `resolved`; by default firing. */
  status: cel.optional(),
  title: cel.optional(),
  sender: cel.optional(),
  /** An object of texts, for `correlate`. */
  labels: cel.optional(),
});
export type ReceiveRule = z.infer<typeof receive>;

const webhook = z
  .strictObject({
    type: z.literal("webhook"),
    /** Out: messages as JSON, signed as Standard Webhooks. */
    url: httpAddress.optional(),
    secret: secretName.optional(),
    /** In. */
    receive: receive.optional(),
    correlate: correlate.optional(),
  })
  .superRefine((body, context) => {
    const wrong = (path: string, issue: ReturnType<typeof asIssue>) =>
      context.addIssue({ ...issue, path: [path] });
    const { url, secret, receive: takes } = body;
    if (url === undefined && secret === undefined && takes === undefined)
      wrong("url", asIssue("webhook_does_nothing"));
    if (url !== undefined && secret === undefined)
      wrong("secret", asIssue("signing_secret_needed"));
    if (url === undefined && secret !== undefined) wrong("url", asIssue("url_needed"));
    if (takes === undefined && body.correlate !== undefined)
      wrong("correlate", asIssue("takes_no_events"));
  });

/** The body of a `channel` contract. */
export const channelBodySchema = z.discriminatedUnion("type", [
  /** In: Alertmanager's webhook receiver. */
  z.strictObject({
    type: z.literal("alertmanager"),
    auth: hookAuth,
    correlate: correlate.optional(),
  }),
  /** In: a webhook contact point of Grafana's alerting. */
  z.strictObject({
    type: z.literal("grafana"),
    auth: grafanaAuth,
    correlate: correlate.optional(),
  }),
  webhook,
  emailBody,
  slackBody,
  telegramBody,
  /** Out: messages that are shown in the console and nowhere else. */
  z.strictObject({ type: z.literal("console") }),
]);
export type ChannelBody = z.infer<typeof channelBodySchema>;

/** Whether messages go out on a channel of this body. */
export function sendsOut(body: ChannelBody): boolean {
  if (body.type === "webhook") return body.url !== undefined;
  return ["email", "slack", "telegram"].includes(body.type);
}

/** Whether what was sent on a channel of this body can be changed in place. */
export function editsInPlace(body: ChannelBody): boolean {
  return ["telegram", "slack"].includes(body.type);
}

/** In which language messages are written on a channel of this body. */
export function languageOf(body: ChannelBody): "en" | "zh-TW" {
  return "language" in body ? body.language : "en";
}

/** How a channel takes events in at its hook. */
export type Inbound =
  | Pick<Extract<ChannelBody, { type: "alertmanager" | "grafana" }>, "type" | "auth" | "correlate">
  | {
      type: "webhook";
      auth: ReceiveRule["auth"];
      receive: ReceiveRule;
      correlate?: CorrelationRule;
    }
  | {
      type: "slack";
      auth: { scheme: "slack"; secret: string };
      contract: SlackBody;
      correlate?: CorrelationRule;
    }
  | {
      type: "telegram";
      auth: { scheme: "telegram"; secret: string };
      contract: TelegramBody;
      correlate?: CorrelationRule;
    };

/** Undefined where a channel has no hook. */
export function inboundOf(body: ChannelBody): Inbound | undefined {
  if (body.type === "telegram") return telegramInbound(body);
  if (body.type === "slack") return slackInbound(body);
  if (body.type === "alertmanager" || body.type === "grafana") return body;
  if (body.type !== "webhook" || !body.receive) return undefined;
  const { receive: rule, correlate: together } = body;
  return {
    type: "webhook",
    auth: rule.auth,
    receive: rule,
    ...(together ? { correlate: together } : {}),
  };
}

function slackInbound(contract: SlackBody): Inbound {
  const { type, signing_secret: secret, correlate: together } = contract;
  return {
    type,
    auth: { scheme: "slack", secret },
    contract,
    ...(together ? { correlate: together } : {}),
  };
}

function telegramInbound(contract: TelegramBody): Inbound | undefined {
  const { type, receive: takes, correlate: together } = contract;
  if (takes?.by !== "webhook") return undefined;
  const auth = { scheme: "telegram", secret: takes.secret } as const;
  return { type, auth, contract, ...(together ? { correlate: together } : {}) };
}

/** Compiles the expressions of a channel; paths are relative to the body. */
export function channelChecks(body: ChannelBody): FieldError[] {
  return body.type === "webhook" ? checkCel(body.receive, "receive") : [];
}
