/** The server of everything on standard input and output: `--era=2025` or `--era=2026`, and only that. */
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { legacyEverything, modernEverything } from "./everything-server.ts";

if (process.argv.includes("--era=2026")) serveStdio(() => modernEverything(), { legacy: "reject" });
else await legacyEverything().connect(new StdioServerTransport());
