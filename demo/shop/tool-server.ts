import { open } from "node:fs/promises";
import { McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { confine, DURATION_PATTERN, deleteOlder, parseDuration } from "./deletion.ts";
import { listFiles, percentOf } from "./folder.ts";
import type { ToolSettings } from "./settings.ts";
import { fetchStatus, restartShop } from "./shop-client.ts";

const TAIL_BYTES = 256 * 1024;
const count = z.int().nonnegative();
const host = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{0,62}$/)
  .describe("Name of the host, for example shop-cache-01");
const path = z
  .string()
  .max(1024)
  .regex(/^\//)
  .describe("Absolute path of the cache folder, or of a folder in it");

/** Every answer is JSON twice: structured for programs, as text for clients without that. */
function answer(output: Record<string, unknown>) {
  return {
    content: [{ type: "text" as const, text: JSON.stringify(output) }],
    structuredContent: output,
  };
}

/** The tools with which one shop is looked after. They touch nothing but what `settings` names. */
export function createToolServer(settings: ToolSettings): McpServer {
  const server = new McpServer(
    { name: "shop-tools", version: "1.0.0" },
    { capabilities: { tools: {} }, instructions: "Look at and repair one shop's page cache." },
  );
  addServiceStatus(server, settings);
  addDiskUsage(server, settings);
  addTailLog(server, settings);
  addClearCache(server, settings);
  addRestartService(server, settings);
  return server;
}

function addServiceStatus(server: McpServer, settings: ToolSettings): void {
  server.registerTool(
    "service_status",
    {
      title: "Service status",
      description:
        "Asks the shop's health page how it is. `healthy` is true only for HTTP 200. " +
        "An unreachable shop is an answer too, not an error.",
      inputSchema: z.strictObject({}),
      outputSchema: z.object({
        healthy: z.boolean(),
        status: z.enum(["healthy", "degraded", "unreachable"]),
        http_status: z.int().nullable(),
        summary: z.string(),
        response_ms: count,
        detail: z.record(z.string(), z.unknown()).nullable(),
      }),
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    async () => answer(await fetchStatus(settings.SHOP_URL)),
  );
}

function addDiskUsage(server: McpServer, settings: ToolSettings): void {
  server.registerTool(
    "disk_usage",
    {
      title: "Disk usage",
      description:
        "Adds up the files beneath a cache folder and compares the sum with the cache's quota. " +
        "`percent` has one decimal; ages are those of the last write.",
      inputSchema: z.strictObject({ path }),
      outputSchema: z.object({
        path: z.string(),
        used_bytes: count,
        quota_bytes: count,
        percent: z.number(),
        files: count,
        older_than_24h: z.object({ files: count, bytes: count }),
      }),
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    async (input) => {
      const files = await listFiles(await confine(input.path, settings.SHOP_CACHE_DIR));
      const old = files.filter((file) => file.modifiedAt < Date.now() - parseDuration("24h"));
      const total = (list: typeof files) => list.reduce((sum, file) => sum + file.bytes, 0);
      return answer({
        path: input.path,
        used_bytes: total(files),
        quota_bytes: settings.SHOP_QUOTA_BYTES,
        percent: percentOf(total(files), settings.SHOP_QUOTA_BYTES),
        files: files.length,
        older_than_24h: { files: old.length, bytes: total(old) },
      });
    },
  );
}

function addTailLog(server: McpServer, settings: ToolSettings): void {
  server.registerTool(
    "tail_log",
    {
      title: "End of the log",
      description:
        "The last lines of the shop's log, oldest first, at most 500 lines and 256 KiB. " +
        "`no_space_errors` counts the lines that speak of ENOSPC, a full disk or quota.",
      inputSchema: z.strictObject({
        lines: z.int().min(1).max(500).default(200).describe("How many lines, 200 by default"),
      }),
      outputSchema: z.object({
        path: z.string(),
        line_count: count,
        error_count: count,
        no_space_errors: count,
        lines: z.array(z.string()),
      }),
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    async (input) => {
      const lines = await readTail(settings.SHOP_LOG_FILE, input.lines);
      return answer({
        path: settings.SHOP_LOG_FILE,
        line_count: lines.length,
        error_count: lines.filter((line) => line.includes(" ERROR ")).length,
        no_space_errors: lines.filter((line) => line.includes("ENOSPC")).length,
        lines,
      });
    },
  );
}

async function readTail(file: string, wanted: number): Promise<string[]> {
  await using handle = await open(file, "r");
  const { size } = await handle.stat();
  const start = Math.max(0, size - TAIL_BYTES);
  const { buffer, bytesRead } = await handle.read({
    buffer: Buffer.alloc(size - start),
    position: start,
  });
  const lines = buffer.toString("utf8", 0, bytesRead).split("\n");
  // The first line is cut when we did not start at the beginning; the last is empty after a newline.
  return lines.slice(start > 0 ? 1 : 0, -1).slice(-wanted);
}

function addClearCache(server: McpServer, settings: ToolSettings): void {
  server.registerTool(
    "clear_cache",
    {
      title: "Clear the cache",
      description:
        "Deletes the cached pages on one host that were last written longer ago than `older_than`. " +
        "Cannot be undone; the shop renders a page anew when it is asked for again. " +
        "With `dry_run` it only says what it would delete.",
      inputSchema: z.strictObject({
        host,
        path,
        older_than: z
          .string()
          .regex(new RegExp(DURATION_PATTERN))
          .describe("Age since the last write: a number and m, h or d, for example 24h"),
        dry_run: z.boolean().default(false).describe("Only count, delete nothing"),
      }),
      outputSchema: z.object({
        host: z.string(),
        path: z.string(),
        older_than: z.string(),
        dry_run: z.boolean(),
        deleted_files: count,
        freed_bytes: count,
        kept_files: count,
        errors: z.array(z.string()),
      }),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
    },
    async (input) => {
      requireHost(input.host, settings.SHOP_HOST);
      const folder = await confine(input.path, settings.SHOP_CACHE_DIR);
      const before = Date.now() - parseDuration(input.older_than);
      return answer({ ...input, ...(await deleteOlder(folder, before, input.dry_run)) });
    },
  );
}

function addRestartService(server: McpServer, settings: ToolSettings): void {
  server.registerTool(
    "restart_service",
    {
      title: "Restart the shop",
      description:
        "Restarts the shop on one host and waits until it answers again. " +
        "Requests being served are cut off; counters in memory start anew; the cache stays.",
      inputSchema: z.strictObject({ host }),
      outputSchema: z.object({ host: z.string(), started_at: z.string() }),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false },
    },
    async (input) => {
      requireHost(input.host, settings.SHOP_HOST);
      const startedAt = await restartShop(settings.SHOP_URL, settings.SHOP_ADMIN_TOKEN);
      return answer({ host: input.host, started_at: startedAt });
    },
  );
}

function requireHost(given: string, own: string): void {
  if (given !== own) throw new Error(`These tools look after '${own}' only, not '${given}'.`);
}
