/** A tool server on standard input and output, of SDK v1, as most of today's servers are. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";

const server = new McpServer({ name: "fixture-v1", version: "1.0.0" });
server.registerTool(
  "echo",
  { description: "Says what it is told.", inputSchema: { text: z.string() } },
  ({ text }) => ({ content: [{ type: "text", text }] }),
);
server.registerTool(
  "hurry",
  { description: "Says how far it has come in one go with its answer.", inputSchema: {} },
  async (_args, { _meta, sendNotification }) => {
    process.stdout.cork();
    for (const progress of [1, 2, 3]) {
      const params = { progress, progressToken: _meta?.progressToken ?? "" };
      await sendNotification({ method: "notifications/progress", params });
    }
    setImmediate(() => process.stdout.uncork());
    return { content: [] };
  },
);
await server.connect(new StdioServerTransport());
