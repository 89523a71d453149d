import { join } from "node:path";
import type { Config } from "./config.ts";
import type { Logger } from "./log.ts";
import { startEmbeddedPostgres } from "./postgres/index.ts";

/** Ends what was started, last first; one that fails does not keep the others from ending. */
export type Closer = { name: string; close: () => Promise<unknown> };

/** Where the tables, the migrations and NOTIFY are reached. */
export interface Storage {
  url: string;
  migrateUrl: string;
  listenUrl: string;
}

/** The database: the one configured, or the embedded one. If that dies by itself, so does the server. */
export async function openStorage(
  config: Config,
  log: Logger,
  closers: Closer[],
  onLost: () => void,
): Promise<Storage> {
  const { database } = config;
  if (database.kind === "external") return database;
  const embedded = await startEmbeddedPostgres({
    dataDir: join(config.dataDir, "postgres"),
    log: (level, msg, fields) => log[level](fields ?? {}, msg),
  });
  closers.push({ name: "database", close: () => embedded.stop() });
  embedded.onExit((exit) => {
    log.fatal({ exit }, "PostgreSQL ended by itself");
    onLost();
  });
  return { url: embedded.url, migrateUrl: embedded.url, listenUrl: embedded.url };
}

/** Ends everything in the list, and empties it. */
export async function closeAll(closers: Closer[], log: Logger): Promise<void> {
  for (const { name, close } of closers.splice(0).reverse()) {
    await close().catch((error: unknown) => log.error({ err: error }, `closing ${name} failed`));
  }
}
