import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { EmbeddedPostgresError, reasonOf } from "./errors.ts";

export interface Ownership {
  release(): void;
}

/** https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/**
 * The exclusive lock is reached by steps. Two processes that climb at once stand in each other's way,
 * and without some patience both would give up; with it, one steps back and the other wins.
 */
const PATIENCE_MS = 300;

/** Keeps the locks reachable: a collected handle would close its file and so lose its lock. */
const held = new Set<DatabaseSync>();

/**
 * Makes this process the only live owner of a data directory. The lock is SQLite's exclusive file
 * lock, the one kernel lock that Node ships: taken atomically, dropped by the kernel however the
 * process ends, and not inherited by the PostgreSQL that we start. Its file stays empty.
 *
 * @throws EmbeddedPostgresError `E-DB-IN-USE` if a live process holds it, `E-DB-START` if the
 * directory cannot be written or locked.
 */
export async function own(dataDir: string): Promise<Ownership> {
  const path = join(dataDir, "owner.lock");
  const note = join(dataDir, "owner.pid");
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: PATIENCE_MS });
    // Whoever can read the file could hold a lock on it, and so keep us from starting.
    await chmod(path, 0o600);
    database.exec("pragma journal_mode = memory; begin exclusive");
  } catch (error) {
    database?.close();
    if (isBusy(error)) throw await inUse(dataDir, note);
    throw new EmbeddedPostgresError(
      "E-DB-START",
      `The data directory ${dataDir} cannot be locked: ${reasonOf(error)}. It must be writable by the user that starts AwoooP and lie on a file system with file locks.`,
      { cause: error },
    );
  }
  const lock = database;
  held.add(lock);
  await leaveNote(note);
  return {
    release() {
      if (held.delete(lock)) lock.close();
    },
  };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
}

/** Only for the next one's error message; the lock decides, so a failure here costs nothing. */
async function leaveNote(note: string): Promise<void> {
  await rm(note, { force: true })
    .then(() => writeFile(note, `${process.pid}\n`))
    .catch(() => undefined);
}

async function inUse(dataDir: string, note: string): Promise<EmbeddedPostgresError> {
  const pid = (await readFile(note, "utf8").catch(() => "")).trim();
  const who = pid === "" ? "another running AwoooP server" : `AwoooP server process ${pid}`;
  return new EmbeddedPostgresError(
    "E-DB-IN-USE",
    `The data directory ${dataDir} is in use by ${who}. Stop that server first, or choose another data directory.`,
  );
}
