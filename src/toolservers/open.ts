import type { Database } from "../platform/database/index.ts";
import { HealthBook } from "./health.ts";
import { startHealthWriter } from "./healthwriter.ts";
import { createToolServerPool, type ToolServerPool, type ToolServerPoolOptions } from "./pool.ts";

/**
 * Opens the pool of a server process, whose findings are written down.
 *
 * @param options.processId names this process among those that use the database
 */
export function openToolServers(
  options: Omit<ToolServerPoolOptions, "health"> & { db: Database; processId: string },
): { pool: ToolServerPool; close(): Promise<void> } {
  const { db, processId, log } = options;
  const book = new HealthBook(log);
  const pool = createToolServerPool({ ...options, health: book });
  const writer = startHealthWriter({ db, book, processId, log });
  return {
    pool,
    async close() {
      await pool.close();
      await writer.close();
    },
  };
}
