import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import {
  addTenant,
  applyContracts,
  contract,
  delivery,
  type E2eTenant,
  fireAlert,
  good,
  grants,
  type Ledger,
  openLedger,
  waitForRun,
} from "./support/e2e-tenant.ts";
import { connectV1 } from "./support/mcp/gateway.ts";
import { wipeAs } from "./support/two-tenants.ts";

/** A project that is deactivated on a real server, with runs that are under way. */

const PROJECT = "acme";
const SOON_MS = 30_000;

let database: TestDatabase;
let ledger: Ledger;
let server: Awooop;
let tenant: E2eTenant;

beforeAll(async () => {
  database = await createTestDatabase();
  ledger = await openLedger();
  server = await startAwooop({ databaseUrl: database.url });
  tenant = await addTenant(server, PROJECT, ledger);
  const look = { key: "look", call: { server: "tools", tool: "look", args: { name: PROJECT } } };
  await applyContracts(server, PROJECT, [
    contract("agent", "janitor", {
      driver: "worker",
      triggers: [{ channel: "alerts" }],
      tools: grants(),
      runbook: { steps: [look] },
    }),
  ]);
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
  await ledger?.remove();
});

const change = (body: object) => server.api(`/tenants/${PROJECT}`, { method: "PATCH", body });
const openRun = () => server.api("/runs", { key: tenant.keys.agent, body: { title: "Tidy up" } });
const stateOf = async (run: string) => (await good(server.api(`/runs/${run}`))).run.state;
const INACTIVE = { status: 403, body: { code: "E-TENANT-INACTIVE" } };

/** Calls a tool as the client agent; without a run, the gateway would open one. */
async function call(tool: string, name: string, run?: string) {
  const headers: Record<string, string> = run === undefined ? {} : { "AwoooP-Run": run };
  const client = await connectV1({ url: `${server.url}/mcp`, key: tenant.keys.agent, headers });
  return client.callTool(tool, { name }).finally(() => client.close());
}

/** A worker's run that is over. */
async function endedRun(): Promise<string> {
  const { run_id } = await fireAlert(server, tenant, "DiskAlmostFull");
  if (run_id === null) throw new Error("the alert started no run");
  await waitForRun(server, run_id, (page) => page.run.state === "completed", SOON_MS);
  return run_id;
}

/** No way of starting a run does so: an alert, an agent's request, an agent's call, a retry. */
async function expectNoStarts(ended: string): Promise<void> {
  const { total } = await good(server.api(`/runs?project_id=${PROJECT}`));
  const told = await good(
    server.send(`/hooks/${PROJECT}/alerts`, { key: tenant.token, body: delivery("Another") }),
  );
  expect(told.events).toMatchObject([{ is_duplicate: false, run_id: null }]);
  expect(await openRun()).toMatchObject(INACTIVE);
  expect(JSON.stringify(await call("look", "unnamed"))).toContain("E-TENANT-INACTIVE");
  expect(await server.api(`/runs/${ended}/retry`, { body: {} })).toMatchObject(INACTIVE);
  expect(ledger.lines()).not.toContain("look unnamed");
  expect((await good(server.api(`/runs?project_id=${PROJECT}`))).total).toBe(total);
}

describe("a project that is deactivated so that its runs finish", () => {
  let ended: string;
  let open: string;
  let asking: string;

  beforeAll(async () => {
    ended = await endedRun();
    open = (await good(openRun())).run_id;
    asking = (await good(openRun())).run_id;
    await wipeAs(server, tenant.keys.agent, "asked-before", asking);
    expect(await stateOf(asking)).toBe("waiting_approval");
    const answer = await change({ is_active: false, running_runs: "finish" });
    expect(answer).toMatchObject({ status: 200, body: { is_active: false, drains: true } });
  });

  test("lets them call what needs nobody, to their end", async () => {
    expect(await call("look", "on-and-on", open)).not.toHaveProperty("isError", true);
    expect(ledger.lines()).toContain("look on-and-on");
    const done = await server.api(`/runs/${open}/complete`, {
      key: tenant.keys.agent,
      body: { result: "tidy" },
    });
    expect(done).toMatchObject({ status: 200, body: { state: "completed" } });
  });

  test("voids their questions and asks nobody any more", async () => {
    await waitForRun(server, asking, (page) => page.run.state === "running", SOON_MS);
    const again = await call("wipe", "asked-after", asking);
    expect(JSON.stringify(again)).toContain("E-TENANT-INACTIVE");
    expect(await stateOf(asking)).toBe("running");
    expect(await good(server.api(`/approvals?project_id=${PROJECT}`))).toMatchObject({ total: 0 });
    const { mcp_calls } = await good(server.api(`/runs/${asking}`));
    expect(mcp_calls.at(-1)).toMatchObject({ block_gate: 5, block_code: "E-TENANT-INACTIVE" });
  });

  test("starts none", () => expectNoStarts(ended));

  test("cancels them after all, if that is asked for", async () => {
    const answer = await change({ is_active: false, running_runs: "cancel" });
    expect(answer).toMatchObject({ status: 200, body: { is_active: false, drains: false } });
    await waitForRun(server, asking, (page) => page.run.state === "cancelled", SOON_MS);
    expect(ledger.lines().filter((line) => line.startsWith("wipe"))).toEqual([]);
  });

  test("goes on as ever once it is active again", async () => {
    expect(await change({ is_active: true })).toMatchObject({ body: { drains: false } });
    expect(await stateOf(await endedRun())).toBe("completed");
    expect((await openRun()).status).toBe(201);
  });
});

describe("a project that is deactivated and its runs cancelled", () => {
  test("has none left, waiting or running, and starts none", async () => {
    const ended = await endedRun();
    const open = (await good(openRun())).run_id;
    const asking = (await good(openRun())).run_id;
    await wipeAs(server, tenant.keys.agent, "asked-too", asking);
    expect(await change({ is_active: false, running_runs: "cancel" })).toMatchObject({
      status: 200,
    });
    for (const run of [open, asking]) {
      await waitForRun(server, run, (page) => page.run.state === "cancelled", SOON_MS);
    }
    const blocked = await call("look", "too-late", open);
    expect(blocked).toHaveProperty("isError", true);
    expect(ledger.lines()).not.toContain("look too-late");
    expect(await good(server.api(`/approvals?project_id=${PROJECT}`))).toMatchObject({ total: 0 });
    await expectNoStarts(ended);
    expect((await good(server.api(`/tenants/${PROJECT}`))).open_runs).toEqual({
      pending: 0,
      running: 0,
      waiting_approval: 0,
      is_exact: true,
    });
  });
});
