import { text } from "node:stream/consumers";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, Server } from "@modelcontextprotocol/server";
import { type ListeningServer, listen } from "./http-server.ts";

export interface RecordingServer extends ListeningServer {
  /** The bodies of the tool calls that came in, as they were on the wire, oldest first. */
  bodies: string[];
}

/** A Streamable HTTP tool server that keeps what it is sent byte for byte; its tools take any arguments. */
export async function serveRecording(tools: readonly string[]): Promise<RecordingServer> {
  const bodies: string[] = [];
  const listed = tools.map((name) => ({
    name,
    description: name,
    inputSchema: { type: "object" },
  }));
  const handle = toNodeHandler(
    createMcpHandler(
      () => {
        const server = new Server(
          { name: "recording", version: "1.0.0" },
          { capabilities: { tools: {} } },
        );
        server.fallbackRequestHandler = async ({ method }) =>
          method === "tools/list" ? { tools: listed } : { content: [] };
        return server;
      },
      { legacy: "stateless" },
    ),
  );
  const server = await listen(async (request, response) => {
    const body = await text(request);
    const message: unknown = body === "" ? undefined : JSON.parse(body);
    if ((message as { method?: string } | undefined)?.method === "tools/call") bodies.push(body);
    await handle(request, response, message);
  });
  return { ...server, bodies };
}
