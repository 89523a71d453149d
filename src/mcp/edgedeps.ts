import type { McpCaller, McpDeps } from "./deps.ts";
import type { HeldCalls } from "./heldcalls.ts";
import type { Listeners } from "./listeners.ts";
import type { Sessions } from "./sessions.ts";

/** What the gateway asks of the rest, with what one process of it remembers. */
export interface EdgeDeps<C extends McpCaller> extends McpDeps<C> {
  sessions: Sessions;
  held: HeldCalls<C>;
  listeners: Listeners<C>;
  /** No request is held for longer than this while a person thinks. */
  longestHoldMs: number;
}
