import { Webhook, WebhookVerificationError } from "standardwebhooks";

export type PagerMessage = {
  id: string;
  received_at: string;
  signature: "verified";
  payload: unknown;
};

export type Delivery =
  | { outcome: "stored" | "repeated"; message: PagerMessage }
  | { outcome: "refused"; reason: string };

const KEPT_MESSAGES = 100;

/**
 * A receiver for Standard Webhooks (https://www.standardwebhooks.com): checks the signature over
 * id, timestamp and raw body, and takes each `webhook-id` once, since senders repeat what they
 * could not confirm. Holds the newest 100 messages in memory.
 */
export class Pager {
  readonly #webhook: Webhook;
  readonly #messages = new Map<string, PagerMessage>();

  constructor(secret: string) {
    this.#webhook = new Webhook(secret);
  }

  /** Messages in order of arrival. */
  messages(): PagerMessage[] {
    return [...this.#messages.values()];
  }

  receive(body: string, headers: Record<string, string>): Delivery {
    try {
      this.#webhook.verify(body, headers, { jsonParse: false });
    } catch (error) {
      if (error instanceof WebhookVerificationError) {
        return { outcome: "refused", reason: error.message };
      }
      throw error;
    }
    const id = headers["webhook-id"] ?? "";
    const known = this.#messages.get(id);
    if (known) return { outcome: "repeated", message: known };
    const message: PagerMessage = {
      id,
      received_at: new Date().toISOString(),
      signature: "verified",
      payload: parse(body),
    };
    this.#messages.set(id, message);
    this.#forgetOldest();
    return { outcome: "stored", message };
  }

  #forgetOldest(): void {
    const oldest = this.#messages.keys().next().value;
    if (this.#messages.size > KEPT_MESSAGES && oldest !== undefined) this.#messages.delete(oldest);
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
