import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_KEY, type Awooop, startAwooop } from "../../test/support/awooop.ts";
import { compileCache } from "../../test/support/compile-cache.ts";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { queryRows } from "../../test/support/server.ts";

const CLI = fileURLToPath(new URL("main.ts", import.meta.url));

let database: TestDatabase;
let server: Awooop;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startAwooop({ databaseUrl: database.url, env: { AWOOOP_ROLES: "api" } });
});
afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

/** Runs `awooop tenants …` as a person would. */
async function tenants(...args: string[]) {
  const child = spawn(process.execPath, [CLI, "tenants", ...args], {
    env: { ...compileCache, AWOOOP_URL: server.url, AWOOOP_KEY: ADMIN_KEY },
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

describe("the command line on projects", () => {
  it("makes one and shows it with its month, and what it keeps for how long", async () => {
    const keeps = ["--retention-payload-days", "7", "--retention-run-days", "90"];
    const made = await tenants("create", "acme", "--budget", "40", ...keeps);
    expect(made).toMatchObject({ status: 0 });
    await queryRows(
      database.adminUrl,
      "insert into project_budgets values ('acme', awooop_month(), 10.5)",
    );
    const month = new Date().toISOString().slice(0, 7);
    const { out } = await tenants("show", "acme", "--months", "2");
    expect(out).toContain(`spent        $10.5 of $40 in ${month} (26 %)`);
    expect(out).toContain("keeps        payloads 7 days, runs 90 days");
    expect(out).toContain("forgot last  never");
    expect(out).toContain("0 pending, 0 running, 0 waiting for a person\n");
    expect(out.trim().split("\n").slice(-3)).toEqual([
      expect.stringMatching(/^MONTH +SPENT USD/),
      expect.stringMatching(new RegExp(`^${month} +10\\.5 `)),
      expect.stringMatching(/^\d{4}-\d\d +0 /),
    ]);
  });

  it("changes what it keeps, and whether authors may approve", async () => {
    const changes = ["--retention-payload-days", "none", "--separate-approver", "yes"];
    expect(await tenants("update", "acme", ...changes)).toMatchObject({ status: 0 });
    const shown = JSON.parse((await tenants("show", "acme", "--json")).out);
    expect(shown).toMatchObject({
      retention_payload_days: null,
      retention_run_days: 90,
      separate_approver: true,
      months: [expect.anything(), expect.anything(), expect.anything()],
    });
    const refused = await tenants("update", "acme", "--retention-payload-days", "91");
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.err).toContain("retention_run_days");
  });

  it("deactivates one only with a word about its running runs", async () => {
    expect(await tenants("update", "acme", "--deactivate")).toMatchObject({
      status: 2,
      err: expect.stringContaining("--running-runs finish|cancel"),
    });
    const alone = await tenants("update", "acme", "--running-runs", "finish");
    expect(alone).toMatchObject({ status: 2 });
    const done = await tenants("update", "acme", "--deactivate", "--running-runs", "finish");
    expect(done.out).toContain("no, runs finish");
    expect((await tenants("update", "acme", "--activate")).out).toMatch(/ yes /);
  });

  it("refuses what is neither yes nor no, or no number", async () => {
    for (const wrong of [
      ["--separate-approver", "maybe"],
      ["--retention-run-days", "soon"],
    ]) {
      expect(await tenants("update", "acme", ...wrong)).toMatchObject({ status: 2 });
    }
  });
});
