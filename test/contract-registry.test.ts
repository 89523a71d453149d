import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import {
  addTenant,
  contract,
  type E2eTenant,
  good,
  grants,
  type Ledger,
  openLedger,
} from "./support/e2e-tenant.ts";
import { connectV1 } from "./support/mcp/gateway.ts";

let database: TestDatabase;
let server: Awooop;
let ledger: Ledger;
let tenant: E2eTenant;

beforeAll(async () => {
  database = await createTestDatabase();
  ledger = await openLedger();
  server = await startAwooop({ databaseUrl: database.url });
  tenant = await addTenant(server, "acme", ledger);
}, 60_000);
afterAll(async () => {
  await server?.stop();
  await database?.drop();
  await ledger?.remove();
});

const look = { server: "tools", tool: "look", effect: "read" };

/** Calls `look` for a run, as the agent. */
async function callLook(runId: string) {
  const client = await connectV1({
    url: `${server.url}/mcp`,
    key: tenant.keys.agent,
    headers: { "AwoooP-Run": runId },
  });
  return client.callTool("look", { name: runId }).finally(() => client.close());
}

const openRun = async (): Promise<string> => {
  const body = { title: "a run" };
  return (await good(server.api("/runs", { key: tenant.keys.agent, body }))).run_id;
};

const admin = (path: string, body: object = {}) =>
  server.api(path, { key: tenant.keys.admin, body });

async function activate(document: object): Promise<string> {
  const { revision_id: id } = await good(admin("/contracts", document));
  for (const event of ["submit", "approve", "activate"]) {
    await good(admin(`/contracts/${id}/${event}`));
  }
  return id;
}

describe("the contract registry", () => {
  it("lets a run go on under the revision that it began with, whatever becomes of it", async () => {
    const run = await openRun();
    const listed = await good(
      server.api("/contracts?contract_id=helper", { key: tenant.keys.viewer }),
    );
    const { revision_id: first } = listed.contracts[0];
    const wipe = grants().slice(1);
    const second = await activate(contract("agent", "helper", { driver: "client", tools: wipe }));
    await good(admin(`/contracts/${first}/retire`));
    expect((await callLook(run)).isError).not.toBe(true);
    expect(ledger.lines()).toContain(`look ${run}`);

    const next = await openRun();
    const refused = await callLook(next);
    expect(JSON.stringify(refused)).toContain("E-CONTRACT-TOOL");
    expect(ledger.lines()).not.toContain(`look ${next}`);

    const body = async (id: string) =>
      (await good(server.api(`/contracts/${id}`, { key: tenant.keys.viewer }))).body;
    expect((await body(first)).tools).toEqual(grants());
    expect((await body(second)).tools).toEqual(wipe);
    const diff = await good(
      server.api(`/contracts/${first}/diff/${second}`, { key: tenant.keys.viewer }),
    );
    expect(diff).toMatchObject({
      from: { lifecycle_status: "retired" },
      level: "minor",
      permissions: { lost: [{ params: { tool: "tools/look" } }] },
    });
  });

  it("knows the tools that a tool server really has", async () => {
    const wrong = contract("agent", "other", {
      driver: "client",
      tools: [{ ...look, tool: "lookk" }, look],
    });
    const said = await good(admin("/contracts/validate", wrong));
    expect(said).toMatchObject({
      valid: false,
      errors: [
        {
          path: "body.tools.0.tool",
          message: 'the tool server "tools" has no tool "lookk"; did you mean look?',
        },
      ],
    });
    const applied = await admin("/contracts/apply", { documents: [wrong] });
    expect(applied).toMatchObject({ status: 422, body: { code: "E-CONTRACT-INVALID" } });
  });

  it("compiles what a policy says", async () => {
    const policy = contract("policy", "rules", { cedar: "permit (principal, action);" });
    expect(await good(admin("/contracts/validate", policy))).toMatchObject({
      valid: false,
      errors: [{ path: "body.cedar" }],
    });
  });
});
