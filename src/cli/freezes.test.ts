import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_KEY, type Awooop, startAwooop } from "../../test/support/awooop.ts";
import { compileCache } from "../../test/support/compile-cache.ts";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { seedCall, seedRevision, seedRun } from "../../test/support/fixtures.ts";
import { openDatabase } from "../platform/database/index.ts";
import { createLog } from "../platform/log.ts";

const CLI = fileURLToPath(new URL("main.ts", import.meta.url));
const SLOW_MS = 90_000;

let database: TestDatabase;
let server: Awooop;
let operator: string;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startAwooop({ databaseUrl: database.url, env: { AWOOOP_ROLES: "api" } });
  const tenant = { project_id: "acme", display_name: "Acme" };
  await server.api("/tenants", { body: tenant });
  const key = { role: "operator", name: "on call", project_ids: ["acme"] };
  operator = (await server.api("/keys", { body: key })).body.key;
  const db = openDatabase({ url: database.url, log: createLog("silent") });
  await db.transaction({ role: "platform" }, async (tx) => {
    const { revision_id } = await seedRevision(tx, { project_id: "acme" });
    const run = await seedRun(tx, { project_id: "acme", revision_id, agent_id: "disk-janitor" });
    const deadline_at = "2100-01-01T00:00:00Z";
    await seedCall(tx, run, { result_status: "executing", tool_name: "wipe", deadline_at });
  });
  await db.close();
});
afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

/** Runs `awooop …` as the operator on call would. */
async function awooop(args: readonly string[], key = operator) {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...compileCache, AWOOOP_URL: server.url, AWOOOP_KEY: key },
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

const AGENT = ["agent", "disk-janitor", "--project", "acme", "--reason", "it deletes too much"];

describe("the command line, when something has to stop", () => {
  it(
    "freezes an agent and shows what is under way; an admin sets it going again",
    async () => {
      const frozen = await awooop(["freeze", ...AGENT]);
      expect(frozen).toMatchObject({ status: 0, err: "" });
      expect(frozen.out).toMatch(
        /^Frozen: agent disk-janitor of acme \(on call, .* UTC: it deletes too much\)\.\n1 calls had/,
      );
      expect(frozen.out).toContain("shop-tools/wipe");
      expect((await awooop(["in-flight", "--agent", "disk-janitor"])).out).toContain("wipe");
      expect((await awooop(["in-flight", "--agent", "nobody"])).out).toBe(
        "No call is under way.\n",
      );
      const seen = await awooop(["overview", "--hours", "1"]);
      expect(seen).toMatchObject({ status: 0, err: "" });
      expect(seen.out).toMatch(/questions open +0\n/);
      expect(seen.out).toContain("frozen: disk-janitor (it deletes too much)");
      const refused = await awooop(["thaw", ...AGENT]);
      expect(refused).toMatchObject({ status: 1, err: expect.stringContaining("E-FORBIDDEN") });
      await awooop(["freeze", "all", "--reason", "everything"], ADMIN_KEY);
      const thawed = await awooop(["thaw", ...AGENT], ADMIN_KEY);
      expect(thawed.out).toMatch(
        /^Lifted: agent .*\nStill frozen: everything \(.*everything\)\.\n$/,
      );
      const all = await awooop(["thaw", "all", "--reason", "over"], ADMIN_KEY);
      expect(all.out).toBe("Lifted: everything.\n");
      expect((await awooop(["thaw", "all", "--reason", "over"], ADMIN_KEY)).out).toBe(
        "Not frozen: everything.\n",
      );
      const history = (await awooop(["freezes", "list"])).out;
      expect(history).toMatch(/agent disk-janitor of acme.*on call.*it deletes too much/);
      expect((await awooop(["freezes", "list", "--standing"])).out).toBe("Nothing is frozen.\n");
    },
    SLOW_MS,
  );

  it(
    "says what is missing",
    async () => {
      expect(await awooop(["freeze", "agent", "disk-janitor"])).toMatchObject({ status: 2 });
      expect(await awooop(["freeze", "project", "acme"])).toMatchObject({ status: 2 });
      const ghost = ["freeze", "agent", "ghost", "--project", "acme", "--reason", "x"];
      expect(await awooop(ghost)).toMatchObject({
        status: 1,
        err: expect.stringContaining('no agent "ghost"'),
      });
      expect((await awooop(["freeze", "--help"])).out).toContain("freeze project PROJECT_ID");
    },
    SLOW_MS,
  );
});
