import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

export type StoredFile = { path: string; bytes: number; modifiedAt: number };

/**
 * Every regular file beneath a folder, symbolic links not followed and not listed.
 * A file or folder that disappears while we look is left out; a missing `folder` throws `ENOENT`.
 */
export async function listFiles(folder: string): Promise<StoredFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const found = await Promise.all(
    files.map((entry) => inspect(join(entry.parentPath, entry.name))),
  );
  return found.filter((file) => file !== undefined);
}

async function inspect(path: string): Promise<StoredFile | undefined> {
  try {
    const { size, mtimeMs } = await lstat(path);
    return { path, bytes: size, modifiedAt: mtimeMs };
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Whether an error is the operating system's error of that name. */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** Share of the quota in use, in percent with one decimal. */
export function percentOf(usedBytes: number, quotaBytes: number): number {
  return Math.round((usedBytes / quotaBytes) * 1000) / 10;
}
