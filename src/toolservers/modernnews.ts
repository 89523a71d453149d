import type { Client, McpSubscription } from "@modelcontextprotocol/client";
import { outsideExchange } from "./exchange.ts";

const AGAIN_MS = 5000;
const ACK_MS = 10_000;
const MAX_URIS = 1000;

/**
 * Listens to what a tool server of the 2026-07-28 protocol says to all: changed lists, as far as it declares that it
 * tells of them, and the resources that somebody subscribed to. One stream at a time; one that broke is opened again.
 * What comes on it is dealt with where all messages come in.
 */
export class ModernNews {
  readonly #client: Client;
  readonly #uris = new Set<string>();
  #stream: McpSubscription | undefined;
  #opening: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(client: Client) {
    this.#client = client;
    this.#open();
  }

  subscribe(uri: string): void {
    if (this.#uris.has(uri) || this.#uris.size >= MAX_URIS) return;
    this.#uris.add(uri);
    this.#open();
  }

  unsubscribe(uri: string): void {
    if (this.#uris.delete(uri)) this.#open();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Opens a stream for what is wanted now, in the place of the one before. */
  #open(): void {
    clearTimeout(this.#timer);
    this.#opening = this.#opening.then(() => outsideExchange(() => this.#listen()));
  }

  async #listen(): Promise<void> {
    const { tools, prompts, resources } = this.#client.getServerCapabilities() ?? {};
    const filter = {
      ...(tools?.listChanged ? { toolsListChanged: true } : {}),
      ...(prompts?.listChanged ? { promptsListChanged: true } : {}),
      ...(resources?.listChanged ? { resourcesListChanged: true } : {}),
      ...(this.#uris.size > 0 ? { resourceSubscriptions: [...this.#uris] } : {}),
    };
    const before = this.#stream;
    this.#stream = undefined;
    if (this.#isClosed) return;
    try {
      if (Object.keys(filter).length > 0) {
        const stream = await this.#client.listen(filter, { timeout: ACK_MS });
        this.#stream = stream;
        void stream.closed.then((how) => {
          if (how !== "local" && this.#stream === stream) this.#later();
        });
      }
    } catch {
      // It says that it tells of changes, and does not: lists are a minute old at most all the same.
      if (this.#uris.size > 0) this.#later();
    }
    // Only now, so that nothing is missed in between.
    await before?.close().catch(() => undefined);
  }

  #later(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), AGAIN_MS);
    this.#timer.unref();
  }
}
