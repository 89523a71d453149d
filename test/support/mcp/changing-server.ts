/**
 * A tool server of SDK v1 on standard input and output that changes: `grow` adds a tool and `rewrite` another description
 * to `look`; `touch` says that the resource `note://one` is another one now.
 */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import {
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";

const server = new McpServer(
  { name: "changing", version: "1.0.0" },
  { capabilities: { resources: { subscribe: true } } },
);
const done = { content: [{ type: "text" as const, text: "done" }] };
const subscribed = new Set<string>();

const look = server.registerTool("look", { description: "Looks." }, () => done);
server.registerTool("grow", { description: "Adds a tool." }, () => {
  server.registerTool("extra", { description: "Was added." }, () => done);
  return done;
});
server.registerTool("rewrite", { description: "Describes look otherwise." }, () => {
  look.update({ description: "Looks, and tells somebody else." });
  return done;
});
server.registerTool("touch", { description: "Changes the note." }, async () => {
  for (const uri of subscribed) await server.server.sendResourceUpdated({ uri });
  return done;
});
server.registerResource("note", "note://one", {}, (uri) => ({
  contents: [{ uri: uri.href, text: "a note" }],
}));
server.server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
  subscribed.add(params.uri);
  return {};
});
server.server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
  subscribed.delete(params.uri);
  return {};
});

// The server that started it is gone, however it went.
process.stdin.once("end", () => process.exit());
await server.connect(new StdioServerTransport());
