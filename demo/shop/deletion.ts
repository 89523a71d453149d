import { realpath, unlink } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { isErrno, listFiles, type StoredFile } from "./folder.ts";

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A number and a unit: `30m`, `24h`, `7d`. */
export const DURATION_PATTERN = "^[1-9][0-9]{0,4}[mhd]$";

/** Milliseconds of a duration like `24h`; throws a `RangeError` for anything else. */
export function parseDuration(text: string): number {
  const [, amount, unit] = /^([1-9][0-9]{0,4})([mhd])$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) {
    throw new RangeError(`'${text}' is no duration: a number and m, h or d, for example 24h.`);
  }
  return Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

/**
 * The real path of `path` when it is `root` or lies beneath it, links resolved first, so that
 * neither `..` nor a symbolic link leads out. Throws with a sentence for the caller otherwise.
 */
export async function confine(path: string, root: string): Promise<string> {
  const realRoot = await realpath(root);
  const real = await realpath(resolve(path)).catch((error) => {
    if (isErrno(error, "ENOENT")) throw new Error(`There is no folder '${path}'.`);
    throw error;
  });
  if (real !== realRoot && !real.startsWith(realRoot + sep)) {
    throw new Error(`'${path}' lies outside '${root}', the only folder these tools may touch.`);
  }
  return real;
}

export type Deletion = {
  deleted_files: number;
  freed_bytes: number;
  kept_files: number;
  errors: string[];
};

/**
 * Deletes the regular files beneath `folder` that were last written before `before` (ms since
 * 1970); with `dryRun` only counts them. A file that cannot be deleted is named in `errors`.
 */
export async function deleteOlder(
  folder: string,
  before: number,
  dryRun: boolean,
): Promise<Deletion> {
  const files = await listFiles(folder);
  const old = files.filter((file) => file.modifiedAt < before);
  const results = await Promise.all(old.map((file) => (dryRun ? undefined : remove(file))));
  const errors = results.filter((result) => result !== undefined);
  const gone = old.filter((_, index) => results[index] === undefined);
  return {
    deleted_files: gone.length,
    freed_bytes: gone.reduce((sum, file) => sum + file.bytes, 0),
    kept_files: files.length - gone.length,
    errors,
  };
}

async function remove(file: StoredFile): Promise<string | undefined> {
  try {
    await unlink(file.path);
    return undefined;
  } catch (error) {
    return `${file.path}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
