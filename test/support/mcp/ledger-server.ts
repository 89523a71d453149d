/**
 * A tool server on standard input and output that writes down what it really did: `ledger-server.ts FOLDER [WORDS]`.
 * Each call adds `TOOL NAME` to FOLDER/ledger when it begins; one with `hold` answers only once FOLDER/HOLD exists. Its
 * tools are described with the words.
 */
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";

const [folder = "", words = "was done"] = process.argv.slice(2);
const server = new McpServer({ name: "ledger", version: "1.0.0" });

for (const tool of ["look", "wipe", "hidden"]) {
  server.registerTool(
    tool,
    {
      description: `Notes that ${tool} ${words}.`,
      inputSchema: { name: z.string(), hold: z.string().optional() },
    },
    async ({ name, hold }) => {
      appendFileSync(join(folder, "ledger"), `${tool} ${name}\n`);
      while (hold !== undefined && !existsSync(join(folder, hold))) await sleep(20);
      return { content: [{ type: "text", text: JSON.stringify({ did: `${tool} ${name}` }) }] };
    },
  );
}

// The server that started it is gone, however it went.
process.stdin.once("end", () => process.exit());
await server.connect(new StdioServerTransport());
