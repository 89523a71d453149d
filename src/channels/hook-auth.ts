import { createHmac, hash, randomBytes, timingSafeEqual } from "node:crypto";
import { Webhook } from "standardwebhooks";

/** What a hook's request shows to prove who sent it. */
export interface HookProof {
  /** Of the request, by a name in lower case. */
  header(name: string): string | undefined;
  body: Buffer;
}

/** What a channel expects. */
export interface HookSecret {
  scheme: "bearer" | "standard_webhooks" | "grafana_hmac" | "slack" | "telegram";
  secret: string;
}

const NOBODYS_TOKEN = randomBytes(32).toString("hex");
const NOBODYS_KEY = new Webhook(randomBytes(32).toString("base64"));
/** How old or how far ahead a signature's time may be, in seconds; as Standard Webhooks has it. */
const TOLERANCE_SECONDS = 300;

/** What a request shows in each scheme, held against a secret; without one, against a secret that nobody knows. */
const HOLDS: Record<HookSecret["scheme"], (proof: HookProof, secret?: string) => boolean> = {
  bearer: (proof, secret = NOBODYS_TOKEN) => bearerMatches(proof, secret),
  standard_webhooks: (proof, secret) =>
    signatureMatches(proof, (secret && keyOf(secret)) || NOBODYS_KEY),
  grafana_hmac: (proof, secret = NOBODYS_TOKEN) => hmacMatches(proof, GRAFANA, secret),
  slack: (proof, secret = NOBODYS_TOKEN) => hmacMatches(proof, SLACK, secret),
  telegram: (proof, secret = NOBODYS_TOKEN) => telegramMatches(proof, secret),
};
const SCHEMES = Object.keys(HOLDS) as HookSecret["scheme"][];

/**
 * Whether the request was sent by who knows the channel's secret. Of one that is refused all schemes are asked, without a
 * channel (or secret) against secrets that nobody knows: the time that a refusal takes says nothing about what exists.
 *
 * Signatures are those of Standard Webhooks (standardwebhooks.com), of Grafana's alerting or of Slack, at most five minutes old.
 */
export function isAuthentic(proof: HookProof, expected: HookSecret | undefined): boolean {
  if (expected && HOLDS[expected.scheme](proof, expected.secret)) return true;
  for (const scheme of SCHEMES) if (scheme !== expected?.scheme) HOLDS[scheme](proof);
  return false;
}

/** What names a signed message, so that one sent again is known; undefined where nothing does. */
export function messageIdOf(proof: HookProof, scheme: HookSecret["scheme"]): string | undefined {
  if (scheme === "standard_webhooks") return proof.header("webhook-id");
  if (scheme === "grafana_hmac") return proof.header(GRAFANA.signature);
  if (scheme === "slack") return proof.header(SLACK.signature);
  return undefined;
}

function bearerMatches(proof: HookProof, token: string): boolean {
  const shown = /^bearer +(\S+) *$/i.exec(proof.header("authorization") ?? "")?.[1] ?? "";
  return timingSafeEqual(digest(shown), digest(token));
}

/** The secret as it is (core.telegram.org/bots/api#setwebhook). */
function telegramMatches(proof: HookProof, secret: string): boolean {
  const shown = proof.header("x-telegram-bot-api-secret-token") ?? "";
  return timingSafeEqual(digest(shown), digest(secret));
}

function digest(text: string): Buffer {
  return hash("sha256", text, "buffer");
}

/** The signing key in a secret (`whsec_` and base64, or base64 alone); undefined when it is neither. */
export function keyOf(secret: string): Webhook | undefined {
  try {
    return new Webhook(secret);
  } catch {
    return undefined;
  }
}

function signatureMatches(proof: HookProof, key: Webhook): boolean {
  const headers = {
    "webhook-id": proof.header("webhook-id") ?? "",
    "webhook-timestamp": proof.header("webhook-timestamp") ?? "",
    "webhook-signature": proof.header("webhook-signature") ?? "",
  };
  try {
    key.verify(proof.body, headers, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}

/** Where a signature and its time stand, and what stands before the signature and before the time that is signed. */
const GRAFANA = {
  signature: "x-grafana-alerting-signature",
  timestamp: "x-grafana-alerting-timestamp",
  version: "",
  signs: "",
};
/** docs.slack.dev, "Verifying requests from Slack". */
const SLACK = {
  signature: "x-slack-signature",
  timestamp: "x-slack-request-timestamp",
  version: "v0=",
  signs: "v0:",
};

/** HMAC-SHA256 of `timestamp:body` in hex; without a time an old message could be sent again, so there has to be one. */
function hmacMatches(proof: HookProof, of: typeof SLACK, secret: string): boolean {
  const timestamp = proof.header(of.timestamp) ?? "";
  const age = Math.abs(
    Date.now() / 1_000 - Number(/^\d{1,12}$/.exec(timestamp)?.[0] ?? Number.NaN),
  );
  const hmac = createHmac("sha256", secret).update(`${of.signs}${timestamp}:`).update(proof.body);
  const expected = of.version + hmac.digest("hex");
  const shown = (proof.header(of.signature) ?? "").trim().toLowerCase();
  return timingSafeEqual(digest(shown), digest(expected)) && age <= TOLERANCE_SECONDS;
}
