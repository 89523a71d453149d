import { Readable, Transform } from "node:stream";
import type { Dispatcher } from "undici";
import errors from "undici/lib/core/errors.js";
import { FloodGuard } from "./flood.ts";
import { seconds, UpstreamFailure } from "./outcome.ts";

/** What a caller may want to know of a request on its way. */
export interface FetchObserver {
  /** The connection stands: from here on the request may have been received. */
  onReached?(): void;
  /** The response's body broke off; `fetch` only tells its reader. */
  onBodyError?(error: Error): void;
}

/** How long a request waits, in milliseconds. */
export interface FetchTimeouts {
  /** For the connection alone. */
  connectMs: number;
  /** For the next byte, once the connection stands. */
  idleMs: number;
}

/** The answer to a message that was posted: JSON that came whole, or whatever else it is. */
export type Posted =
  | { kind: "json"; status: number; text: string }
  | { kind: "other"; response: Response };

interface ReceiverOptions {
  observer: FetchObserver;
  timeouts: FetchTimeouts;
  /** The most a response's body may have. */
  maxBodyBytes: number;
  /** Whether JSON is taken whole; else it is handed on as it comes. */
  takesJson: boolean;
  /** Breaks the request off for as long as it lasts. */
  signal?: AbortSignal | null | undefined;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const NO_BODY = new Set([204, 205, 304]);

/** Hears what becomes of one request, and makes an answer of it. */
export class Receiver implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Posted>;
  readonly #resolve: (answer: Posted) => void;
  readonly #reject: (why: Error) => void;
  readonly #options: ReceiverOptions;
  #controller: Dispatcher.DispatchController | undefined;
  #cut: Error | undefined;
  #status = 0;
  /** Of JSON that is taken whole. */
  #parts: Buffer[] | undefined;
  #seen = 0;
  /** Of anything else. */
  #body: Readable | undefined;

  constructor(options: ReceiverOptions) {
    const { promise, resolve, reject } = Promise.withResolvers<Posted>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#options = options;
    options.signal?.addEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = () => this.cut(this.#options.signal?.reason as Error);

  /** Ends the waiting, and breaks off what is still to come; a request that has not left yet never will. */
  cut(why: Error): void {
    this.#cut ??= why;
    this.#reject(why);
    this.#controller?.abort(why);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#cut) controller.abort(this.#cut);
    else this.#options.observer.onReached?.();
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Headers,
  ): void {
    if (status < 200) return;
    this.#status = status;
    const { takesJson, maxBodyBytes, observer } = this.#options;
    const mayAnswer = status === 200 || (status >= 400 && status < 500);
    if (takesJson && mayAnswer && isJson(headers)) {
      this.#parts = [];
      return;
    }
    this.#body = new Readable({
      read: () => controller.resume(),
      destroy: (error, done) => {
        if (error) controller.abort(error);
        done(error);
      },
    });
    const body = capped(this.#body, headers, maxBodyBytes, observer.onBodyError);
    this.#resolve({ kind: "other", response: toResponse(status, headers, body) });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#parts) {
      this.#seen += chunk.length;
      this.#parts.push(chunk);
      const { maxBodyBytes } = this.#options;
      if (this.#seen > maxBodyBytes) controller.abort(tooLarge(maxBodyBytes));
      return;
    }
    if (this.#body?.push(chunk) === false) controller.pause();
  }

  onResponseEnd(): void {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#body?.push(null);
    const parts = this.#parts;
    if (!parts) return;
    const [first] = parts;
    const whole = parts.length === 1 && first ? first : Buffer.concat(parts);
    this.#resolve({ kind: "json", status: this.#status, text: whole.toString() });
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    const why = this.#named(error);
    this.#reject(why);
    this.#body?.destroy(why);
  }

  #named(error: Error): Error {
    const { idleMs, connectMs } = this.#options.timeouts;
    if (error instanceof errors.ConnectTimeoutError) {
      const words = `No connection to the tool server within ${seconds(connectMs)} s.`;
      return new UpstreamFailure("E-UPSTREAM-CONNECT", words);
    }
    const isSilence =
      error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError;
    if (!isSilence) return error;
    const words = `The tool server sent nothing for ${seconds(idleMs)} s.`;
    return new UpstreamFailure("E-UPSTREAM-TIMEOUT", words);
  }
}

function tooLarge(maxBytes: number): UpstreamFailure {
  const words = `The tool server's answer is larger than ${maxBytes} bytes.`;
  return new UpstreamFailure("E-UPSTREAM-SIZE", words);
}

function isJson(headers: Headers): boolean {
  return String(headers["content-type"]).startsWith("application/json");
}

/** How many events a piece of an event stream ends. */
function eventsIn(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) {
    const isBlank =
      chunk[at - 1] === NEWLINE || (chunk[at - 1] === RETURN && chunk[at - 2] === NEWLINE);
    if (isBlank) count += 1;
  }
  return count;
}

function capped(
  source: Readable,
  headers: Headers,
  maxBytes: number,
  onError?: (error: Error) => void,
) {
  const isStream = String(headers["content-type"]).startsWith("text/event-stream");
  const flood = new FloodGuard();
  let seen = 0;
  const cap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > maxBytes) return done(tooLarge(maxBytes));
      if (!isStream) return done(null, chunk);
      if (!flood.allows(eventsIn(chunk))) {
        const words = "The tool server sent too much that nobody asked for.";
        return done(new UpstreamFailure("E-UPSTREAM-PROTOCOL", words));
      }
      // Each event is taken apart where it is read, so others get their turn between the pieces.
      setImmediate(done, null, chunk);
    },
  });
  cap.once("error", (error) => {
    onError?.(error);
    source.destroy(error);
  });
  source.once("error", (error) => cap.destroy(error));
  cap.once("close", () => {
    if (!source.readableEnded) source.destroy(new Error("nobody reads the answer any more"));
  });
  return source.pipe(cap);
}

function toResponse(status: number, given: Headers, body: Transform): Response {
  const headers = new globalThis.Headers();
  for (const [name, values] of Object.entries(given)) {
    for (const value of [values ?? []].flat()) headers.append(name, value);
  }
  if (NO_BODY.has(status)) {
    body.resume();
    return new Response(null, { status, headers });
  }
  return new Response(Readable.toWeb(body) as ReadableStream, { status, headers });
}
