import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CONFIG = join(ROOT, "vite.server.config.ts");
const BUILT = join(ROOT, "dist/server/main.js");

/** Builds the server, unless what is there is newer than all that it is made of. */
export async function buildServer(): Promise<void> {
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  const madeOf = [
    CONFIG,
    join(ROOT, "package-lock.json"),
    ...sources.map((path) => join(ROOT, "src", path)),
  ];
  const built = statSync(BUILT, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (madeOf.every((path) => statSync(path).mtimeMs < built)) return;
  await build({ root: ROOT, configFile: CONFIG, logLevel: "warn" });
}
