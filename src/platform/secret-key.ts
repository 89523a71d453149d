import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "./errors.ts";

/**
 * The key a data directory encrypts with, made at the first start. Of several processes that start together one makes
 * it: the file appears whole, by a link, or not at all.
 *
 * @throws AppError E-CONFIG when the directory can't be used, or the file is damaged
 */
export function ownSecretKey(dataDir: string): string {
  const path = join(dataDir, "secret.key");
  try {
    return checked(readFileSync(path, "utf8"), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw unusable(path, error);
  }
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    // Under root the database runs under another account, which must pass through (not list) this folder.
    mkdirSync(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    writeFileSync(draft, `${randomBytes(48).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
    try {
      linkSync(draft, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    return checked(readFileSync(path, "utf8"), path);
  } catch (error) {
    throw unusable(path, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

function checked(text: string, path: string): string {
  const key = text.trim();
  if (key.length >= 32) return key;
  throw new AppError(
    "E-CONFIG",
    `AWOOOP_DATA_DIR: ${path} is damaged; restore it from a backup. Without it, what it encrypted can't be read.`,
  );
}

function unusable(path: string, cause: unknown): unknown {
  if (cause instanceof AppError) return cause;
  return new AppError(
    "E-CONFIG",
    `AWOOOP_DATA_DIR: ${path} can't be read or made (${(cause as Error).message}).`,
    { cause },
  );
}
