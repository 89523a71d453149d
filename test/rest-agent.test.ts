import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import {
  addTenant,
  type E2eTenant,
  good,
  type Ledger,
  newKey,
  openLedger,
} from "./support/e2e-tenant.ts";
import { approvalOf, wipeAs } from "./support/two-tenants.ts";
import { waitFor } from "./support/wait.ts";

/** An agent that does not speak MCP: it calls tools and waits for people through the API. */

const SOON_MS = 20_000;
const MOST_WAITERS_OF_A_KEY = 100;

let database: TestDatabase;
let ledger: Ledger;
let server: Awooop;
let acme: E2eTenant;

beforeAll(async () => {
  database = await createTestDatabase();
  ledger = await openLedger();
  server = await startAwooop({ databaseUrl: database.url });
  acme = await addTenant(server, "acme", ledger);
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
  await ledger?.remove();
});

const call = (tool: string, name: string, more: object = {}): Promise<Answer> =>
  server.api("/tool-calls", {
    key: acme.keys.agent,
    body: { tool, arguments: { name }, ...more },
  });
const openRun = async (): Promise<string> =>
  (await good(server.api("/runs", { key: acme.keys.agent, body: {} }))).run_id;
const wait = (approvalId: string, seconds: number, key = acme.keys.agent) =>
  server.api(`/approvals/${approvalId}/wait?timeout_seconds=${seconds}`, { key });
const decide = (runId: string, decision: string, more: object = {}) =>
  good(
    server.api(`/approvals/${runId}/decide`, {
      key: acme.keys.operator,
      body: { project_id: "acme", decision, ...more },
    }),
  );
const did = (line: string) => ledger.lines().filter((one) => one === line).length;

describe("a tool call", () => {
  test("that needs no person is answered with the tool's result, and stands on the run's timeline", async () => {
    const answer = await call("look", "here", { reason: "to see" });
    expect(answer).toEqual({
      status: 200,
      body: {
        call_id: expect.any(String),
        run_id: expect.any(String),
        status: "result",
        result: { content: [{ type: "text", text: '{"did":"look here"}' }] },
        simulated: false,
        edited_arguments: null,
      },
    });
    const { call_id, run_id } = answer.body;
    const { mcp_calls } = await good(server.api(`/runs/${run_id}`, { key: acme.keys.agent }));
    expect(mcp_calls).toMatchObject([{ call_id, tool_name: "look", result_status: "success" }]);
  });

  test("may name its tool server, and belongs to the run that it names", async () => {
    const run_id = await openRun();
    expect(await call("look", "there", { run_id, server: "tools" })).toMatchObject({
      status: 200,
      body: { run_id },
    });
    expect(await call("look", "there", { run_id, server: "others" })).toMatchObject({
      status: 403,
      body: { code: "E-CONTRACT-TOOL", gate: 2, run_id },
    });
    const stranger = await newKey(server, {
      role: "agent",
      name: "stranger",
      project_ids: ["acme"],
      agent_id: "helper",
    });
    const body = { tool: "look", arguments: { name: "x" }, run_id };
    expect(await server.api("/tool-calls", { key: stranger, body })).toMatchObject({
      status: 404,
      body: { code: "E-NOT-FOUND" },
    });
  });

  test("that a gate stops is a problem with the gate's code, and is recorded", async () => {
    const run_id = await openRun();
    const refused = await call("hidden", "x", { run_id });
    expect(refused).toMatchObject({
      status: 403,
      body: { code: "E-CONTRACT-TOOL", gate: 2, call_id: expect.any(String) },
    });
    expect(await call("look", "x", { run_id, arguments: { name: 7 } })).toMatchObject({
      status: 422,
      body: { code: "E-POLICY-ARGS", gate: 3 },
    });
    expect(await server.api("/tool-calls", { body: { tool: "look" } })).toMatchObject({
      status: 403,
      body: { code: "E-FORBIDDEN" },
    });
  });
});

describe("a tool call that needs a person", () => {
  test("is pending, joined by its repeats in any way, and executed once", async () => {
    const run_id = await openRun();
    const pending = await call("wipe", "once", { run_id, reason: "it is full" });
    expect(pending).toMatchObject({ status: 202, body: { status: "pending", run_id } });
    const { approval_id } = pending.body;
    expect((await call("wipe", "once", { run_id, server: "tools" })).body).toEqual(pending.body);
    const byMcp = await wipeAs(server, acme.keys.agent, "once", run_id);
    expect(approvalOf(byMcp)).toBe(approval_id);
    expect((await wait(approval_id, 0)).body).toEqual({
      approval_id,
      run_id,
      run_state: "waiting_approval",
      status: "open",
      decided_by: null,
      reason: null,
      expires_at: pending.body.expires_at,
      can_redeem_until: null,
    });

    const waiting = wait(approval_id, 50);
    await decide(run_id, "approve", { reason: "go" });
    expect((await waiting).body).toMatchObject({
      ...{ status: "approved", run_state: "running", reason: "go" },
      ...{ decided_by: "acme-operator", can_redeem_until: expect.any(String) },
    });
    expect(did("wipe once")).toBe(0);
    const done = await call("wipe", "once", { run_id });
    expect(done).toMatchObject({
      status: 200,
      body: { result: { content: [{ text: '{"did":"wipe once"}' }] } },
    });
    expect(did("wipe once")).toBe(1);
    expect((await wait(approval_id, 0)).body).toMatchObject({
      status: "approved",
      can_redeem_until: null,
    });
  });

  test("is a question of its own in each run that is named", async () => {
    const [one, other] = [await openRun(), await openRun()];
    const first = await call("wipe", "twice", { run_id: one });
    const second = await call("wipe", "twice", { run_id: other });
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.body.approval_id).not.toBe(first.body.approval_id);
  });

  test.each([
    ["reject", "rejected", "E-APPR-REJECTED"],
    ["request_changes", "changes_requested", "E-APPR-CHANGES"],
  ])("is refused with the person's words after %s", async (decision, status, code) => {
    const run_id = await openRun();
    const { body } = await call("wipe", decision, { run_id });
    const waiting = wait(body.approval_id, 50);
    await decide(run_id, decision, { reason: "not that one" });
    expect((await waiting).body).toMatchObject({ status, reason: "not that one" });
    const refused = await call("wipe", decision, { run_id });
    expect(refused.body).toMatchObject({ code, gate: 5 });
    expect(refused.body.detail).toContain("not that one");
    expect(did(`wipe ${decision}`)).toBe(0);
  });

  test("is executed with the arguments that a person has edited, and says so", async () => {
    const run_id = await openRun();
    await call("wipe", "draft", { run_id });
    await decide(run_id, "edit", { arguments: { name: "final" } });
    const done = await call("wipe", "draft", { run_id });
    expect(done.body).toMatchObject({ status: "result", edited_arguments: { name: "final" } });
    expect([did("wipe draft"), did("wipe final")]).toEqual([0, 1]);
  });
});

describe("waiting for a person", () => {
  test("is for the key that asked and for people of the project", async () => {
    const run_id = await openRun();
    const { approval_id } = (await call("wipe", "seen", { run_id })).body;
    const stranger = await newKey(server, {
      role: "agent",
      name: "other",
      project_ids: ["acme"],
      agent_id: "helper",
    });
    const hidden = await wait(approval_id, 0, stranger);
    expect(hidden).toMatchObject({ status: 404, body: { code: "E-NOT-FOUND" } });
    expect((await wait(run_id, 0)).body.detail).toBe(hidden.body.detail);
    expect((await wait(approval_id, 0, acme.keys.viewer)).body).toMatchObject({ status: "open" });
    const elsewhere = `/approvals/${approval_id}/wait?project_id=other`;
    expect((await server.api(elsewhere)).status).toBe(404);
    expect(await wait(approval_id, 51)).toMatchObject({ status: 422, body: { code: "E-INPUT" } });
  });

  test("ends with the time that it was given", async () => {
    const run_id = await openRun();
    const { approval_id } = (await call("wipe", "later", { run_id })).body;
    expect((await wait(approval_id, 1)).body).toMatchObject({ status: "open" });
  });

  test("tells why the question is void", async () => {
    const run_id = await openRun();
    const { approval_id } = (await call("wipe", "void", { run_id })).body;
    const waiting = wait(approval_id, 50);
    const cancel = { key: acme.keys.operator, body: { reason: "no more" } };
    await good(server.api(`/runs/${run_id}/cancel`, cancel));
    expect((await waiting).body).toMatchObject({
      ...{ status: "voided", run_state: "cancelled", reason: "the run was cancelled" },
    });
  });

  test("is held for so many of a key's requests and no more; one that goes away leaves its place", async () => {
    const key = await newKey(server, { role: "viewer", name: "screen", project_ids: ["acme"] });
    const run_id = await openRun();
    const { approval_id } = (await call("wipe", "crowd", { run_id })).body;
    const leaving = new AbortController();
    const held = Array.from({ length: MOST_WAITERS_OF_A_KEY + 1 }, () =>
      fetch(`${server.url}/api/v1/approvals/${approval_id}/wait?timeout_seconds=50`, {
        headers: { authorization: `Bearer ${key}` },
        signal: leaving.signal,
      }).catch(() => undefined),
    );
    // One more than there are places: the first to be answered at all is the one that found none.
    expect((await Promise.race(held))?.status).toBe(429);
    expect((await wait(approval_id, 1, key)).status).toBe(429);
    expect((await wait(approval_id, 0, key)).status).toBe(200);
    leaving.abort();
    await Promise.all(held);
    await waitFor(async () => (await wait(approval_id, 1, key)).status === 200, {
      timeoutMs: SOON_MS,
      what: "places to be free",
    });
  });

  // The last one: there is no server after it.
  test("ends when the server stops, with how the question stands", async () => {
    const run_id = await openRun();
    const { approval_id } = (await call("wipe", "stopping", { run_id })).body;
    const waiting = wait(approval_id, 50);
    // Once this is answered, the one before it has come in.
    await wait(approval_id, 0);
    expect(await server.stop()).toBe(0);
    expect(await waiting).toMatchObject({ status: 200, body: { status: "open" } });
  });
});
