import { randomBytes } from "node:crypto";
import { lchown, mkdir, mkdtemp, readdir, realpath, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { canReach } from "./account.ts";
import { EmbeddedPostgresError, reasonOf } from "./errors.ts";
import type { Account } from "./programs.ts";

/** With no TCP port the number only names the socket file, so it never collides. */
export const PORT = 5432;

/** `sockaddr_un.sun_path` without its closing zero. */
const SOCKET_PATH_BYTES = process.platform === "darwin" ? 103 : 107;

const INITIALISING = "cluster.new-";

/** Makes the data directory if need be and returns its real, absolute path. */
export async function openDataDir(dataDir: string): Promise<string> {
  try {
    // Root's database runs under another account, which must pass through (not list) this folder.
    await mkdir(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    return await realpath(dataDir);
  } catch (error) {
    throw new EmbeddedPostgresError(
      "E-DB-START",
      `The data directory ${dataDir} cannot be made or opened: ${reasonOf(error)}.`,
      { cause: error },
    );
  }
}

export function clusterIn(dataDir: string): string {
  return join(dataDir, "cluster");
}

/** A fresh name beside the cluster, so that finishing is one rename. */
export function newClusterIn(dataDir: string): string {
  return join(dataDir, `${INITIALISING}${randomBytes(6).toString("hex")}`);
}

/** Removes what a first start left behind when it was killed half way. */
export async function removeHalfMade(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    if (name.startsWith(INITIALISING)) {
      await rm(join(dataDir, name), { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

/** How a PostgreSQL program is told where a cluster lies: its `-D` argument and working folder. */
export interface ClusterAddress {
  pgdata: string;
  cwd: string;
}

/**
 * Under root the cluster often lies below a private folder such as /root, which PostgreSQL's
 * account may not pass. Linux then still lets a process use the working folder it was started in:
 * root enters it before giving up its rights, and `/proc/self/cwd` names it without a path.
 */
export async function addressOf(
  clusterDir: string,
  account: Account | undefined,
): Promise<ClusterAddress> {
  if (account === undefined || (await canReach(clusterDir, account))) {
    return { pgdata: clusterDir, cwd: "/" };
  }
  if (process.platform === "linux") return { pgdata: "/proc/self/cwd", cwd: clusterDir };
  throw new EmbeddedPostgresError(
    "E-DB-UNSUPPORTED",
    `The user ${account.name}, which runs PostgreSQL, may not pass the folders above ${clusterDir}. Choose a data directory that other users may pass, or start AwoooP as an ordinary user.`,
  );
}

export function fitsSocket(folder: string): boolean {
  return Buffer.byteLength(join(folder, `.s.PGSQL.${PORT}`)) <= SOCKET_PATH_BYTES;
}

/**
 * The private folder for the socket: inside the data directory, or a new one among the temporary
 * files if that path is too long for a socket or cannot be reached by PostgreSQL's account.
 */
export async function makeSocketDir(
  dataDir: string,
  account: Account | undefined,
): Promise<string> {
  const preferred = join(dataDir, "socket");
  const reachable = async (path: string) => account === undefined || canReach(path, account);
  if (fitsSocket(preferred) && (await reachable(preferred))) {
    await rm(preferred, { recursive: true, force: true });
    return makePrivate(preferred, account);
  }
  for (const parent of new Set([tmpdir(), "/tmp", "/var/tmp"])) {
    const prefix = join(parent, "awooop-");
    if (fitsSocket(`${prefix}XXXXXX`) && (await reachable(prefix).catch(() => false))) {
      return lend(await mkdtemp(prefix), account);
    }
  }
  throw new EmbeddedPostgresError(
    "E-DB-START",
    `The path ${preferred} is too long or too private for a socket, and there is no temporary folder to use instead. Choose a data directory with a shorter path, or set TMPDIR.`,
  );
}

/** Makes a folder that only PostgreSQL's account (and root) may enter. */
export async function makePrivate(folder: string, account: Account | undefined): Promise<string> {
  await mkdir(folder, { mode: 0o700 });
  return lend(folder, account);
}

/** `lchown`, so that a link swapped in by another user cannot make root give away its target. */
async function lend(folder: string, account: Account | undefined): Promise<string> {
  if (account !== undefined) await lchown(folder, account.uid, account.gid);
  return folder;
}

/**
 * Removes a socket folder among the temporary files. It may come from a stale `postmaster.pid`, so
 * it removes nothing but a socket and its lock file, and the folder only if that empties it.
 */
export async function removeTemporarySocketDir(folder: string): Promise<void> {
  if (!/^awooop-[A-Za-z0-9]{6}$/.test(basename(folder))) return;
  const socket = join(folder, `.s.PGSQL.${PORT}`);
  await rm(socket, { force: true }).catch(() => undefined);
  await rm(`${socket}.lock`, { force: true }).catch(() => undefined);
  await rmdir(folder).catch(() => undefined);
}
