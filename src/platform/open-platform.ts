import { keepCompiledCode } from "./compiled-code.ts";
import type { Config } from "./config.ts";
import { listenToChanges } from "./database/changes.ts";
import { proveConnection } from "./database/first-connection.ts";
import { assertRlsHolds, openDatabase } from "./database/index.ts";
import { migrate } from "./database/migrate.ts";
import { createCursors } from "./http/index.ts";
import { openJobs } from "./jobs/index.ts";
import type { Logger } from "./log.ts";
import { createSealer } from "./sealing.ts";
import type { Closer, Storage } from "./storage.ts";
import { openTelemetry } from "./telemetry.ts";

/** Migrates the database, and opens what every feature is made with. */
export async function openPlatform(
  config: Config,
  storage: Storage,
  log: Logger,
  closers: Closer[],
) {
  keepCompiledCode();
  const telemetry = openTelemetry(config.telemetry, log);
  if (telemetry) closers.push({ name: "telemetry", close: () => telemetry.close() });
  const runtimeUser =
    storage.migrateUrl === storage.url
      ? undefined
      : decodeURIComponent(new URL(storage.url).username);
  await proveConnection(storage.url, "DATABASE_URL");
  if (storage.migrateUrl !== storage.url)
    await proveConnection(storage.migrateUrl, "DATABASE_MIGRATE_URL");
  if (storage.listenUrl !== storage.url)
    await proveConnection(storage.listenUrl, "DATABASE_LISTEN_URL");
  await migrate({ url: storage.migrateUrl, runtimeUser });
  const isPooled = storage.listenUrl !== storage.url;
  const db = openDatabase({ url: storage.url, isPooled, log });
  closers.push({ name: "connections", close: () => db.close() });
  await assertRlsHolds(db);
  const sealer = createSealer(config.secretKeys);
  const jobs = await openJobs({ url: storage.listenUrl, log });
  closers.push({ name: "jobs", close: () => jobs.stop() });
  const changes = await listenToChanges({ url: storage.listenUrl, log });
  closers.push({ name: "changes", close: () => changes.close() });
  const cursors = createCursors(sealer.derive("cursors"));
  return { db, sealer, jobs, changes, cursors, log, telemetry };
}

export type Platform = Awaited<ReturnType<typeof openPlatform>>;
