import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMIN_KEY, type Awooop } from "./support/awooop.ts";
import { type E2eTenant, good, newKey } from "./support/e2e-tenant.ts";
import { connectAuto, connectV1, connectV2, type TestClient } from "./support/mcp/gateway.ts";
import { approvalOf, openTwoTenants, type TwoTenants, wipeAs } from "./support/two-tenants.ts";

/** Agents of two tenants on one real gateway, with unmodified clients of each protocol. */

let both: TwoTenants;
let server: Awooop;
let alpha: E2eTenant;
let bravo: E2eTenant;

beforeAll(async () => {
  both = await openTwoTenants();
  ({ server, alpha, bravo } = both);
});

afterAll(() => both?.close());

describe.each([
  ["SDK v1", connectV1],
  ["SDK v2 in the 2025 era", connectV2],
  ["SDK v2 of 2026-07-28", connectAuto],
] as const)("the gateway, for an agent of another tenant with %s", (_, connectWith) => {
  const open = (key: string, headers: Record<string, string> = {}): Promise<TestClient> =>
    connectWith({ url: `${server.url}/mcp`, key, headers });

  test("has none of the other's runs", async () => {
    const theirs = await both.makeTarget(bravo);
    const other = await newKey(server, {
      role: "agent",
      name: "alpha-other",
      project_ids: ["alpha"],
      agent_id: "helper",
    });
    const own = await both.makeTarget(alpha);
    for (const [key, run] of [
      [alpha.keys.agent, theirs.run],
      [alpha.keys.agent, theirs.ended],
      [alpha.keys.agent, randomUUID()],
      // Nor those that another agent of its own tenant opened.
      [other, own.run],
    ] as const) {
      const named = await open(key, { "AwoooP-Run": run });
      const byHeader = await named.callTool("look", { name: "spying" });
      await named.close();
      const unnamed = await open(key);
      const byMeta = await unnamed.callTool(
        "look",
        { name: "spying" },
        { meta: { "awooop/run": run } },
      );
      await unnamed.close();
      for (const answer of [byHeader, byMeta]) {
        expect(answer).toMatchObject({
          isError: true,
          content: [{ text: "FAILED, E-NOT-FOUND: This key has opened no such run." }],
        });
      }
    }
    expect(both.ledger.lines()).not.toContain("look spying");
  });

  test("has none of the other's questions and approvals", async () => {
    const theirs = await both.makeTarget(bravo);
    const client = await open(alpha.keys.agent);
    const textOf = async (approval: string) => {
      const answer = await client.callTool("awooop_wait", { approval: `apr_${approval}` });
      return JSON.stringify(answer.content).replaceAll(approval, "<approval>");
    };
    expect(await textOf(theirs.approval)).toBe(await textOf(randomUUID()));

    const args = { name: `shared-${randomUUID()}` };
    const asked = await wipeAs(server, bravo.keys.agent, args.name);
    const approved = approvalOf(asked);
    const { approvals } = await good(server.api("/approvals", { key: bravo.keys.viewer }));
    const question = approvals.find((one: { approval_id: string }) => one.approval_id === approved);
    await good(
      server.api(`/approvals/${question.run_id}/decide`, {
        key: bravo.keys.operator,
        body: { project_id: "bravo", decision: "approve", approval_id: approved },
      }),
    );
    const answer = await client.callTool("wipe", args);
    await client.close();
    expect(answer).toMatchObject({ _meta: { "awooop/code": "E-APPR-REQUIRED" } });
    expect(approvalOf(answer)).not.toBe(approved);
    expect(both.ledger.lines()).not.toContain(`wipe ${args.name}`);
  });

  test("has none of the other's tools", async () => {
    const names = async (key: string) => {
      const client = await open(key);
      const tools = await client.listTools().finally(() => client.close());
      return tools.map(({ name }) => name);
    };
    expect(await names(bravo.keys.agent)).toContain("hidden");
    expect(await names(alpha.keys.agent)).not.toContain("hidden");
    const client = await open(alpha.keys.agent);
    const answer = await client.callTool("hidden", { name: "x" }).finally(() => client.close());
    expect(answer).toMatchObject({ _meta: { "awooop/code": "E-CONTRACT-TOOL" } });
    expect(both.ledger.lines()).not.toContain("hidden x");
  });
});

test("the gateway is for agents: a person's key opens it for no tenant", async () => {
  for (const key of [alpha.keys.viewer, alpha.keys.operator, alpha.keys.admin, ADMIN_KEY]) {
    const body = { jsonrpc: "2.0", id: 1, method: "tools/list" };
    const answer = await server.send("/mcp", {
      key,
      body,
      headers: { accept: "application/json, text/event-stream" },
    });
    expect(answer).toMatchObject({ status: 403, body: { code: "E-FORBIDDEN" } });
  }
});
