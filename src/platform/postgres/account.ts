import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { EmbeddedPostgresError } from "./errors.ts";
import { type Account, run } from "./programs.ts";

/** PostgreSQL refuses to run as root; `nobody` exists on every Unix, `postgres` only on some. */
const CANDIDATES = ["postgres", "nobody"];

/**
 * Whom PostgreSQL must run as: `undefined` is ourselves, the normal case. Root must lend it an
 * account, and an existing cluster stays with the account that owns it.
 *
 * @throws EmbeddedPostgresError `E-DB-UNSUPPORTED` if there is no such account, `E-DB-START` if the
 * cluster belongs to somebody else than us.
 */
export async function chooseAccount(clusterDir: string): Promise<Account | undefined> {
  const owner = await stat(clusterDir).catch(() => undefined);
  const ourUid = process.getuid?.();
  if (ourUid !== 0) {
    if (owner !== undefined && owner.uid !== ourUid) {
      throw new EmbeddedPostgresError(
        "E-DB-START",
        `The database in ${clusterDir} belongs to another user (uid ${owner.uid}). Start AwoooP as that user, or choose another data directory.`,
      );
    }
    return undefined;
  }
  if (owner !== undefined && owner.uid !== 0) {
    return { name: `uid ${owner.uid}`, uid: owner.uid, gid: owner.gid };
  }
  for (const name of CANDIDATES) {
    const account = await lookUp(name);
    if (account !== undefined) return account;
  }
  throw new EmbeddedPostgresError(
    "E-DB-UNSUPPORTED",
    "PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody to run it as. Start AwoooP as an ordinary user, or set DATABASE_URL.",
  );
}

/** Through `id`, because Node cannot ask the system's user database by itself. */
async function lookUp(name: string): Promise<Account | undefined> {
  const runAs = { account: undefined, cwd: "/" };
  const [uid, gid] = await Promise.all([
    run("id", ["-u", name], runAs),
    run("id", ["-g", name], runAs),
  ]);
  if (uid.exitCode !== 0 || gid.exitCode !== 0) return undefined;
  // macOS prints nobody as -2; the kernel means the unsigned number.
  return { name, uid: Number(uid.output) >>> 0, gid: Number(gid.output) >>> 0 };
}

/** Whether the permission bits of a folder let an account pass through it. */
export function mayPass(
  folder: { mode: number; uid: number; gid: number },
  account: { uid: number; gid: number },
): boolean {
  if (folder.uid === account.uid) return (folder.mode & 0o100) !== 0;
  if (folder.gid === account.gid) return (folder.mode & 0o010) !== 0;
  return (folder.mode & 0o001) !== 0;
}

/** Whether an account can reach `path`: every folder above it must let the account pass. */
export async function canReach(path: string, account: Account): Promise<boolean> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (!mayPass(await stat(folder), account)) return false;
    if (folder === dirname(folder)) return true;
  }
}
