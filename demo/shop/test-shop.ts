import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export type TestShop = {
  url: string;
  folder: string;
  env: Record<string, string>;
  process: ChildProcess;
  close: () => Promise<void>;
};

/** Starts the shop as its own process with a small quota, in a folder that `close` removes. */
export async function startTestShop(quotaPages = 20): Promise<TestShop> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "awooop-shop-")));
  const env = {
    SHOP_HOST: "shop-cache-01",
    SHOP_CACHE_DIR: join(folder, "cache"),
    SHOP_LOG_FILE: join(folder, "shop.txt"),
    SHOP_QUOTA_BYTES: String(quotaPages * 256 * 1024),
    SHOP_ADMIN_TOKEN: randomBytes(16).toString("hex"),
    SHOP_PAGER_SECRET: `whsec_${randomBytes(24).toString("base64")}`,
  };
  await mkdir(env.SHOP_CACHE_DIR);
  const child = spawn(process.execPath, [join(import.meta.dirname, "service.ts")], {
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const { url } = JSON.parse(String(line)) as { url: string };
  const close = async () => {
    const exited = child.exitCode === null ? once(child, "exit") : Promise.resolve();
    child.kill("SIGTERM");
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  return { url, folder, env, process: child, close };
}
