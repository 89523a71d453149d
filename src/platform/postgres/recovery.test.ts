import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { spawnOwner } from "../../../test/support/owner-process.ts";
import { queryRows } from "../../../test/support/server.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { chooseAccount } from "./account.ts";
import { findBinaries } from "./binaries.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./index.ts";

let root: string;
let dataDir: string;
let server: EmbeddedPostgres | undefined;
let strangers: ChildProcess[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "awooop-pg-test-"));
  await chmod(root, 0o711);
  dataDir = join(root, "data");
  strangers = [];
});

afterEach(async () => {
  await server?.stop();
  server = undefined;
  for (const stranger of strangers) {
    if (stranger.exitCode !== null || stranger.signalCode !== null) continue;
    const exited = new Promise((resolve) => stranger.once("exit", resolve));
    stranger.kill("SIGINT");
    await exited;
  }
  await rm(root, { recursive: true, force: true });
});

async function start(): Promise<EmbeddedPostgres> {
  server = await startEmbeddedPostgres({ dataDir, log: () => undefined });
  return server;
}

const pidFile = () => join(dataDir, "cluster", "postmaster.pid");

async function postmasterPid(): Promise<number> {
  return Number((await readFile(pidFile(), "utf8")).split("\n")[0]);
}

/** A zombie counts as dead: in a container nobody may ever collect it. */
function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** Starts an owner, has it keep a row, and kills it with no chance to clean up. */
async function killedOwner(): Promise<number> {
  const owner = spawnOwner(dataDir);
  const { url } = await owner.next();
  await queryRows(url, "create table kept as select 42 as answer");
  const orphan = await postmasterPid();
  await owner.end("SIGKILL");
  return orphan;
}

test("after kill -9 of the owner the next start stops the orphan and keeps the data", async () => {
  const orphan = await killedOwner();
  expect(lives(orphan)).toBe(true);
  const { url } = await start();
  expect(await queryRows(url, "select answer from kept")).toEqual([{ answer: 42 }]);
  expect(await postmasterPid()).not.toBe(orphan);
  await waitFor(() => !lives(orphan), { timeoutMs: 5_000, what: "the orphan to be gone" });
});

test("after kill -9 of the postmaster, with a session open, the next start recovers", async () => {
  const first = await start();
  await queryRows(first.url, "create table kept as select 42 as answer");
  const busy = new Client({ connectionString: first.url });
  busy.on("error", () => undefined);
  await busy.connect();
  const cut = busy.query("select pg_sleep(60)").catch(() => "cut");
  process.kill(await postmasterPid(), "SIGKILL");
  await first.stop();
  const second = await start();
  expect(await queryRows(second.url, "select answer from kept")).toEqual([{ answer: 42 }]);
  expect(await cut).toBe("cut");
});

test("after kill -9 of both, with the process id taken by a stranger, it starts and spares the stranger", async () => {
  const orphan = await killedOwner();
  process.kill(orphan, "SIGKILL");
  await waitFor(() => !lives(orphan), { timeoutMs: 5_000, what: "the postmaster to die" });
  const { uid, gid } = await stat(join(dataDir, "cluster"));
  const stranger = spawn("sleep", ["600"], process.getuid?.() === 0 ? { uid, gid } : {});
  strangers.push(stranger);
  const lines = (await readFile(pidFile(), "utf8")).split("\n");
  await writeFile(pidFile(), [String(stranger.pid), ...lines.slice(1)].join("\n"));
  const { url } = await start();
  expect(await queryRows(url, "select answer from kept")).toEqual([{ answer: 42 }]);
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
});

test("a PostgreSQL that somebody else started in the cluster is left alone", async () => {
  const first = await start();
  await queryRows(first.url, "create table kept as select 42 as answer");
  await first.stop();
  const cluster = join(dataDir, "cluster");
  const { uid, gid } = await stat(cluster);
  const sockets = ["-c", `unix_socket_directories=${join(dataDir, "socket")}`];
  const { postgres } = await findBinaries(await chooseAccount(cluster));
  const foreign = spawn(postgres, ["-D", cluster, "-c", "listen_addresses=", ...sockets], {
    ...(process.getuid?.() === 0 ? { uid, gid } : {}),
    cwd: "/",
    stdio: "ignore",
  });
  strangers.push(foreign);
  await waitFor(async () => (await readFile(pidFile(), "utf8")).includes("ready"), {
    timeoutMs: 10_000,
    what: "the foreign server",
  });
  await expect(start()).rejects.toMatchObject({ code: "E-DB-IN-USE" });
  expect(foreign.exitCode).toBeNull();
});

test("a first start killed half way leaves nothing that stops the next", async () => {
  const owner = spawnOwner(dataDir);
  await waitFor(
    async () => (await readdir(dataDir)).some((name) => name.startsWith("cluster.new-")),
    { timeoutMs: 10_000, what: "initdb to begin" },
  );
  await owner.end("SIGKILL");
  expect(existsSync(join(dataDir, "cluster"))).toBe(false);
  await mkdir(join(dataDir, "cluster.new-0123456789ab", "base"), { recursive: true });
  const { url } = await start();
  expect(await queryRows(url, "select 1 as fine")).toEqual([{ fine: 1 }]);
  await waitFor(async () => !(await readdir(dataDir)).includes("cluster.new-0123456789ab"), {
    timeoutMs: 1_000,
    what: "the half-made cluster to be removed",
  });
});

test("a kill between making the cluster and making the database is healed", async () => {
  const first = await start();
  const superuser = new Client({ ...first.superuserConfig, database: "postgres" });
  await superuser.connect();
  await superuser.query("drop database awooop");
  await superuser.query("drop role awooop");
  await superuser.end();
  await first.stop();
  const second = await start();
  expect(await queryRows(second.url, "select current_user as me")).toEqual([{ me: "awooop" }]);
});
