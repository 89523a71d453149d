import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { readToolSettings } from "./settings.ts";
import { createToolServer } from "./tool-server.ts";

const settings = readToolSettings(process.env);

// Standard output belongs to the protocol: whatever there is to say goes to standard error.
serveStdio(() => createToolServer(settings), {
  onerror: (error) => process.stderr.write(`shop-tools: ${error.message}\n`),
});
