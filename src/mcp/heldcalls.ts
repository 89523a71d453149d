import { randomUUID } from "node:crypto";
import type { CallOutcome } from "../calls/index.ts";
import type { McpCall, McpCaller } from "./deps.ts";
import type { Talk } from "./talk.ts";

/** A call that goes on while its client is away to find answers. */
export interface HeldCall<C extends McpCaller> {
  callHash: string;
  call: McpCall<C>;
  work: Promise<CallOutcome>;
  talk: Talk;
}

const AWAY_MS = 600_000;
const MAX_HELD = 1000;
const MAX_HELD_BY_KEY = 32;

/** The calls of this process whose clients are expected back. */
export class HeldCalls<C extends McpCaller> {
  readonly #held = new Map<string, HeldCall<C> & { timer: NodeJS.Timeout }>();

  /** Keeps a call for ten minutes; undefined when there are too many already, and the call is ended. */
  keep(held: HeldCall<C>): string | undefined {
    const { keyId } = held.call.caller;
    const ofKey = [...this.#held.values()].filter(({ call }) => call.caller.keyId === keyId);
    if (this.#held.size >= MAX_HELD || ofKey.length >= MAX_HELD_BY_KEY) {
      held.talk.end("Too many calls wait for answers of their clients.");
      return undefined;
    }
    const id = randomUUID();
    const timer = setTimeout(() => {
      this.#held.delete(id);
      held.talk.end("The client did not come back.");
    }, AWAY_MS);
    timer.unref();
    this.#held.set(id, { ...held, timer });
    return id;
  }

  /** Hands the call to the client that has come back for it. */
  take(id: string): HeldCall<C> | undefined {
    const held = this.#held.get(id);
    if (!held) return undefined;
    this.#held.delete(id);
    clearTimeout(held.timer);
    return held;
  }

  close(): void {
    for (const { talk, timer } of this.#held.values()) {
      clearTimeout(timer);
      talk.end("The gateway is being closed.");
    }
    this.#held.clear();
  }
}
