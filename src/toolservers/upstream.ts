import { afterEnd, type Backoff, NO_BACKOFF } from "./backoff.ts";
import { Breaker } from "./breaker.ts";
import type { Answer, Connection } from "./connection.ts";
import { type ConnectorOptions, connect, readBody, type ToolServerRef } from "./connector.ts";
import type { HealthBook, ServerFacts, Standing } from "./health.ts";
import { limitsHeldHere } from "./launcher.ts";
import {
  closing,
  invalid,
  seconds,
  toUpstreamError,
  type UpstreamCode,
  type UpstreamError,
  UpstreamFailure,
} from "./outcome.ts";
import type { ClientPeer } from "./peer.ts";
import type { InputRequired } from "./rounds.ts";
import { connectedWithin } from "./waiting.ts";

/** A connection and who uses it. */
interface Entry {
  readonly connection: Promise<Connection>;
  /** The connection, once it stands. */
  connected: Connection | undefined;
  inFlight: number;
  /** No further request goes here; the connection closes when the last one is done. */
  retired: boolean;
  /** Ends the attempt to connect, and a program, at once. */
  readonly abandon: AbortController;
}

/** How long one request may take, and who waits for it. */
export interface AskOptions {
  /** From asking for the connection to the answer, in milliseconds; by default the contract's. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** The client whose call it is: for what the tool server asks and says meanwhile. */
  peer?: ClientPeer | undefined;
  /** What a server of the 2026-07-28 protocol finds in the request's HTTP headers, too; nobody else does. */
  headers?: Readonly<Record<string, string>> | undefined;
}

interface UpstreamOptions {
  connector: ConnectorOptions;
  health: HealthBook;
  /** How long the breaker stays open, in milliseconds. */
  breakerResetMs: number | undefined;
}

const HELD_LIMITS = limitsHeldHere();

/** They fail before anything is started or connected to; so waiting helps nothing. */
const NOT_TRIED: ReadonlySet<UpstreamCode> = new Set([
  "E-STDIO-OFF",
  "E-SECRET-MISSING",
  "E-CONTRACT-INVALID",
  "E-UPSTREAM-HOST",
]);

/**
 * One tool server, supervised: connected to at first use and again after the connection ended, though a program that keeps
 * ending has to wait longer each time; and left alone by a circuit breaker while it fails again and again.
 */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #isProgram: boolean;
  readonly #breaker: Breaker;
  #entry: Entry | undefined;
  /** All that has not ended yet: the entry in use and the retired ones. */
  readonly #alive = new Set<Entry>();
  /** The requests that wait for their answer. */
  readonly #underWay = new Set<Promise<unknown>>();
  #backoff: Backoff = NO_BACKOFF;
  #lastEnd = "";
  /** It speaks the 2025 protocol only; so it is not asked again at every start. */
  #legacy = false;
  #starts = 0;
  #facts: ServerFacts | undefined;
  #usedAt = Date.now();
  #closed = false;

  constructor(ref: ToolServerRef, options: UpstreamOptions) {
    this.#options = options;
    this.#isProgram = (ref.body as { transport?: unknown } | null)?.transport === "stdio";
    this.#breaker = new Breaker({
      resetMs: options.breakerResetMs,
      // A program that does not answer is not asked again: the next try starts another.
      onOpen: () => this.#isProgram && this.#entry && this.#retire(this.#entry),
    });
  }

  /** The requests that wait for their answer now. */
  get underWay(): Iterable<Promise<unknown>> {
    return this.#underWay;
  }

  /**
   * Asks the server; what fails comes back as an `UpstreamError`.
   *
   * @param read makes of the answer what was asked for, or says what is wrong with it
   */
  async ask<T extends { kind: string }>(
    ref: ToolServerRef,
    method: string,
    params: Record<string, unknown>,
    options: AskOptions,
    read: (answer: Answer) => T | UpstreamError,
  ): Promise<T | InputRequired | UpstreamError> {
    const answer = await this.#breaker.through(() => this.#ask(ref, method, params, options));
    this.#usedAt = Date.now();
    const outcome = answer.kind === "answer" ? read(answer) : answer;
    const failure = isFailure(outcome) ? outcome : undefined;
    if (failure?.code !== "E-CALL-LOST")
      this.#options.health.note(ref, this.#standing(failure === undefined), failure);
    return outcome;
  }

  /** Closes the connection when nobody has used it since then; true when there is nothing left to remember. */
  rest(since: number): boolean {
    if (this.#usedAt > since || this.#underWay.size > 0) return false;
    const entry = this.#entry;
    if (entry && !entry.connected) return false;
    if (entry) this.#retire(entry);
    return this.#breaker.nextTryAt === undefined && this.#backoff.nextAt < since;
  }

  /** Ends the connections in good order; later requests fail with `sent: false`. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#breaker.close();
    const ending = [...this.#alive].map(async (entry) => {
      entry.retired = true;
      if (!entry.connected) entry.abandon.abort(closing());
      const connection = await entry.connection.catch(() => undefined);
      await connection?.close().catch(() => undefined);
    });
    await Promise.all(ending);
  }

  /** Ends everything at once; synchronous, so that it also works while the process exits. */
  kill(): void {
    for (const entry of this.#alive) entry.abandon.abort(closing());
  }

  #standing(isUp: boolean): Standing {
    const nextTryAt =
      this.#breaker.nextTryAt ??
      (this.#backoff.nextAt > Date.now() && !this.#entry ? this.#backoff.nextAt : undefined);
    const failing = this.#breaker.nextTryAt === undefined ? "backing_off" : "breaker_open";
    const state = isUp ? "up" : nextTryAt === undefined ? "down" : failing;
    return {
      state,
      nextTryAt: isUp ? undefined : nextTryAt,
      facts: this.#facts,
      restarts: Math.max(0, this.#starts - 1),
      heldTo: this.#isProgram ? HELD_LIMITS : undefined,
    };
  }

  async #ask(
    ref: ToolServerRef,
    method: string,
    params: Record<string, unknown>,
    options: AskOptions,
  ): Promise<Answer | InputRequired | UpstreamError> {
    const answer = await this.#attempt(ref, method, params, options);
    if (answer !== "no session") return answer;
    const again = await this.#attempt(ref, method, params, options);
    return again !== "no session"
      ? again
      : invalid("The tool server forgets its sessions at once.");
  }

  async #attempt(
    ref: ToolServerRef,
    method: string,
    params: Record<string, unknown>,
    options: AskOptions,
  ): Promise<Answer | InputRequired | UpstreamError | "no session"> {
    const started = Date.now();
    let timeoutMs = options.timeoutMs ?? 0;
    let entry: Entry;
    let connection: Connection;
    try {
      timeoutMs ||= readBody(ref).timeout_seconds * 1000;
      entry = this.#entry ?? this.#connect(ref);
      connection =
        entry.connected ?? (await connectedWithin(entry.connection, timeoutMs, options.signal));
    } catch (error) {
      return toUpstreamError(error, { sent: false, timeoutMs });
    }
    const hadSession = connection.sessionId !== undefined;
    entry.inFlight += 1;
    try {
      const leftMs = Math.max(1, timeoutMs - (Date.now() - started));
      const { signal, peer, headers } = options;
      const limits = { timeoutMs, leftMs, signal, peer, headers };
      const asked = connection.request(method, params, limits);
      this.#underWay.add(asked);
      const answer = await asked.finally(() => this.#underWay.delete(asked));
      if (answer.kind !== "upstream_error") return answer;
      // A refused request may mean a lost session, a changed secret or a server of another era: greet it anew.
      if (answer.httpStatus !== undefined) this.#retire(entry);
      return answer.httpStatus === 404 && hadSession ? "no session" : answer;
    } finally {
      entry.inFlight -= 1;
      if (entry.retired) this.#closeIfIdle(entry);
    }
  }

  #connect(ref: ToolServerRef): Entry {
    if (this.#closed) throw closing();
    this.#throwWhileBackingOff();
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    const entry: Entry = {
      connection: promise,
      connected: undefined,
      inFlight: 0,
      retired: false,
      abandon: new AbortController(),
    };
    this.#entry = entry;
    this.#alive.add(entry);
    const startedAt = Date.now();
    const start = { legacy: this.#isProgram && this.#legacy, abandon: entry.abandon.signal };
    connect(ref, this.#options.connector, start).then(
      (connection) => {
        entry.connected = connection;
        this.#starts += 1;
        this.#legacy = connection.legacy;
        this.#facts = connection.facts;
        connection.onClosed((why) => this.#gone(entry, startedAt, why));
        resolve(connection);
      },
      (error) => {
        this.#gone(entry, startedAt, error);
        reject(error);
      },
    );
    return entry;
  }

  /** An entry's connection has ended, or never stood. */
  #gone(entry: Entry, startedAt: number, why: unknown): void {
    this.#alive.delete(entry);
    if (this.#entry === entry) this.#entry = undefined;
    if (entry.retired || !this.#isProgram) return;
    const end = toUpstreamError(why, { sent: false, timeoutMs: Date.now() - startedAt });
    if (NOT_TRIED.has(end.code)) return;
    const now = Date.now();
    this.#lastEnd = end.message;
    this.#backoff = afterEnd(this.#backoff, {
      now,
      livedMs: now - startedAt,
      chance: Math.random(),
    });
  }

  #throwWhileBackingOff(): void {
    const leftMs = this.#backoff.nextAt - Date.now();
    if (leftMs <= 0) return;
    const words = `The tool server's program ended ${this.#backoff.ends} times in a row; it is started again in ${seconds(leftMs)} s. Last time: ${this.#lastEnd}`;
    throw new UpstreamFailure("E-UPSTREAM-DOWN", words);
  }

  #retire(entry: Entry): void {
    entry.retired = true;
    if (this.#entry === entry) this.#entry = undefined;
    this.#closeIfIdle(entry);
  }

  #closeIfIdle(entry: Entry): void {
    if (entry.inFlight > 0) return;
    if (!entry.connected) entry.abandon.abort(closing());
    void entry.connection.then((connection) => connection.close()).catch(() => undefined);
  }
}

/** Whether it says that something is wrong with the server. One that itself said no is there, whatever it thinks of the request. */
function isFailure(outcome: { kind: string } | UpstreamError): outcome is UpstreamError {
  if (!("code" in outcome)) return false;
  return !outcome.answered || outcome.httpStatus !== undefined;
}
