import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Awooop, startAwooop } from "../../test/support/awooop.ts";
import { putChangedTool } from "../../test/support/changed-tool.ts";
import { compileCache } from "../../test/support/compile-cache.ts";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";

const CLI = fileURLToPath(new URL("main.ts", import.meta.url));
const SLOW_MS = 90_000;

let database: TestDatabase;
let server: Awooop;
let admin: string;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startAwooop({ databaseUrl: database.url, env: { AWOOOP_ROLES: "api" } });
  await server.api("/tenants", { body: { project_id: "acme", display_name: "Acme" } });
  const key = { role: "admin", name: "Ada", project_ids: ["acme"] };
  admin = (await server.api("/keys", { body: key })).body.key;
});
afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

async function review(...args: string[]) {
  const child = spawn(process.execPath, [CLI, "tools", "review", "--project", "acme", ...args], {
    env: { ...compileCache, AWOOOP_URL: server.url, AWOOOP_KEY: admin },
    stdio: "pipe",
  });
  child.stdin.end();
  const [out, err] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  return { status: child.exitCode, out, err };
}

describe("the command line, when a tool has changed", () => {
  it(
    "shows what changed, and decides about the version that was looked at",
    async () => {
      expect((await review()).out).toBe("No tool waits for a decision.\n");
      const hash = await putChangedTool(database.url, "acme", "restart");
      const shown = (await review()).out;
      expect(shown).toContain(`tools/restart  ${hash.slice(0, 12)}  changed `);
      expect(shown).toContain("The description changed, from “Looks.” to “Wipes.”.");
      const other = await review("tools/restart", "--accept", "--hash", "00000000");
      expect(other).toMatchObject({ status: 2, out: "" });
      expect(other.err).toContain("No version 00000000 of tools/restart waits");
      const start = hash.slice(0, 8);
      expect(await review("tools/restart", "--keep", "--hash", start)).toMatchObject({
        status: 0,
        out: "tools/restart stays quarantined.\n",
      });
      expect(await review("tools/restart", "--accept", "--hash", start)).toMatchObject({
        status: 0,
        out: "tools/restart is pinned as it is now.\n",
      });
    },
    SLOW_MS,
  );

  it.each([
    ["neither of the two", ["a/b", "--hash", "00000000"], "Say either --accept or --keep."],
    ["no server", ["b", "--keep", "--hash", "00000000"], "write SERVER/TOOL"],
    ["a short hash", ["a/b", "--keep", "--hash", "0000"], "the first 8 letters"],
    ["no tool", ["--accept"], "SERVER/TOOL is missing."],
  ])(
    "refuses %s",
    async (_, args, words) => {
      const { status, err } = await review(...args);
      expect(err).toContain(words);
      expect(status).toBe(2);
    },
    SLOW_MS,
  );
});
