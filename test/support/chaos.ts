import { chmod, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../../src/platform/postgres/index.ts";
import { type Awooop, startAwooop } from "./awooop.ts";
import { freePort } from "./port.ts";
import { guard } from "./server.ts";

/** A PostgreSQL of its own that can be stopped in good order, or cut off, and started again with its data. */
export interface RestartablePostgres {
  url: string;
  /** @param how `fast` cuts the sessions and writes everything down; `crash` writes nothing down any more */
  restart(how: "fast" | "crash"): Promise<void>;
  close(): Promise<void>;
}

export async function openRestartablePostgres(): Promise<RestartablePostgres> {
  const folder = await mkdtemp(join(tmpdir(), "awooop-chaos-"));
  await chmod(folder, 0o711);
  const dataDir = join(folder, "data");
  const watchdog = guard(folder);
  const start = () =>
    startEmbeddedPostgres({
      dataDir,
      log: () => undefined,
      // The machine stays up, so what is committed survives without being on disk.
      settings: { fsync: "off", full_page_writes: "off", max_connections: "200" },
    });
  let server = await start();
  const { url } = server;
  return {
    url,
    async restart(how) {
      if (how === "crash") {
        const file = await readFile(join(dataDir, "cluster", "postmaster.pid"), "utf8");
        process.kill(Number(file.split("\n")[0]), "SIGQUIT");
      }
      await server.stop();
      server = await start();
      if (server.url !== url) throw new Error(`the database has moved to ${server.url}`);
    },
    async close() {
      await server.stop();
      watchdog.stdin?.end();
    },
  };
}

/** A server process that is killed and started again at the same address. */
export interface MortalGateway {
  server: Awooop;
  /** Whether a process is there. */
  isUp: boolean;
  /** SIGKILL, and a new process with the same port and data. */
  killAndStart(): Promise<void>;
}

export async function openMortalGateway(databaseUrl: string): Promise<MortalGateway> {
  const port = await freePort();
  const start = () => startAwooop({ databaseUrl, port, env: { AWOOOP_LOG_LEVEL: "error" } });
  const gateway: MortalGateway = {
    server: await start(),
    isUp: true,
    async killAndStart() {
      gateway.isUp = false;
      await gateway.server.kill9();
      gateway.server = await start();
      gateway.isUp = true;
    },
  };
  return gateway;
}

/** Whether a server says that it can do its work. */
export async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/readyz`);
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

/** Numbers that look random and are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
