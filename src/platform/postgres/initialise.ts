import { existsSync } from "node:fs";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import { superuserOn, withClient } from "./connection.ts";
import { EmbeddedPostgresError } from "./errors.ts";
import { addressOf, clusterIn, makePrivate, newClusterIn, removeHalfMade } from "./layout.ts";
import { type Account, run } from "./programs.ts";

/** The role that the server connects as, and its database: one name for both. */
export const NAME = "awooop";

/**
 * Makes the cluster if there is none. It grows under another name and becomes `cluster` by one
 * rename, so a kill at any moment leaves either a whole cluster or none.
 *
 * @throws EmbeddedPostgresError `E-DB-START`, or `E-DB-UNSUPPORTED` for another version's data
 */
export async function ensureCluster(
  dataDir: string,
  binaries: Binaries,
  account: Account | undefined,
  durable: boolean,
): Promise<void> {
  await removeHalfMade(dataDir);
  const cluster = clusterIn(dataDir);
  if (existsSync(cluster)) return check(cluster, binaries, account);
  const fresh = newClusterIn(dataDir);
  await makePrivate(fresh, account);
  const { pgdata, cwd } = await addressOf(fresh, account);
  const { exitCode, output } = await run(
    binaries.initdb,
    [
      `--pgdata=${pgdata}`,
      "--username=postgres",
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      // The socket lies in a folder that only PostgreSQL's account (and root) may enter.
      "--auth-local=trust",
      "--auth-host=reject",
      "--no-instructions",
      ...(durable ? [] : ["--no-sync"]),
    ],
    { account, cwd },
  );
  if (exitCode !== 0) {
    await rm(fresh, { recursive: true, force: true, maxRetries: 5 });
    throw new EmbeddedPostgresError(
      "E-DB-START",
      `PostgreSQL could not make a new database in ${dataDir}: ${output.split("\n").slice(-5).join(" ")}`,
    );
  }
  await rename(fresh, cluster);
  if (durable) await syncFolder(dataDir);
}

async function check(
  cluster: string,
  binaries: Binaries,
  account: Account | undefined,
): Promise<void> {
  const version = await readFile(join(cluster, "PG_VERSION"), "utf8").catch(() => undefined);
  if (version === undefined) {
    throw new EmbeddedPostgresError(
      "E-DB-START",
      `${cluster} is not a PostgreSQL data directory: PG_VERSION cannot be read there. Restore it, or move it away to start with an empty database.`,
    );
  }
  if (version.trim() !== binaries.major) {
    throw new EmbeddedPostgresError(
      "E-DB-UNSUPPORTED",
      `The database in ${cluster} was made by PostgreSQL ${version.trim()}, and this release brings PostgreSQL ${binaries.major}. Dump it with the release that made it and load it into an empty data directory.`,
    );
  }
  // A restored copy may belong to root, whom PostgreSQL does not serve.
  if (account !== undefined && (await stat(cluster)).uid !== account.uid) {
    const owner = `${account.uid}:${account.gid}`;
    await run("chown", ["-RhP", owner, cluster], { account: undefined, cwd: "/" });
  }
}

/** Without it a power cut could undo the rename although later commits in it were durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * The role and the database that the server uses. Not a superuser: row-level security would not
 * bind one. Done at every start, because a kill may have come in between.
 */
export async function ensureDatabase(socketDir: string): Promise<void> {
  await withClient(superuserOn(socketDir, "postgres"), async (client) => {
    const { rows } = await client.query<{ role: boolean; database: boolean }>(
      `select exists (select from pg_roles where rolname = $1) as role,
              exists (select from pg_database where datname = $1) as database`,
      [NAME],
    );
    if (rows[0]?.role !== true) await client.query(`create role ${NAME} login createrole`);
    if (rows[0]?.database !== true) await client.query(`create database ${NAME} owner ${NAME}`);
  });
}
