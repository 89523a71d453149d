import { mkdir, readdir, realpath, rm } from "node:fs/promises";
import { join, resolve } from "node:path";

const RUN_FOLDER = /^run-([0-9]+)$/;

/** The demo's own folder; nothing of an earlier demo is in it. */
export type Workspace = {
  root: string;
  serverData: string;
  serverLog: string;
  shopCache: string;
  shopLog: string;
  shopOutput: string;
  remove: () => Promise<void>;
};

/**
 * Makes a folder for this process beneath `demoDir` and removes those of demos that no longer run.
 * Only folders named like ours are ever removed, so `demoDir` may hold other things.
 * Throws an `Error` with advice when the folder cannot be written.
 */
export async function openWorkspace(demoDir: string): Promise<Workspace> {
  try {
    await mkdir(resolve(demoDir), { recursive: true });
    const base = await realpath(demoDir);
    await removeAbandoned(base);
    const root = join(base, `run-${process.pid}`);
    await mkdir(root);
    return describe(root);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The demo cannot write to ${demoDir} (${reason}). If another user ran it before, remove that ` +
        "folder, or set AWOOOP_DEMO_DIR to one of your own.",
      { cause: error },
    );
  }
}

async function removeAbandoned(base: string): Promise<void> {
  for (const name of await readdir(base)) {
    const pid = Number(RUN_FOLDER.exec(name)?.[1] ?? Number.NaN);
    // Our own number on a folder that we have not made yet is one that was used before.
    if (pid > 0 && (pid === process.pid || !isAlive(pid))) await erase(join(base, name));
  }
}

function describe(root: string): Workspace {
  return {
    root,
    serverData: join(root, "awooop"),
    serverLog: join(root, "awooop.log"),
    shopCache: join(root, "shop-cache"),
    shopLog: join(root, "shop.log"),
    shopOutput: join(root, "shop-output.log"),
    remove: () => erase(root),
  };
}

function erase(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Whether a process of that number exists, ours or another user's. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
