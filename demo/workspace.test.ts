import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openWorkspace } from "./workspace.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "awooop-workspace-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("removes what dead demos left, and nothing that is in use or not ours", async () => {
  const { pid: dead } = spawnSync(process.execPath, ["--version"]);
  const mine = `run-${process.pid}`;
  const theirs = `run-${process.ppid}`;
  for (const name of [`run-${dead}`, mine, theirs, "photos", "run-x"]) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, "file"), "");
  }
  const workspace = await openWorkspace(folder);
  expect((await readdir(folder)).sort()).toEqual([mine, theirs, "photos", "run-x"].sort());
  expect(await readdir(workspace.root)).toEqual([]);
  await workspace.remove();
  expect(await readdir(folder)).not.toContain(mine);
});

it("says what to do when the folder cannot be written", async () => {
  await writeFile(join(folder, "taken"), "");
  await expect(openWorkspace(join(folder, "taken"))).rejects.toThrow("AWOOOP_DEMO_DIR");
});
