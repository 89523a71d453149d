import CircuitBreaker from "opossum";
import type { Answer } from "./connection.ts";
import { seconds, type UpstreamCode, type UpstreamError } from "./outcome.ts";
import type { InputRequired } from "./rounds.ts";

type Outcome = UpstreamError | Answer | InputRequired;
type Ask<T extends Outcome> = () => Promise<T>;

/** Failures that say something about the server and nothing about the request. */
const COUNTED: ReadonlySet<UpstreamCode> = new Set([
  "E-UPSTREAM-CONNECT",
  "E-UPSTREAM-TIMEOUT",
  "E-UPSTREAM-DIED",
]);

/** More than half of at least five requests within half a minute. */
const LEAST_REQUESTS = 5;
const MOST_FAILED_PERCENT = 50;
const WINDOW_MS = 30_000;
const RESET_MS = 10_000;

/** Carries a failure through the circuit, which knows failures only as what is thrown. */
class Counted extends Error {
  readonly failure: UpstreamError;

  constructor(failure: UpstreamError) {
    super(failure.message);
    this.failure = failure;
  }
}

/**
 * Lets no request through to a tool server that fails again and again; after a while one is let through to see whether
 * that is over.
 */
export class Breaker {
  readonly #circuit: CircuitBreaker<[Ask<Outcome>], Outcome>;
  readonly #resetMs: number;
  #openedAt = 0;
  #last = "";

  /** @param options.onOpen is told each time it opens */
  constructor(options: { resetMs?: number | undefined; onOpen(): void }) {
    this.#resetMs = options.resetMs ?? RESET_MS;
    this.#circuit = new CircuitBreaker(judged, {
      timeout: false,
      resetTimeout: this.#resetMs,
      errorThresholdPercentage: MOST_FAILED_PERCENT,
      volumeThreshold: LEAST_REQUESTS,
      rollingCountTimeout: WINDOW_MS,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
    });
    this.#circuit.on("open", () => {
      this.#openedAt = Date.now();
      options.onOpen();
    });
  }

  /** When the next request is let through, in milliseconds since 1970; undefined while all are. */
  get nextTryAt(): number | undefined {
    return this.#circuit.closed ? undefined : this.#openedAt + this.#resetMs;
  }

  /** Asks, or says why not; what is asked does not throw. */
  async through<T extends Outcome>(ask: Ask<T>): Promise<T | UpstreamError> {
    try {
      return (await this.#circuit.fire(ask)) as T;
    } catch (error) {
      if (!(error instanceof Counted)) return this.#refusal();
      this.#last = error.failure.message;
      return error.failure;
    }
  }

  close(): void {
    this.#circuit.shutdown();
  }

  #refusal(): UpstreamError {
    const leftMs = this.#openedAt + this.#resetMs - Date.now();
    const next = leftMs > 0 ? `in ${seconds(leftMs)} s` : "under way";
    return {
      kind: "upstream_error",
      code: "E-UPSTREAM-DOWN",
      message: `The tool server fails again and again and is left alone; the next try is ${next}. Last time: ${this.#last}`,
      sent: false,
      answered: false,
    };
  }
}

async function judged(ask: Ask<Outcome>): Promise<Outcome> {
  const outcome = await ask();
  if (outcome.kind === "upstream_error" && COUNTED.has(outcome.code)) throw new Counted(outcome);
  return outcome;
}
