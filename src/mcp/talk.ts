import {
  type ClientPeer,
  PeerError,
  type PeerMethod,
  type PeerRequest,
} from "../toolservers/index.ts";

interface Question extends PeerRequest {
  resolve(result: Record<string, unknown>): void;
}

/** The leg of a call that is being answered. */
interface Leg {
  peer: ClientPeer;
  signal: AbortSignal;
}

/**
 * What a tool server of the 2025 era says to a client of the 2026-07-28 protocol. Such a client can't be asked on a
 * stream: its request is answered with the questions, and it comes back with the answers in a request of its own, while
 * the call goes on here.
 */
export class Talk {
  /** The client, as the tool server sees it over all legs. */
  readonly peer: ClientPeer;
  readonly #ending = new AbortController();
  readonly #open = new Map<string, Question>();
  #leg: Leg | undefined;
  #unlink: () => void = () => undefined;
  #asked = Promise.withResolvers<void>();
  #count = 0;

  constructor(leg: Leg) {
    this.attach(leg);
    const { capabilities, logLevel, wantsProgress } = leg.peer;
    this.peer = {
      capabilities,
      logLevel,
      wantsProgress,
      takesRounds: true,
      notify: (method, params) => this.#leg?.peer.notify(method, params),
      request: (method, params, signal) => this.#ask(method, params, signal),
    };
  }

  /** Aborted when the client goes away in the midst of a leg, or does not come back for the next. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** The client has come with a request that is answered from now on. */
  attach(leg: Leg): void {
    this.#leg = leg;
    const onGone = () => this.end("The client went away.");
    leg.signal.addEventListener("abort", onGone, { once: true });
    this.#unlink = () => leg.signal.removeEventListener("abort", onGone);
    if (leg.signal.aborted) onGone();
  }

  /** The client is about to leave with these questions. */
  leave(): Record<string, PeerRequest> {
    this.#unlink();
    this.#leg = undefined;
    return Object.fromEntries(
      [...this.#open].map(([name, { method, params }]) => [name, { method, params }]),
    );
  }

  /** The client's answers; what it left out it is asked again. */
  answer(responses: Record<string, unknown>): void {
    this.#asked = Promise.withResolvers<void>();
    for (const [name, { resolve }] of [...this.#open]) {
      const answer = responses[name];
      if (typeof answer !== "object" || answer === null) continue;
      this.#open.delete(name);
      resolve(answer as Record<string, unknown>);
    }
    if (this.#open.size > 0) this.#asked.resolve();
  }

  /** The work's end, or that the client has to be asked first. */
  async next<T extends object>(work: Promise<T>): Promise<T | "asked"> {
    work.catch(() => undefined);
    return Promise.race([work, this.#asked.promise.then(() => "asked" as const)]);
  }

  /** Nobody comes back any more. */
  end(why: string): void {
    this.#ending.abort(new PeerError(-32603, why));
  }

  #ask(
    method: PeerMethod,
    params: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<Record<string, unknown>> {
    const over = AbortSignal.any([signal, this.signal]);
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
    const refuse = () => reject(new PeerError(-32603, "The client did not come back."));
    if (over.aborted) refuse();
    over.addEventListener("abort", refuse, { once: true });
    this.#count += 1;
    const name = `q${this.#count}`;
    this.#open.set(name, { method, params, resolve });
    // Questions asked in one go reach the client in one answer.
    setImmediate(() => this.#asked.resolve());
    return promise.finally(() => {
      over.removeEventListener("abort", refuse);
      this.#open.delete(name);
    });
  }
}
