import { describe, expect, type TestContext, test } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase } from "./support/database.ts";
import {
  addTenant,
  applyContracts,
  contract,
  fireAlert,
  good,
  grants,
  openLedger,
  waitForRun,
} from "./support/e2e-tenant.ts";
import { connectV1 } from "./support/mcp/gateway.ts";
import { waitFor } from "./support/wait.ts";

const SOON_MS = 40_000;

/** A server with a tenant whose writes need nobody, and what really reached its tool server. */
async function openStage(onTestFinished: TestContext["onTestFinished"]) {
  const ledger = await openLedger();
  onTestFinished(ledger.remove);
  const database = await createTestDatabase();
  onTestFinished(database.drop);
  const stage = {
    ledger,
    server: await startAwooop({ databaseUrl: database.url }),
    untilLedgerHas: (line: string) =>
      waitFor(() => ledger.lines().includes(line), { timeoutMs: SOON_MS, what: `"${line}"` }),
    /** Asks the server to stop; lets the held call answer once it has begun to. */
    async stopWhileHeld(hold: string) {
      const stopped = stage.server.stop();
      await waitFor(() => isGone(stage.server), { timeoutMs: SOON_MS, what: "it to stop" });
      ledger.letGo(hold);
      expect(await stopped).toBe(0);
      stage.server = await startAwooop({ databaseUrl: database.url });
    },
  };
  onTestFinished(async () => {
    await stage.server.stop();
  });
  const tenant = await addTenant(stage.server, "acme", ledger);
  return { stage, tenant };
}

/** Whether it takes no requests any more. */
const isGone = ({ url }: Awooop) =>
  fetch(`${url}/healthz`).then(
    () => false,
    () => true,
  );

const calls = (page: { mcp_calls: { tool_name: string; result_status: string }[] }) =>
  page.mcp_calls.map((call) => `${call.tool_name} ${call.result_status}`);

describe.concurrent("a server that is asked to stop", { timeout: 120_000 }, () => {
  test("sees a worker's write to its end, and gives the run back for another to go on at once", async ({
    onTestFinished,
  }) => {
    const { stage, tenant } = await openStage(onTestFinished);
    const step = (key: string, tool: string, args: object = {}) => ({
      key,
      call: { server: "tools", tool, args: { name: key, ...args } },
    });
    await applyContracts(stage.server, "acme", [
      contract("agent", "janitor", {
        driver: "worker",
        triggers: [{ channel: "alerts" }],
        tools: grants({ approval: "never" }),
        runbook: { steps: [step("clear", "wipe", { hold: "go" }), step("after", "look")] },
      }),
    ]);
    const { run_id: runId } = await fireAlert(stage.server, tenant, "DiskFull");
    await stage.untilLedgerHas("wipe clear");
    await stage.stopWhileHeld("go");
    const isOver = (page: { run: { completed_at: string | null } }) =>
      page.run.completed_at !== null;
    const page = await waitForRun(stage.server, runId ?? "", isOver, SOON_MS);
    expect(page.run).toMatchObject({ state: "completed", attempt_count: 1 });
    expect(calls(page)).toEqual(["wipe success", "look success"]);
    expect(stage.ledger.lines()).toEqual(["wipe clear", "look after"]);
    // Its start is none of these: once more, by the second server.
    const claims = page.timeline.filter(
      ({ metadata }: { metadata: { event?: string } }) => metadata.event === "claim",
    );
    expect(claims).toHaveLength(1);
  });

  test("sees a client's write to its end", async ({ onTestFinished }) => {
    const { stage, tenant } = await openStage(onTestFinished);
    const helper = contract("agent", "helper", {
      driver: "client",
      tools: grants({ approval: "never" }),
    });
    await applyContracts(stage.server, "acme", [helper]);
    const key = tenant.keys.agent;
    const { run_id } = await good(stage.server.api("/runs", { key, body: {} }));
    const client = await connectV1({
      url: `${stage.server.url}/mcp`,
      key,
      headers: { "AwoooP-Run": run_id },
    });
    const called = client.callTool("wipe", { name: "cache", hold: "go" }).catch(() => undefined);
    await stage.untilLedgerHas("wipe cache");
    await stage.stopWhileHeld("go");
    await called;
    await client.close().catch(() => undefined);
    const page = await good(stage.server.api(`/runs/${run_id}`));
    expect(calls(page)).toEqual(["wipe success"]);
    expect(stage.ledger.lines()).toEqual(["wipe cache"]);
  });
});
