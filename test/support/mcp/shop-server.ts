import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { type ListeningServer, listen } from "./http-server.ts";

export interface ShopServer extends ListeningServer {
  /** What really ran, as `TOOL ARGUMENTS`, in order. */
  ran: string[];
}

/** A shop's tool server over HTTP that says what its tools do: two reads, one that destroys, one that says nothing. */
export async function serveShop(): Promise<ShopServer> {
  const ran: string[] = [];
  const shop = () => {
    const server = new McpServer({ name: "shop", version: "1.0.0" });
    const did = (tool: string, args: object, words: string) => {
      ran.push(`${tool} ${JSON.stringify(args)}`);
      return { content: [{ type: "text" as const, text: words }] };
    };
    server.registerTool(
      "tail_log",
      {
        description: "Reads the last lines of the shop's log.",
        inputSchema: z.object({ lines: z.number().int().min(1).max(100) }),
        annotations: { readOnlyHint: true },
      },
      (args) => did("tail_log", args, "03:07 ERROR no space left on /var/cache/shop"),
    );
    server.registerTool(
      "disk_usage",
      { description: "Says how full the disk is.", annotations: { readOnlyHint: true } },
      () => did("disk_usage", {}, "97 % full"),
    );
    server.registerTool(
      "clear_cache",
      {
        description: "Deletes cached files.",
        inputSchema: z.object({ path: z.string(), older_than: z.enum(["24h", "48h"]) }),
        annotations: { readOnlyHint: false, destructiveHint: true },
      },
      (args) => did("clear_cache", args, "42 files deleted"),
    );
    server.registerTool(
      "add_note",
      { description: "Writes into the shop's log.", inputSchema: z.object({ text: z.string() }) },
      (args) => did("add_note", args, "noted"),
    );
    return server;
  };
  const listening = await listen(toNodeHandler(createMcpHandler(shop)));
  return { ...listening, ran };
}
