import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dumpSchema } from "../../scripts/dump-schema.ts";
import { migrate } from "../../src/platform/database/migrate.ts";
import { startEmbeddedPostgres } from "../../src/platform/postgres/index.ts";
import {
  dropDatabases,
  dropLogin,
  guard,
  prepareServer,
  type TestServer,
  urlOf,
  withClient,
} from "../../test/support/server.ts";
import { type Size, seed } from "./seed.ts";

/** A PostgreSQL server for this run of the benchmark. */
export interface BenchPostgres {
  version: string;
  /**
   * Makes a database and fills it, if it is to have a size.
   *
   * @returns its URL for an ordinary login, as the server has it in production
   * @throws Error when seeding left another schema behind than the migrations made
   */
  makeDatabase(size?: Size): Promise<string>;
  close(): Promise<void>;
}

/**
 * The server of BENCH_DATABASE_URL, whose login must be a superuser; by default one of our own, with the settings
 * AwoooP itself gives it, in a temporary folder.
 *
 * @param settings of our own server, beside those
 */
export async function openPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<BenchPostgres> {
  const { adminUrl, close } = await openServer(settings);
  const server = await prepareServer(adminUrl);
  const closeAll = async () => {
    await dropDatabases(server);
    await close();
  };
  try {
    const version = await migrateTemplate(server);
    const migrated = await dumpSchema(server.loginUrl);
    return {
      version,
      makeDatabase: (size) => makeDatabase(server, size, migrated),
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

const ownerOf = (server: TestServer) => decodeURIComponent(new URL(server.loginUrl).username);

/** On a server that was here before, another login may have made the roles; so they are given by the superuser. */
async function migrateTemplate(server: TestServer): Promise<string> {
  const url = urlOf(server.adminUrl, server.template);
  await migrate({ url });
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ version: string; roles: string }>(`
      select current_setting('server_version') as version, string_agg(quote_ident(rolname), ', ') as roles
      from pg_roles where starts_with(rolname, 'awooop_') and not rolcanlogin`);
    await client.query(`grant ${rows[0]?.roles} to ${ownerOf(server)}`);
    return rows[0]?.version ?? "";
  });
}

async function openServer(
  settings: Readonly<Record<string, string>>,
): Promise<{ adminUrl: string; close(): Promise<void> }> {
  const external = process.env.BENCH_DATABASE_URL;
  if (external) return { adminUrl: external, close: () => dropLogin(external) };
  const folder = await mkdtemp(join(tmpdir(), "awooop-bench-"));
  await chmod(folder, 0o711);
  const watchdog = guard(folder);
  try {
    const embedded = await startEmbeddedPostgres({
      dataDir: join(folder, "data"),
      log: (level, message) => level === "error" && console.error(message),
      settings,
    });
    const { host, port } = embedded.superuserConfig;
    const query = new URLSearchParams({ host, sslmode: "disable" });
    return {
      adminUrl: `postgresql://postgres@localhost:${port}/postgres?${query}`,
      async close() {
        await embedded.stop();
        await rm(folder, { recursive: true, force: true });
        watchdog.stdin?.end();
      },
    };
  } catch (error) {
    watchdog.stdin?.end();
    throw error;
  }
}

async function makeDatabase(
  server: TestServer,
  size: Size | undefined,
  migrated: string,
): Promise<string> {
  const name = `${server.prefix}${randomBytes(4).toString("hex")}`;
  await withClient(server.adminUrl, (client) =>
    client.query(`create database ${name} owner ${ownerOf(server)} template ${server.template}`),
  );
  if (!size) return urlOf(server.loginUrl, name);
  await seed(urlOf(server.adminUrl, name), size);
  const seeded = await dumpSchema(urlOf(server.loginUrl, name));
  if (seeded !== migrated) throw new Error("Seeding has changed the schema.");
  return urlOf(server.loginUrl, name);
}
