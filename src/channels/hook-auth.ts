import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { Webhook } from "standardwebhooks";

/** What a hook's request shows to prove who sent it. */
export interface HookProof {
  authorization: string | undefined;
  webhookId: string | undefined;
  webhookTimestamp: string | undefined;
  webhookSignature: string | undefined;
  body: string;
}

/** What a channel expects. */
export interface HookSecret {
  scheme: "bearer" | "standard_webhooks";
  secret: string;
}

const NOBODYS_TOKEN = randomBytes(32).toString("hex");
const NOBODYS_KEY = new Webhook(randomBytes(32).toString("base64"));

/**
 * Whether the request was sent by who knows the channel's secret. Without a channel (or secret) the same work is done
 * against secrets that nobody knows, and always both schemes: the time taken says nothing about what exists.
 *
 * Signatures are those of Standard Webhooks (standardwebhooks.com), at most five minutes old.
 */
export function isAuthentic(proof: HookProof, expected: HookSecret | undefined): boolean {
  const isBearer = expected?.scheme === "bearer";
  const bearerHolds = bearerMatches(proof, isBearer ? expected.secret : NOBODYS_TOKEN);
  const key = isBearer || !expected ? NOBODYS_KEY : (keyOf(expected.secret) ?? NOBODYS_KEY);
  const signatureHolds = signatureMatches(proof, key);
  return isBearer ? bearerHolds : signatureHolds;
}

function bearerMatches({ authorization }: HookProof, token: string): boolean {
  const shown = /^bearer +(\S+) *$/i.exec(authorization ?? "")?.[1] ?? "";
  return timingSafeEqual(digest(shown), digest(token));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
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
    "webhook-id": proof.webhookId ?? "",
    "webhook-timestamp": proof.webhookTimestamp ?? "",
    "webhook-signature": proof.webhookSignature ?? "",
  };
  try {
    key.verify(proof.body, headers, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}
