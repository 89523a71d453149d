import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { spawnOwner } from "../../../test/support/owner-process.ts";
import { queryRows } from "../../../test/support/server.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./index.ts";

const RACER = fileURLToPath(new URL("../../../test/support/lock-racer.ts", import.meta.url));

let root: string;
let dataDir: string;
let logged: string[];
const started: EmbeddedPostgres[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "awooop-pg-test-"));
  await chmod(root, 0o711);
  dataDir = join(root, "data");
  logged = [];
});

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
  await rm(root, { recursive: true, force: true });
});

async function start(folder = dataDir): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({
    dataDir: folder,
    log: (_level, message) => logged.push(message),
  });
  started.push(server);
  return server;
}

test("data written before a stop is there after the next start", async () => {
  const first = await start();
  await queryRows(first.url, "create table kept as select 42 as answer");
  await first.stop();
  await first.stop();
  const second = await start();
  expect(await queryRows(second.url, "select answer from kept")).toEqual([{ answer: 42 }]);
});

test("the server connects as an ordinary role that owns its database, by socket only", async () => {
  const server = await start();
  const [facts] = await queryRows(
    server.url,
    `select current_user, current_database(), rolsuper, rolbypassrls, rolcreatedb, rolcreaterole,
            pg_get_userbyid(datdba) as owner, datcollate, pg_encoding_to_char(encoding) as encoding,
            datlocprovider, datlocale, current_setting('listen_addresses') as listen,
            current_setting('fsync') as fsync, current_setting('data_checksums') as checksums
       from pg_roles, pg_database where rolname = current_user and datname = current_database()`,
  );
  expect(facts).toEqual({
    current_user: "awooop",
    current_database: "awooop",
    rolsuper: false,
    rolbypassrls: false,
    rolcreatedb: false,
    rolcreaterole: true,
    owner: "awooop",
    datcollate: "C",
    encoding: "UTF8",
    datlocprovider: "b",
    datlocale: "C.UTF-8",
    listen: "",
    fsync: "on",
    checksums: "on",
  });
  const superuser = new Client(server.superuserConfig);
  await superuser.connect();
  const { rows } = await superuser.query("select current_setting('is_superuser') as super");
  await superuser.end();
  expect(rows).toEqual([{ super: "on" }]);
});

test("a data directory in use is refused, in the same process and from another", async () => {
  const server = await start();
  await expect(start()).rejects.toMatchObject({
    code: "E-DB-IN-USE",
    message: expect.stringContaining(`process ${process.pid}`),
  });
  const other = spawnOwner(dataDir);
  expect(await other.next()).toMatchObject({ event: "failed", code: "E-DB-IN-USE" });
  expect(await queryRows(server.url, "select 1 as fine")).toEqual([{ fine: 1 }]);
});

test("of two starts at once exactly one wins, on a new directory and on an old one", async () => {
  for (const round of ["new", "old"]) {
    const owners = [spawnOwner(dataDir), spawnOwner(dataDir)];
    const events = await Promise.all(owners.map((owner) => owner.next()));
    expect(events.map(({ event }) => event).sort(), round).toEqual(["failed", "ready"]);
    expect(events.find(({ event }) => event === "failed")?.code).toBe("E-DB-IN-USE");
    for (const owner of owners) if (owner.child.exitCode === null) await owner.end("SIGTERM");
  }
});

test("of two processes that reach for the lock in the same moment exactly one gets it", async () => {
  const rounds = 10;
  const startAt = String(Date.now() + 1_000);
  const race = promisify(execFile);
  const runs = await Promise.all(
    ["a", "b"].map(() => race(process.execPath, [RACER, root, startAt, String(rounds)])),
  );
  const [first = [], second = []] = runs.map(({ stdout }) => JSON.parse(stdout) as string[]);
  const results = first.map((result, round) => [result, second[round]].sort());
  expect(results).toEqual(Array.from({ length: rounds }, () => ["E-DB-IN-USE", "won"]));
});

test("Ctrl-C reaches the owner but not PostgreSQL, which answers until it is stopped", async () => {
  const owner = spawnOwner(dataDir);
  expect(await owner.next()).toMatchObject({ event: "ready" });
  process.kill(-(owner.child.pid ?? Number.NaN), "SIGINT");
  expect(await owner.next()).toEqual({ event: "stopped", said: "still answers" });
  expect(existsSync(join(dataDir, "cluster", "postmaster.pid"))).toBe(false);
});

test("a path too long for a socket, with a space, works through a temporary folder", async () => {
  const long = join(root, "with a space,+% and é", "x".repeat(100));
  const server = await start(long);
  const { host } = server.superuserConfig;
  expect(host.startsWith(root)).toBe(false);
  expect(await queryRows(server.url, "select 1 as fine")).toEqual([{ fine: 1 }]);
  await server.stop();
  expect(existsSync(host)).toBe(false);
});

test("a socket folder with odd characters is reached by the URL", async () => {
  const server = await start(join(root, 'a b,+%41"é'));
  expect(server.superuserConfig.host.startsWith(root)).toBe(true);
  expect(await queryRows(server.url, "select 1 as fine")).toEqual([{ fine: 1 }]);
});

test("failing statements and their values do not reach the log", async () => {
  const server = await start();
  await queryRows(server.url, "create table people (name text primary key)");
  await queryRows(server.url, "insert into people values ('Ada Secret')");
  await expect(queryRows(server.url, "insert into people values ('Ada Secret')")).rejects.toThrow(
    "duplicate key",
  );
  await server.stop();
  expect(logged.join("\n")).toContain("database system is shut down");
  expect(logged.join("\n")).not.toContain("Ada Secret");
});

test("onExit reports a crash, also to a late listener, but not a stop", async () => {
  const server = await start();
  const exits: unknown[] = [];
  server.onExit((exit) => exits.push(exit));
  const client = new Client(server.superuserConfig);
  client.on("error", () => undefined);
  await client.connect();
  const { rows } = await client.query(
    "select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int as pid",
  );
  process.kill(rows[0].pid, "SIGKILL");
  await waitFor(() => exits.length > 0, { timeoutMs: 5_000, what: "onExit after a crash" });
  expect(exits).toEqual([{ code: null, signal: "SIGKILL" }]);
  server.onExit((exit) => exits.push(exit));
  await waitFor(() => exits.length === 2, { timeoutMs: 5_000, what: "a late onExit" });
  await server.stop();

  const again = await start();
  again.onExit((exit) => exits.push(exit));
  await again.stop();
  expect(exits).toHaveLength(2);
});

test("a directory that cannot be used is refused in words", async () => {
  await writeFile(join(root, "file"), "");
  await expect(start(join(root, "file"))).rejects.toMatchObject({ code: "E-DB-START" });
  await mkdir(join(dataDir, "cluster"), { recursive: true });
  await expect(start()).rejects.toMatchObject({
    code: "E-DB-START",
    message: expect.stringContaining("is not a PostgreSQL data directory"),
  });
  await writeFile(join(dataDir, "cluster", "PG_VERSION"), "14\n");
  await expect(start()).rejects.toMatchObject({
    code: "E-DB-UNSUPPORTED",
    message: expect.stringContaining("made by PostgreSQL 14"),
  });
});

test("a setting that PostgreSQL refuses ends the start with its words, and frees the directory", async () => {
  const settings = { max_connections: "many" };
  await expect(
    startEmbeddedPostgres({ dataDir, log: () => undefined, settings }),
  ).rejects.toMatchObject({
    code: "E-DB-START",
    message: expect.stringContaining("max_connections"),
  });
  await start();
  expect((await readdir(dataDir)).sort()).toEqual(["cluster", "owner.lock", "owner.pid", "socket"]);
});
