import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import {
  addTenant,
  applyContracts,
  contract,
  type E2eTenant,
  fireAlert,
  good,
  grants,
  type Ledger,
  openLedger,
  waitForRun,
} from "./support/e2e-tenant.ts";
import { connectV1, type TestClient } from "./support/mcp/gateway.ts";

/** What a wish for changes and an edit come to, for a runbook and for an MCP client of a real server. */

const SOON_MS = 30_000;

let database: TestDatabase;
let ledger: Ledger;
let server: Awooop;
let tenant: E2eTenant;

beforeAll(async () => {
  database = await createTestDatabase();
  ledger = await openLedger();
  server = await startAwooop({ databaseUrl: database.url });
  tenant = await addTenant(server, "acme", ledger);
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
  await ledger?.remove();
});

const decide = (runId: string, body: object, headers: Record<string, string> = {}) =>
  server.api(`/approvals/${runId}/decide`, {
    key: tenant.keys.operator,
    body: { project_id: tenant.projectId, ...body },
    headers,
  });

interface Page {
  run: { state: string; error_code: string | null; error_detail: string | null };
  steps: { step_key: string; result_status: string; error_code: string | null }[];
  mcp_calls: { tool_name: string; result_status: string; args: unknown; block_code: unknown }[];
  timeline: { kind: string; title: string; status: string }[];
}

describe("a runbook's run", () => {
  const steps = (onError: string) => [
    {
      key: "clear",
      on_error: onError,
      call: { server: "tools", tool: "wipe", args: { name: "everything" } },
    },
    { key: "after", call: { server: "tools", tool: "look", args: { name: "after" } } },
  ];

  /** Lets a run ask, answers its question, and waits for the run's end. */
  async function answered(onError: string, body: object): Promise<Page> {
    const janitor = contract("agent", "janitor", {
      driver: "worker",
      triggers: [{ channel: "alerts", when: "true" }],
      tools: grants({ on_reject: "cancel" }),
      runbook: { steps: steps(onError) },
    });
    await applyContracts(server, tenant.projectId, [janitor]);
    const { run_id } = await fireAlert(server, tenant, "DiskFull");
    if (run_id === null) throw new Error("the alert started no run");
    const isWaiting = (page: Page) => page.run.state === "waiting_approval";
    await waitForRun(server, run_id, isWaiting, SOON_MS);
    expect(await good(decide(run_id, body))).toMatchObject({ new_state: "running" });
    const isOver = (page: Page) => page.run.state !== "running" && !isWaiting(page);
    return waitForRun(server, run_id, isOver, SOON_MS);
  }

  test("fails over a wish for changes, which it can't take up, and says what was wished for", async () => {
    const before = ledger.lines().length;
    const page = await answered("fail", { decision: "request_changes", reason: "only the old" });
    expect(page.run).toMatchObject({ state: "failed", error_code: "E-APPR-CHANGES" });
    expect(page.run.error_detail).toMatch(/Step "clear": .*acme-operator, “only the old”/);
    expect(
      page.steps.map(({ step_key, result_status }) => [step_key.split(":")[0], result_status]),
    ).toEqual([
      ["clear", "blocked"],
      ["operator_console.request_changes", "success"],
    ]);
    expect(page.timeline.filter(({ kind }) => kind === "approval")).toMatchObject([
      { status: "success", title: expect.stringMatching(/changes/i) },
    ]);
    expect(ledger.lines()).toHaveLength(before);
  });

  test("goes on after a wish for changes where its step says so", async () => {
    const before = ledger.lines().length;
    const page = await answered("continue", { decision: "request_changes", reason: "leave it" });
    expect(page.run).toMatchObject({ state: "completed", error_code: null });
    expect(page.steps).toMatchObject([
      { step_key: "clear", result_status: "blocked", error_code: "E-APPR-CHANGES" },
      {},
      { step_key: "after", result_status: "success" },
    ]);
    expect(ledger.lines().slice(before)).toEqual(["look after"]);
  });

  test("executes the edited arguments in the place of its own, once", async () => {
    const before = ledger.lines().length;
    const page = await answered("fail", { decision: "edit", arguments: { name: "the old" } });
    expect(page.run).toMatchObject({ state: "completed" });
    expect(ledger.lines().slice(before)).toEqual(["wipe the old", "look after"]);
    expect(page.mcp_calls).toMatchObject([
      { result_status: "blocked", args: { name: "everything" } },
      { result_status: "success", args: { name: "the old" } },
      { tool_name: "look" },
    ]);
  });
});

describe("an MCP client", () => {
  let client: TestClient;
  let runId: string;
  let serial = 0;

  beforeAll(async () => {
    const { agent } = tenant.keys;
    ({ run_id: runId } = await good(server.api("/runs", { key: agent, body: {} })));
    client = await connectV1({
      url: `${server.url}/mcp`,
      key: agent,
      headers: { "AwoooP-Run": runId },
    });
  });
  afterAll(() => client?.close());

  const wipe = (name: string) => client.callTool("wipe", { name });

  /** Asks about a call of its own; the question's name as the client knows it. */
  async function ask(): Promise<{ name: string; approval: string; approval_id: string }> {
    serial += 1;
    const name = `n${serial}`;
    const answer = await wipe(name);
    const approval = String((answer._meta as Record<string, unknown>)["awooop/approval"]);
    return { name, approval, approval_id: approval.slice("apr_".length) };
  }

  test("is told once what to change; then the same call is asked about anew", async () => {
    const { name, approval, approval_id } = await ask();
    const reason = "take the replica";
    await good(decide(runId, { decision: "request_changes", reason, approval_id }));
    const waited = await client.callTool("awooop_wait", { approval });
    expect(JSON.stringify(waited.content)).toContain("DECIDED");
    const told = await wipe(name);
    const meta = { "awooop/code": "E-APPR-CHANGES", "awooop/gate": 5 };
    expect(told).toMatchObject({ isError: true, _meta: meta });
    expect(JSON.stringify(told.content)).toContain(`acme-operator, “${reason}”`);
    const again = (await wipe(name))._meta as Record<string, unknown>;
    expect(again["awooop/code"]).toBe("E-APPR-REQUIRED");
    expect(again["awooop/approval"]).not.toBe(approval);
    await good(decide(runId, { decision: "reject" }));
    expect(ledger.lines()).not.toContain(`wipe ${name}`);
  });

  test("gets the result of the edited call, and is told that it is one", async () => {
    const { name, approval_id } = await ask();
    const given = { name: `${name} edited`, token: "hunter2" };
    const body = { decision: "edit", arguments: given, approval_id };
    const [listed] = (await good(server.api(`/approvals?run_id=${runId}`))).approvals;
    expect(listed).toMatchObject({ arguments: { name }, edited: false });
    await good(decide(runId, body));
    const result = await wipe(name);
    expect(result.isError === true).toBe(false);
    expect(ledger.lines()).toContain(`wipe ${name} edited`);
    expect(ledger.lines()).not.toContain(`wipe ${name}`);
    const content = result.content as { text: string }[];
    expect(content.at(-1)?.text).toBe(
      `EDITED: a person approved this call with other arguments; it was executed with {"name":"${name} edited","token":"[redacted]"}.`,
    );
    const shown = { name: `${name} edited`, token: "[redacted]" };
    expect(result._meta).toMatchObject({ "awooop/edited_arguments": shown });
  });
});

describe("a person with the console and the API", () => {
  test("gets one answer for one decision, whichever of the two it is repeated through", async () => {
    const { agent, operator } = tenant.keys;
    const { run_id } = await good(server.api("/runs", { key: agent, body: {} }));
    const client = await connectV1({
      url: `${server.url}/mcp`,
      key: agent,
      headers: { "AwoooP-Run": run_id },
    });
    await client.callTool("wipe", { name: "surface" }).finally(() => client.close());
    const { headers } = await fetch(`${server.url}/api/v1/session`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: server.url },
      body: JSON.stringify({ key: operator }),
    });
    const cookie = headers.getSetCookie().map((one) => one.split(";")[0]);
    const once = { "idempotency-key": "through both" };
    const first = await server.api(`/approvals/${run_id}/decide`, {
      key: null,
      body: { project_id: tenant.projectId, decision: "approve" },
      headers: { cookie: cookie.join("; "), origin: server.url, ...once },
    });
    expect(first).toMatchObject({ status: 200, body: { decision: "approve" } });
    expect(await decide(run_id, { decision: "approve" }, once)).toEqual(first);
    expect((await good(server.api(`/runs/${run_id}`))).counts.steps).toBe(1);
  });
});
