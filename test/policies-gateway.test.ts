import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import {
  addTenant,
  contract,
  type E2eTenant,
  good,
  type Ledger,
  openLedger,
} from "./support/e2e-tenant.ts";
import { connectAuto, type TestClient } from "./support/mcp/gateway.ts";

/** Policies from the API's registry to an unmodified client at the real gateway. */

let database: TestDatabase;
let ledger: Ledger;
let server: Awooop;
let tenant: E2eTenant;
let agent: TestClient;

beforeAll(async () => {
  database = await createTestDatabase();
  ledger = await openLedger();
  server = await startAwooop({ databaseUrl: database.url });
  tenant = await addTenant(server, "acme", ledger);
  agent = await connectAuto({ url: `${server.url}/mcp`, key: tenant.keys.agent, headers: {} });
});

afterAll(async () => {
  await agent?.close();
  await server?.stop();
  await ledger?.remove();
  await database?.drop();
});

const asAdmin = (path: string, body: object) => server.api(path, { key: tenant.keys.admin, body });
const apply = (cedar: string) =>
  asAdmin("/contracts/apply", {
    project_id: "acme",
    documents: [contract("policy", "guardrails", { cedar })],
  });
const look = (name: string) => agent.callTool("look", { name });

describe("a policy contract", () => {
  it("is refused with line and column when Cedar can't read it", async () => {
    const { status, body } = await apply("permit (principal,\n  action resource);");
    expect(status).toBe(422);
    expect(body).toMatchObject({
      code: "E-CONTRACT-INVALID",
      errors: [
        {
          path: "documents.0.body.cedar",
          message: expect.stringMatching(/^line 2, column 10: unexpected token `resource`/),
        },
      ],
    });
  });

  it("decides from the moment it is active until the moment it is not", async () => {
    expect(await look("before")).not.toHaveProperty("isError", true);
    await good(
      apply(`
        @id("look") permit (principal == Agent::"helper", action == Action::"read", resource == Tool::"tools/look");
        @id("no-secrets") forbid (principal, action, resource) when { context.args.name == "secrets" };`),
    );
    expect(await look("allowed")).not.toHaveProperty("isError", true);
    const denied = await look("secrets");
    expect(denied).toMatchObject({ isError: true });
    expect(JSON.stringify(denied)).toMatch(
      /E-POLICY-DENIED.*guardrails 1\.0 @no-secrets forbids this call/,
    );
    const { contracts } = await good(
      server.api("/contracts?contract_family=policy&lifecycle_status=active", {
        key: tenant.keys.admin,
      }),
    );
    expect(contracts).toMatchObject([{ contract_id: "guardrails", project_id: "acme" }]);
    await good(asAdmin(`/contracts/${contracts[0].revision_id}/deprecate`, {}));
    expect(await look("secrets")).not.toHaveProperty("isError", true);
    expect(ledger.lines()).toEqual(["look before", "look allowed", "look secrets"]);
  });
});
