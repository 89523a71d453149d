import { createHash, randomBytes } from "node:crypto";
import type { Sealer } from "../platform/sealing.ts";
import { PeerError, type PeerMethod } from "../toolservers/index.ts";
import { notification, type RpcId, type RpcMessage, requestMessage } from "./jsonrpc.ts";

/** The versions of the 2025-era protocol that are spoken, newest first. */
export const SESSION_VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const;
const VERSIONS: readonly string[] = SESSION_VERSIONS;

/** What a client can be asked for; the bits of a session's id. */
const ASKABLE = ["elicitation", "sampling", "roots"] as const;

const CONTEXT = "mcp session";
/** A client that comes back after this time has to greet the gateway anew. */
const LIFETIME_MS = 24 * 3_600_000;
/** What is kept in memory of a session that says nothing; its id stays valid. */
const IDLE_MS = 30 * 60_000;
const MAX_SESSIONS = 10_000;
const MAX_ENDED = 10_000;
/** How long a client may take for an answer. */
const ANSWER_MS = 600_000;
/** Questions that wait for one session's answers at once. */
const MAX_OPEN = 64;

/** Where a message for a client goes. */
export type Send = (message: RpcMessage) => void;

interface Waiting {
  resolve(result: Record<string, unknown>): void;
  reject(error: PeerError): void;
}

/** One session of a 2025-era client: what was agreed at its start, and what is under way in this process. */
export class Session {
  readonly id: string;
  readonly keyId: string;
  readonly version: string;
  readonly capabilities: Readonly<Record<string, unknown>>;
  /** The least severe log message that the client wants; all of them until it says so. */
  logLevel = "debug";
  usedAt = Date.now();
  /** The stream for what belongs to no request. */
  listener: { send: Send; close(): void } | undefined;
  /** How to stop the listening to each resource the client subscribed to. */
  readonly subscriptions = new Map<string, () => void>();
  /** The client's requests that are being worked on, so that it can cancel them. */
  readonly underWay = new Map<RpcId, AbortController>();
  readonly #waiting = new Map<RpcId, Waiting>();
  #asked = 0;

  constructor(start: Pick<Session, "id" | "keyId" | "version" | "capabilities">) {
    this.id = start.id;
    this.keyId = start.keyId;
    this.version = start.version;
    this.capabilities = start.capabilities;
  }

  get isIdle(): boolean {
    const isUsed = this.listener !== undefined || this.underWay.size > 0 || this.#waiting.size > 0;
    return !isUsed && Date.now() - this.usedAt > IDLE_MS;
  }

  /**
   * Asks the client on the stream of the request that it waits for; its answer comes with a request of its own.
   *
   * @throws PeerError
   */
  ask(
    send: Send,
    method: PeerMethod,
    params: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<Record<string, unknown>> {
    if (signal.aborted || this.#waiting.size >= MAX_OPEN)
      return Promise.reject(new PeerError(-32603, "The client can't be asked now."));
    // Ids of one process must not be taken for those of another that the same session was used at.
    this.#asked += 1;
    const id = `${this.#asked}.${randomBytes(6).toString("base64url")}`;
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
    const giveUp = (why: string) => {
      send(notification("notifications/cancelled", { requestId: id, reason: why }));
      reject(new PeerError(-32603, why));
    };
    const onAbort = () => giveUp("The tool server's call has ended.");
    const timer = setTimeout(() => giveUp("The client did not answer in time."), ANSWER_MS);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#waiting.set(id, { resolve, reject });
    send(requestMessage(id, method, params));
    return promise.finally(() => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      this.#waiting.delete(id);
    });
  }

  /** Takes the client's answer to a question; false when there is no such question. */
  answer(
    id: RpcId,
    said: { result: Record<string, unknown> } | { error: { code: number; message: string } },
  ): boolean {
    const waiting = this.#waiting.get(id);
    if (!waiting) return false;
    if ("result" in said) waiting.resolve(said.result);
    else waiting.reject(new PeerError(said.error.code, said.error.message));
    return true;
  }

  /** Ends everything that is under way. */
  end(): void {
    this.leave();
    for (const request of this.underWay.values()) request.abort();
  }

  /** Ends its streams, and what waits for the client's answers; requests go on. */
  leave(): void {
    this.listener?.close();
    for (const stop of this.subscriptions.values()) stop();
    this.subscriptions.clear();
    for (const waiting of this.#waiting.values())
      waiting.reject(new PeerError(-32603, "The client's session has ended."));
  }
}

/**
 * The sessions of 2025-era clients. A session's id holds, sealed, whose it is and what was agreed, so that it outlives
 * a restart and can be used at any process of the gateway; only what is under way is kept in memory, and bounded.
 */
export class Sessions {
  readonly #sealer: Pick<Sealer, "seal" | "open">;
  readonly #known = new Map<string, Session>();
  /** Those that their clients have ended. */
  readonly #ended = new Set<string>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(sealer: Pick<Sealer, "seal" | "open">) {
    this.#sealer = sealer;
    this.#sweeper = setInterval(() => this.#sweep(), 60_000);
    this.#sweeper.unref();
  }

  /** Opens a session for a client that greets the gateway. */
  open(keyId: string, version: string, declared: Record<string, unknown>): Session {
    const agreed = VERSIONS.includes(version) ? version : SESSION_VERSIONS[0];
    const bits = ASKABLE.map((name) => (isObject(declared[name]) ? 1 : 0)).join("");
    const started = Date.now().toString(36);
    const nonce = randomBytes(9).toString("base64url");
    const words = [fingerprint(keyId), VERSIONS.indexOf(agreed), bits, started, nonce];
    const id = this.#sealer.seal(words.join(" "), CONTEXT).toString("base64url");
    const capabilities = Object.fromEntries(
      ASKABLE.filter((name) => isObject(declared[name])).map((name) => [name, declared[name]]),
    );
    return this.#remember(new Session({ id, keyId, version: agreed, capabilities }));
  }

  /** The session of this id, if it is this key's and has not ended. */
  find(id: string, keyId: string): Session | undefined {
    const known = this.#known.get(id);
    if (known) {
      if (known.keyId !== keyId) return undefined;
      known.usedAt = Date.now();
      return known;
    }
    const read = this.#ended.has(id) ? undefined : this.#read(id, keyId);
    return read && this.#remember(read);
  }

  /** Ends a session at its client's wish. */
  end(session: Session): void {
    session.end();
    this.#known.delete(session.id);
    this.#ended.add(session.id);
    const [oldest] = this.#ended;
    if (this.#ended.size > MAX_ENDED && oldest !== undefined) this.#ended.delete(oldest);
  }

  close(): void {
    clearInterval(this.#sweeper);
    // What is under way is seen to its end, and answered if that comes in time.
    for (const session of this.#known.values()) session.leave();
    this.#known.clear();
  }

  #read(id: string, keyId: string): Session | undefined {
    try {
      const text = this.#sealer.open(Buffer.from(id, "base64url"), CONTEXT);
      const [whose, at, bits, started] = text.split(" ");
      const version = VERSIONS[Number(at)];
      const age = Date.now() - Number.parseInt(started ?? "", 36);
      if (whose !== fingerprint(keyId) || version === undefined || !(age < LIFETIME_MS))
        return undefined;
      const capabilities = Object.fromEntries(
        ASKABLE.filter((_name, bit) => bits?.[bit] === "1").map((name) => [name, {}]),
      );
      return new Session({ id, keyId, version, capabilities });
    } catch {
      return undefined;
    }
  }

  #remember(session: Session): Session {
    if (this.#known.size >= MAX_SESSIONS) this.#forget(this.#known.values().next().value);
    this.#known.set(session.id, session);
    return session;
  }

  #sweep(): void {
    for (const session of this.#known.values()) if (session.isIdle) this.#forget(session);
  }

  #forget(session: Session | undefined): void {
    if (!session) return;
    session.end();
    this.#known.delete(session.id);
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function fingerprint(keyId: string): string {
  return createHash("sha256").update(keyId).digest("base64url").slice(0, 11);
}
