import { randomUUID } from "node:crypto";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { createMcpHandler } from "@modelcontextprotocol/server";
import { legacyEverything, modernEverything } from "./everything-server.ts";
import { type ListeningServer, listen } from "./http-server.ts";

/** The server of everything over Streamable HTTP, of one era only. */
export async function serveEverything(era: "2025" | "2026"): Promise<ListeningServer> {
  if (era === "2026") {
    const handler = createMcpHandler(
      () => modernEverything((event) => handler.bus.publish(event)),
      {
        legacy: "reject",
      },
    );
    return listen(toNodeHandler(handler));
  }
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  return listen(async (request, response) => {
    const id = request.headers["mcp-session-id"];
    const known = typeof id === "string" ? sessions.get(id) : undefined;
    if (known) return known.handleRequest(request, response);
    if (id !== undefined) return response.writeHead(404).end();
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (session) => void sessions.set(session, transport),
      onsessionclosed: (session) => void sessions.delete(session),
    });
    await legacyEverything().connect(transport as never);
    await transport.handleRequest(request, response);
  });
}
