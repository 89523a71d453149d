import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_KEY, type Awooop, startAwooop } from "../../test/support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { seedApproval, seedProject, seedRevision, seedRun } from "../../test/support/fixtures.ts";
import { agentBodySchema } from "../contracts/index.ts";
import { type Database, jsonb, openDatabase } from "../platform/database/index.ts";
import { createLog } from "../platform/log.ts";
import { runCommandLine } from "./run.ts";

const PROJECT = "acme";

let test: TestDatabase;
let db: Database;
let server: Awooop;
let revision: string;

beforeAll(async () => {
  test = await createTestDatabase();
  server = await startAwooop({ databaseUrl: test.url });
  db = openDatabase({ url: test.url, log: createLog("silent") });
  await db.transaction({ role: "platform" }, async (tx) => {
    await seedProject(tx, { project_id: PROJECT });
    const body = jsonb(agentBodySchema.parse({ display_name: "Janitor", driver: "client" }));
    const contract_id = "janitor";
    revision = (await seedRevision(tx, { project_id: PROJECT, contract_id, body })).revision_id;
  });
});

afterAll(async () => {
  await db?.close();
  await server?.stop();
  await test?.drop();
});

type State = "running" | "failed";

const seed = (agent_id: string, state: State): Promise<string> =>
  db.transaction({ role: "platform" }, async (tx) => {
    const at = new Date().toISOString();
    const over = state === "failed" ? { completed_at: at } : { heartbeat_at: at };
    const driver = state === "failed" ? "worker" : "client";
    const of = { project_id: PROJECT, revision_id: revision, agent_id, driver, state };
    return (await seedRun(tx, { ...of, ...over })).run_id;
  });

/** Runs a command line; answers its exit status and what it said. */
async function awooop(...argv: string[]) {
  const said = { out: "", err: "" };
  const status = await runCommandLine(argv, {
    env: { AWOOOP_URL: server.url, AWOOOP_KEY: ADMIN_KEY },
    print: (text) => {
      said.out += `${text}\n`;
    },
    complain: (text) => {
      said.err += `${text}\n`;
    },
    readInput: async () => "",
  });
  return { status, ...said };
}

const BULK = ["--project", PROJECT, "--reason", "the alert was wrong"];

describe("one run", () => {
  it("is cancelled, with a reason", async () => {
    const run = await seed("one", "running");
    expect(await awooop("runs", "cancel", run)).toMatchObject({ status: 2 });
    expect(await awooop("runs", "cancel", run, "--reason", "not needed")).toEqual({
      status: 0,
      out: "The run is cancelled.\n",
      err: "",
    });
    const again = await awooop("runs", "cancel", run, "--reason", "not needed");
    expect(again).toMatchObject({ status: 1, err: expect.stringContaining("E-RUN-STATE") });
  });

  it("is retried, as a new run", async () => {
    const run = await seed("two", "failed");
    const { out } = await awooop("runs", "retry", run, "--project", PROJECT);
    const made = /^Started (\S+)\. It is pending\.$/m.exec(out)?.[1] ?? "";
    const shown = await awooop("runs", "show", made, "--json");
    expect(JSON.parse(shown.out)).toMatchObject({ run: { run_id: made, agent_id: "janitor" } });
  });
});

describe("many runs", () => {
  it("are counted first, then cancelled, and what was refused is shown", async () => {
    for (let n = 0; n < 3; n++) await seed("many", "running");
    const over = await seed("many", "failed");
    const cancel = ["runs", "bulk", "cancel", ...BULK];
    const unsure = await awooop(...cancel);
    expect(unsure).toMatchObject({ status: 1, err: expect.stringContaining("body.filter") });
    const many = [...cancel, "--agent", "many"];
    expect((await awooop(...many, "--dry-run")).out).toBe(
      "4 runs match: 3 running, 1 failed. Nothing was changed.\n",
    );
    const fewer = await awooop(...many, "--at-most", "3");
    expect(fewer).toMatchObject({ status: 1, err: expect.stringMatching(/E-BULK-MORE.*4 runs/) });

    const done = await awooop(...many, "--at-most", "4", "--wait");
    expect(done.err).toMatch(/^0 of 4 runs dealt with$/m);
    expect(done.out).toMatch(/action +cancel of 4 runs in acme/);
    expect(done.out).toMatch(/status +done/);
    expect(done.out).toMatch(/changed +3/);
    expect(done.out).toMatch(/refused +1/);
    const [id = ""] = done.out.split("\n");
    const shown = await awooop("runs", "bulk", "show", id);
    expect(shown.out).toMatch(new RegExp(`${over} +E-RUN-STATE +The run is failed`));
    const listed = await awooop("runs", "bulk", "list", "--project", PROJECT, "--status", "done");
    expect(listed.out).toMatch(new RegExp(`^${id} +acme +cancel +done +4 +3 +1 `, "m"));
  });

  it("are retried", async () => {
    await seed("retried", "failed");
    await seed("retried", "failed");
    const asked = ["runs", "bulk", "retry", ...BULK, "--agent", "retried", "--shadow", "false"];
    const done = await awooop(...asked, "--wait", "--json");
    expect(JSON.parse(done.out)).toMatchObject({ status: "done", changed_count: 2 });
    const { bulk_id } = JSON.parse(done.out);
    const results = `/runs/bulk/${bulk_id}/results`;
    for (const { outcome, new_run_id } of (await server.api(results)).body.results) {
      expect(outcome).toBe("changed");
      const { run } = (await server.api(`/runs/${new_run_id}`)).body;
      expect(run).toMatchObject({ agent_id: "janitor", trigger_type: "alertmanager" });
    }
  });

  it("are explained, and need proper options", async () => {
    const help = await awooop("runs", "bulk", "--help");
    expect(help.out).toMatch(/runs bulk cancel .*\n.*runs bulk retry .*\n.*runs bulk show BULK_ID/);
    expect(help.out).not.toContain("runs list");
    const wrong = await awooop("runs", "bulk", "stop");
    expect(wrong).toMatchObject({
      status: 2,
      err: expect.stringMatching(/"runs bulk stop"\. There is: runs bulk/),
    });
    for (const more of [
      ["--shadow", "maybe"],
      ["--at-most", "a dozen"],
      ["--colour", "red"],
    ]) {
      expect(await awooop("runs", "bulk", "retry", ...BULK, ...more)).toMatchObject({ status: 2 });
    }
  });
});

describe("questions", () => {
  it("are shown one by one with all that is known, and decided together after a look", async () => {
    const approval = await db.transaction({ role: "platform" }, async (tx) => {
      const of = { project_id: PROJECT, revision_id: revision, agent_id: "asking" };
      const run = await seedRun(tx, { ...of, driver: "client", state: "waiting_approval" });
      return (await seedApproval(tx, run, { agent_reason: "It is \u001b[31mfull." })).approval_id;
    });
    const shown = await awooop("approvals", "show", `apr_${approval}`);
    expect(shown.out).toMatch(/status +open, \d+ s left/);
    expect(shown.out).toContain('Arguments\n  path  "/var/cache/shop"\n');
    expect(shown.out).not.toContain("\u001b");
    const many = ["approvals", "decide-many", approval, "--decision", "approve"];
    const code = /^1 question:\n[\s\S]*--seen ([0-9a-f]{16})\n$/.exec(
      (await awooop(...many)).out,
    )?.[1];
    expect((await awooop(...many, "--seen", "f".repeat(16))).status).toBe(2);
    const sent = await awooop(...many, "--seen", code ?? "");
    expect(sent.out).toMatch(new RegExp(`^1 of 1 decided\\.\n.*\n${approval} +running`));
    expect((await awooop("approvals", "show", approval)).out).toMatch(/status +approved/);
  });
});
