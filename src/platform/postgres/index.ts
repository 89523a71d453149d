import { chooseAccount } from "./account.ts";
import { findBinaries } from "./binaries.ts";
import { connectionUrl, type SocketConfig, superuserOn } from "./connection.ts";
import { EmbeddedPostgresError, reasonOf } from "./errors.ts";
import { ensureCluster, ensureDatabase, NAME } from "./initialise.ts";
import {
  addressOf,
  clusterIn,
  makeSocketDir,
  openDataDir,
  PORT,
  removeTemporarySocketDir,
} from "./layout.ts";
import { clearOrphan } from "./orphan.ts";
import { own } from "./ownership.ts";
import { type Exit, type Log, type Postmaster, startPostmaster } from "./postmaster.ts";
import { serverArguments } from "./settings.ts";

export { EmbeddedPostgresError };

export interface EmbeddedPostgres {
  /** For administration only: the superuser is not bound by row-level security. */
  superuserConfig: SocketConfig;
  /** Connects as the role `awooop`, not a superuser, to the database `awooop`, which it owns. */
  url: string;
  /** Stops the server and gives the data directory free. May be called again, and after a crash. */
  stop(): Promise<void>;
  /** Calls back if the server ends without `stop()`, also if it has done so already. */
  onExit(callback: (exit: Exit) => void): void;
}

/**
 * Starts PostgreSQL in `dataDir` (made, and initialised once, if need be), reachable only through a
 * socket in a private folder. The caller calls `stop()` on its way out; if it cannot, because it
 * was killed, the next start on the same directory stops the orphan and recovers.
 *
 * @param options.dataDir belongs to this module alone; do not keep other files in it
 * @param options.settings PostgreSQL settings that replace the durable defaults, for tests
 * @throws EmbeddedPostgresError
 */
export async function startEmbeddedPostgres(options: {
  dataDir: string;
  log: Log;
  settings?: Readonly<Record<string, string>>;
}): Promise<EmbeddedPostgres> {
  const dataDir = await openDataDir(options.dataDir);
  const ownership = await own(dataDir);
  try {
    const { postmaster, socketDir } = await startOwned(
      dataDir,
      options.log,
      options.settings ?? {},
    );
    return handle(postmaster, socketDir, () => ownership.release());
  } catch (error) {
    ownership.release();
    if (error instanceof EmbeddedPostgresError) throw error;
    throw new EmbeddedPostgresError(
      "E-DB-START",
      `The database in ${dataDir} could not be started: ${reasonOf(error)}.`,
      { cause: error },
    );
  }
}

/** Everything that may only happen while we own the data directory. */
async function startOwned(
  dataDir: string,
  log: Log,
  settings: Readonly<Record<string, string>>,
): Promise<{ postmaster: Postmaster; socketDir: string }> {
  const account = await chooseAccount(clusterIn(dataDir));
  const binaries = await findBinaries(account);
  await ensureCluster(dataDir, binaries, account, settings.fsync !== "off");
  const orphan = await clearOrphan(dataDir, binaries, account);
  if (orphan !== undefined) log("warn", "stopped the PostgreSQL of a killed server", { orphan });
  const { pgdata, cwd } = await addressOf(clusterIn(dataDir), account);
  const socketDir = await makeSocketDir(dataDir, account);
  let postmaster: Postmaster | undefined;
  try {
    postmaster = await startPostmaster({
      program: binaries.postgres,
      args: ["-D", pgdata, ...serverArguments({ dataDir, socketDir }, settings)],
      runAs: { account, cwd },
      socketDir,
      dataDir,
      log,
    });
    await ensureDatabase(socketDir);
  } catch (error) {
    await postmaster?.stop();
    await removeTemporarySocketDir(socketDir);
    throw error;
  }
  log("info", "PostgreSQL is ready", { dataDir, socketDir, pid: postmaster.pid });
  return { postmaster, socketDir };
}

function handle(postmaster: Postmaster, socketDir: string, release: () => void): EmbeddedPostgres {
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await postmaster.stop();
    await removeTemporarySocketDir(socketDir);
    release();
  };
  return {
    superuserConfig: superuserOn(socketDir, NAME),
    url: connectionUrl({ host: socketDir, port: PORT, user: NAME, database: NAME }),
    stop() {
      stopping ??= stop();
      return stopping;
    },
    onExit(callback) {
      void postmaster.exited.then((exit) => {
        if (stopping === undefined) callback(exit);
      });
    },
  };
}
