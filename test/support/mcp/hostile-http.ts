import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { DEEP, HOSTILE_TOOLS, type Message, reply } from "./hostile.ts";
import { type ListeningServer, listen } from "./http-server.ts";

export interface HostileServer extends ListeningServer {
  /** What it lists now. */
  tools: Record<string, unknown>[];
  /** Where its list goes on, for ever. */
  nextCursor: string | undefined;
  /** How many requests came in. */
  requests: number;
  /** How many of them were tool calls. */
  calls: number;
}

const JSON_TYPE = { "content-type": "application/json" };
const STREAM_TYPE = { "content-type": "text/event-stream" };

/** Writes as fast as the other side reads, until it goes away. */
function pour(response: ServerResponse, text: string): void {
  let more = true;
  while (more && !response.destroyed) more = response.write(text);
  if (!response.destroyed) response.once("drain", () => pour(response, text));
}

const event = (message: unknown) => `event: message\ndata: ${JSON.stringify(message)}\n\n`;
const notification = {
  jsonrpc: "2.0",
  method: "notifications/message",
  params: { level: "info", data: "x" },
};
const text = (words: string) => ({ content: [{ type: "text", text: words }] });

type Misdeed = (response: ServerResponse, id: unknown, args: Record<string, unknown>) => unknown;

const DO: Record<string, Misdeed> = {
  pay: (response, id) =>
    response
      .writeHead(200, JSON_TYPE)
      .end(JSON.stringify({ jsonrpc: "2.0", id, result: text("paid") })),
  echo: (response, id, args) =>
    response
      .writeHead(200, JSON_TYPE)
      .end(JSON.stringify({ jsonrpc: "2.0", id, result: text(String(args.text)) })),
  refuse: (response, id) =>
    response
      .writeHead(200, JSON_TYPE)
      .end(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32050, message: "not today" } })),
  hang: () => undefined,
  "hang-in-stream": (response) => response.writeHead(200, STREAM_TYPE).flushHeaders(),
  die: (response) => response.socket?.destroy(),
  crash: (response) => response.writeHead(500).end("stack trace"),
  "wrong-id": (response, id) =>
    response
      .writeHead(200, JSON_TYPE)
      .end(
        JSON.stringify({ jsonrpc: "2.0", id: `${String(id)}-other`, result: text("for nobody") }),
      ),
  "wrong-id-in-stream": (response, id) =>
    response
      .writeHead(200, STREAM_TYPE)
      .end(event({ jsonrpc: "2.0", id: `${String(id)}-other`, result: text("for nobody") })),
  "invalid-json": (response) =>
    response.writeHead(200, JSON_TYPE).end('{"jsonrpc":"2.0","result":{{{'),
  "invalid-stream": (response) => response.writeHead(200, STREAM_TYPE).end("data: {{{\n\n"),
  deep: (response, id) =>
    response
      .writeHead(200, JSON_TYPE)
      .end(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":[],"x":${DEEP}}}`),
  huge: (response) => {
    response.writeHead(200, JSON_TYPE);
    for (let mb = 0; mb < 50; mb += 1) response.write("x".repeat(1024 * 1024));
    response.end();
  },
  "endless-body": (response) => pour(response.writeHead(200, JSON_TYPE), "x".repeat(65_536)),
  "endless-events": (response) =>
    pour(response.writeHead(200, STREAM_TYPE), event(notification).repeat(50)),
  "endless-comments": (response) =>
    pour(response.writeHead(200, STREAM_TYPE), ": still here\n\n".repeat(500)),
  drip: (response) => {
    response.writeHead(200, JSON_TYPE);
    const timer = setInterval(() => response.write(" "), 50);
    response.once("close", () => clearInterval(timer));
  },
};

/** A Streamable HTTP tool server that means no good; of the 2025 protocol, without any SDK. */
export async function serveHostile(): Promise<HostileServer> {
  const state = {
    tools: HOSTILE_TOOLS as Record<string, unknown>[],
    nextCursor: undefined as string | undefined,
    requests: 0,
    calls: 0,
  };
  const answer: RequestListener = async (request: IncomingMessage, response) => {
    state.requests += 1;
    const body = Buffer.concat(await request.toArray()).toString("utf8");
    const message = JSON.parse(body || "{}") as Message;
    const known = reply(message, state.tools, state.nextCursor);
    if (known !== undefined) return response.writeHead(200, JSON_TYPE).end(JSON.stringify(known));
    if (message.method !== "tools/call") return response.writeHead(202).end();
    state.calls += 1;
    const { name = "", arguments: args = {} } = message.params ?? {};
    return DO[name]?.(response, message.id, args);
  };
  const server = await listen((request, response) => {
    response.on("error", () => undefined);
    void answer(request, response);
  });
  return Object.assign(state, server);
}
