import { connect, type Socket } from "node:net";

/** One request, ready to be sent. */
export interface Request {
  method: "GET" | "POST";
  /** With its query. */
  path: string;
  headers?: Record<string, string>;
  /** JSON. */
  body?: string;
}

export interface Response {
  status: number;
  body: string;
}

/**
 * A keep-alive connection that asks one thing after the other. Written on the bare socket, because the machine's two cores
 * are shared with what is measured, and a full HTTP client would cost as much as the server.
 */
export interface Connection {
  ask(request: Request): Promise<Response>;
  close(): void;
}

interface Waiting {
  resolve: (response: Response) => void;
  reject: (error: Error) => void;
}

const END_OF_HEAD = "\r\n\r\n";

/** @param origin such as `http://127.0.0.1:4600` */
export async function openConnection(origin: string): Promise<Connection> {
  const { hostname, port, host } = new URL(origin);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve).once("error", reject);
  });
  let waiting: Waiting | undefined;
  let received: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const response = parse(received);
    if (!response) return;
    received = Buffer.alloc(0);
    waiting?.resolve(response);
  });
  socket.on("error", () => {});
  socket.on("close", () => waiting?.reject(new Error(`${origin} closed the connection`)));
  return {
    ask(request) {
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        send(socket, host, request);
      });
    },
    close() {
      waiting = undefined;
      socket.destroy();
    },
  };
}

function send(socket: Socket, host: string, { method, path, headers, body }: Request): void {
  const given = {
    host,
    ...headers,
    ...(body === undefined
      ? {}
      : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
  };
  const lines = Object.entries(given).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body ?? ""}`);
}

/** The response, once all of it is there. */
function parse(received: Buffer): Response | undefined {
  const headEnd = received.indexOf(END_OF_HEAD);
  if (headEnd < 0) return undefined;
  const head = received.toString("latin1", 0, headEnd);
  const status = Number(head.slice(9, 12));
  const start = headEnd + END_OF_HEAD.length;
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length !== undefined) {
    const end = start + Number(length);
    return received.length < end
      ? undefined
      : { status, body: received.toString("utf8", start, end) };
  }
  return unchunked(received, start, status);
}

function unchunked(received: Buffer, from: number, status: number): Response | undefined {
  const parts: Buffer[] = [];
  for (let at = from; ; ) {
    const lineEnd = received.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(received.toString("latin1", at, lineEnd), 16);
    const end = lineEnd + 2 + size;
    if (received.length < end + 2) return undefined;
    if (size === 0) return { status, body: Buffer.concat(parts).toString("utf8") };
    parts.push(received.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}
