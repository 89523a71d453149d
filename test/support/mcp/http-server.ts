import { randomUUID } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { createMcpHandler } from "@modelcontextprotocol/server";
import { z } from "zod";
import { type FixtureTools, fixtureServer } from "./tools.ts";

/** A server that listens on a free port of the loopback address. */
export interface ListeningServer {
  url: string;
  /** Sockets open now. */
  connections(): Promise<number>;
  /** Drops all connections at once, as a crash would. */
  crash(): void;
  close(): Promise<void>;
}

/** Serves any request listener on a free port. */
export async function listen(listener: RequestListener): Promise<ListeningServer> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    crash: () => server.closeAllConnections(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface HttpFixture extends ListeningServer {
  tools: FixtureTools;
  /** The headers of each request that came in, newest last. */
  requests: IncomingMessage["headers"][];
}

/**
 * A Streamable HTTP tool server of SDK v2, for both eras or for the newer one only.
 *
 * @param options.onCall answers tool calls of the newer era in the server's place
 */
export async function serveHttp(
  options: { modernOnly?: boolean; onCall?: RequestListener } = {},
): Promise<HttpFixture> {
  const tools: FixtureTools = { ran: new Map(), note: "" };
  const requests: IncomingMessage["headers"][] = [];
  const handler = createMcpHandler(() => fixtureServer(tools), {
    legacy: options.modernOnly ? "reject" : "stateless",
  });
  const handle = toNodeHandler(handler);
  const server = await listen((request, response) => {
    requests.push(request.headers);
    if (options.onCall && request.headers["mcp-method"] === "tools/call") {
      return options.onCall(request, response);
    }
    void handle(request, response);
  });
  return { ...server, tools, requests };
}

export interface SessionFixture extends ListeningServer {
  /** Forgets all sessions, as a restarted server does. */
  forget(): void;
  sessions(): number;
  /** The headers of each request that came in, newest last. */
  requests: IncomingMessage["headers"][];
}

/** A Streamable HTTP tool server of SDK v1 that keeps sessions. */
export async function serveSessions(): Promise<SessionFixture> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();

  async function open(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    const server = new McpServer({ name: "fixture-v1", version: "1.0.0" });
    server.registerTool(
      "echo",
      { description: "Says what it is told.", inputSchema: { text: z.string() } },
      ({ text }) => ({ content: [{ type: "text", text }] }),
    );
    // Declared with exact optional properties off, which its own Transport type is not.
    await server.connect(transport as Parameters<McpServer["connect"]>[0]);
    await transport.handleRequest(request, response);
  }

  const requests: IncomingMessage["headers"][] = [];
  const server = await listen((request, response) => {
    requests.push(request.headers);
    const id = request.headers["mcp-session-id"];
    const transport = typeof id === "string" ? sessions.get(id) : undefined;
    if (transport) return void transport.handleRequest(request, response);
    if (id === undefined && request.method === "POST") return void open(request, response);
    response.writeHead(404).end();
  });
  return { ...server, requests, forget: () => sessions.clear(), sessions: () => sessions.size };
}
