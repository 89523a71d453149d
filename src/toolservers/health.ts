import type { Logger } from "../platform/log.ts";
import type { HeldLimit } from "./launcher.ts";
import type { UpstreamError } from "./outcome.ts";

/** What a tool server is like, as one process sees it. */
export type ServerState = "up" | "down" | "backing_off" | "breaker_open";

/** What a tool server said of itself when it was greeted. */
export interface ServerFacts {
  protocolVersion: string | undefined;
  name: string | undefined;
  version: string | undefined;
}

/** Which contract of which project a server is known by. */
export interface ServerName {
  projectId: string;
  serverId: string;
  revisionId: string;
}

/** Where a server stands after a request. */
export interface Standing {
  state: ServerState;
  /** When it will be tried again, in milliseconds since 1970. */
  nextTryAt: number | undefined;
  facts: ServerFacts | undefined;
  /** How often its program was started again, in this process. */
  restarts: number;
  /** Of a program: which limits this system holds it to. */
  heldTo: readonly HeldLimit[] | undefined;
}

/** One tool server of one project, as this process has found it; times in milliseconds since 1970. */
export interface ServerHealth extends ServerName, Standing {
  /** What went wrong last; kept when the server is up again. */
  error: { code: string; message: string } | undefined;
  lastOkAt: number | undefined;
  lastFailureAt: number | undefined;
}

const LOG_AGAIN_MS = 10_000;

/** What this process knows of the tool servers it was asked to reach. */
export class HealthBook {
  readonly #servers = new Map<string, ServerHealth>();
  readonly #loggedAt = new Map<string, number>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  all(): ServerHealth[] {
    return [...this.#servers.values()];
  }

  /**
   * Notes how a request ended.
   *
   * @param failure undefined when the server answered, be it with an error of the tool's
   */
  note(name: ServerName, standing: Standing, failure?: UpstreamError): void {
    const key = `${name.projectId} ${name.serverId}`;
    const before = this.#servers.get(key);
    const now = Date.now();
    const health: ServerHealth = before ?? {
      ...name,
      ...standing,
      error: undefined,
      lastOkAt: undefined,
      lastFailureAt: undefined,
    };
    const wasState = before?.state ?? "up";
    health.revisionId = name.revisionId;
    health.state = standing.state;
    health.nextTryAt = standing.nextTryAt;
    health.facts = standing.facts;
    health.restarts = standing.restarts;
    health.heldTo = standing.heldTo;
    if (failure === undefined) health.lastOkAt = now;
    // What was not tried is no new failure; the one before says more.
    else if (failure.code !== "E-UPSTREAM-DOWN" || health.error === undefined) {
      health.error = { code: failure.code, message: failure.message };
      health.lastFailureAt = now;
    }
    if (before === undefined) this.#servers.set(key, health);
    if (wasState !== health.state) this.#say(key, health, now);
  }

  /** Tells the log of a change, though not of every one of a server that keeps changing. */
  #say(key: string, health: ServerHealth, now: number): void {
    const since = this.#loggedAt.get(`${key} ${health.state}`);
    if (since !== undefined && now - since < LOG_AGAIN_MS) return;
    this.#loggedAt.set(`${key} ${health.state}`, now);
    const where = { project: health.projectId, server: health.serverId, state: health.state };
    const { code, message } = health.error ?? {};
    if (health.state === "up") this.#log.info(where, "a tool server is up again");
    else this.#log.warn({ ...where, code, reason: message }, "a tool server is not up");
  }
}
