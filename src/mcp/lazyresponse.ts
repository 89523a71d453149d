import type { RpcMessage } from "./jsonrpc.ts";

const KEEP_ALIVE_MS = 15_000;
const STREAM_HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

const encoder = new TextEncoder();
const frame = (message: RpcMessage) =>
  encoder.encode(`event: message\ndata: ${JSON.stringify(message)}\n\n`);

/** Server-sent events, with a comment now and then so that nobody between takes the connection for dead. */
export class EventStream {
  readonly response: Response;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #onEnd: () => void;

  /** @param onEnd called when the stream has ended, whoever ended it */
  constructor(headers: Record<string, string>, onEnd: () => void = () => undefined) {
    this.#onEnd = onEnd;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => this.close(),
    });
    this.response = new Response(body, { headers: { ...STREAM_HEADERS, ...headers } });
    this.#timer = setInterval(() => this.#write(encoder.encode(": still here\n\n")), KEEP_ALIVE_MS);
    this.#timer.unref();
  }

  send(message: RpcMessage): void {
    this.#write(frame(message));
  }

  close(): void {
    clearInterval(this.#timer);
    const controller = this.#controller;
    if (!controller) return;
    this.#controller = undefined;
    try {
      controller.close();
    } catch {
      // The client has cancelled it.
    }
    this.#onEnd();
  }

  #write(bytes: Uint8Array): void {
    try {
      this.#controller?.enqueue(bytes);
    } catch {
      this.close();
    }
  }
}

/**
 * The answer to one POST: plain JSON when the first thing to say is the last, else a stream that begins with whatever
 * is said first.
 */
export class LazyResponse {
  readonly response: Promise<Response>;
  readonly #headers: Record<string, string>;
  readonly #settle: (response: Response) => void;
  #stream: EventStream | undefined;
  #isOver = false;

  constructor(headers: Record<string, string> = {}) {
    const { promise, resolve } = Promise.withResolvers<Response>();
    this.response = promise;
    this.#settle = resolve;
    this.#headers = headers;
  }

  /** Says something before the answer. */
  send(message: RpcMessage): void {
    if (this.#isOver) return;
    this.#open().send(message);
  }

  /** Gives the answer; undefined for a request that was cancelled and gets none. */
  end(answer: RpcMessage | readonly RpcMessage[] | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.#stream && answer !== undefined) {
      this.#settle(Response.json(answer, { headers: this.#headers }));
      return;
    }
    const stream = this.#open();
    for (const message of [answer ?? []].flat() as RpcMessage[]) stream.send(message);
    stream.close();
  }

  #open(): EventStream {
    if (!this.#stream) {
      this.#stream = new EventStream(this.#headers);
      this.#settle(this.#stream.response);
    }
    return this.#stream;
  }
}
