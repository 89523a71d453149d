import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, type TestContext, test } from "vitest";
import { type Awooop, type AwooopOptions, startAwooop } from "./support/awooop.ts";
import { createTestDatabase } from "./support/database.ts";
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
import { connectV1 } from "./support/mcp/gateway.ts";
import { waitFor } from "./support/wait.ts";

/**
 * The real server, killed with SIGKILL in the middle of things and started again on the same data. A tool server
 * writes down what really reached it.
 */

/** A worker's lease lasts 20 seconds; then another takes its run. */
const TAKEN_OVER_MS = 60_000;
const SOON_MS = 40_000;

/** Tests that run beside each other clear away by their own context. */
type Finishing = Pick<TestContext, "onTestFinished">;

interface Stage {
  server: Awooop;
  tenant: E2eTenant;
  ledger: Ledger;
  /** Kills the server now and starts it again with the same data. */
  crash(env?: Record<string, string>): Promise<void>;
}

/** A server with its own data and the tenant `acme`; all of it is cleared away after the test. */
async function openStage(
  { onTestFinished }: Finishing,
  where: "embedded" | "external",
): Promise<Stage> {
  const ledger = await openLedger();
  onTestFinished(ledger.remove);
  const options = await (where === "embedded" ? embedded : external)(onTestFinished);
  const stage = { ledger } as Stage;
  const start = async (env: Record<string, string> = {}) => {
    stage.server = await startAwooop({ ...options, env });
  };
  onTestFinished(async () => {
    await stage.server?.stop();
  });
  await start();
  stage.crash = async (env) => {
    await stage.server.kill9();
    await start(env);
  };
  stage.tenant = await addTenant(stage.server, "acme", ledger);
  return stage;
}

async function external(onTestFinished: Finishing["onTestFinished"]): Promise<AwooopOptions> {
  const database = await createTestDatabase();
  onTestFinished(database.drop);
  return { databaseUrl: database.url };
}

async function embedded(onTestFinished: Finishing["onTestFinished"]): Promise<AwooopOptions> {
  const dataDir = await mkdtemp(join(tmpdir(), "awooop-crash-"));
  onTestFinished(async () => {
    // Still there only when the test failed between the crash and the next start.
    const file = join(dataDir, "postgres", "cluster", "postmaster.pid");
    if (existsSync(file)) process.kill(Number(readFileSync(file, "utf8").split("\n")[0]), "SIGINT");
    await waitFor(() => !existsSync(file), { timeoutMs: SOON_MS, what: "PostgreSQL to stop" });
    await rm(dataDir, { recursive: true, force: true });
  });
  return { dataDir };
}

const step = (key: string, tool: string, args: object = {}) => ({
  key,
  call: { server: "tools", tool, args: { name: key, ...args } },
});

/** Lets the worker agent `janitor` follow the steps for a new alert; answers its run. */
async function startRun({ server, tenant }: Stage, steps: object[], grant: object = {}) {
  const janitor = contract("agent", "janitor", {
    driver: "worker",
    triggers: [{ channel: "alerts", when: 'trigger.labels.alertname == "DiskFull"' }],
    tools: grants(grant),
    runbook: { steps },
  });
  await applyContracts(server, tenant.projectId, [janitor]);
  const { run_id } = await fireAlert(server, tenant, "DiskFull");
  if (run_id === null) throw new Error("the alert started no run");
  return run_id;
}

const isState = (state: string) => (page: { run: { state: string } }) => page.run.state === state;
const isOver = (page: { run: { completed_at: string | null } }) => page.run.completed_at !== null;

/** The one open question of a run. */
async function questionOf({ server }: Stage, runId: string): Promise<string> {
  const { approvals } = await good(server.api(`/approvals?run_id=${runId}`));
  expect(approvals).toHaveLength(1);
  return approvals[0].approval_id;
}

const decide = ({ server, tenant }: Stage, runId: string, approvalId: string) =>
  good(
    server.api(`/approvals/${runId}/decide`, {
      key: tenant.keys.operator,
      body: { project_id: tenant.projectId, decision: "approve", approval_id: approvalId },
    }),
  );

interface Page {
  run: Record<string, unknown>;
  steps: { step_seq: number; step_key: string; result_status: string; error_code: unknown }[];
  mcp_calls: { tool_name: string; result_status: string }[];
}

/** The journal as one line a step; its numbers must have no holes. */
function journal(page: Page): string[] {
  expect(page.steps.map(({ step_seq }) => step_seq)).toEqual(page.steps.map((_, at) => at + 1));
  return page.steps.map(({ step_key, result_status }) => {
    const [key] = step_key.split(":");
    return `${key} ${result_status}`;
  });
}

const calls = (page: Page) =>
  page.mcp_calls.map((call) => `${call.tool_name} ${call.result_status}`);

const untilLedgerHas = ({ ledger }: Stage, line: string) =>
  waitFor(() => ledger.lines().includes(line), { timeoutMs: SOON_MS, what: `"${line}"` });

const REPAIR = [step("before", "look"), step("clear", "wipe"), step("after", "look")];
const REPAIRED = ["look before", "wipe clear", "look after"];
const REPAIR_JOURNAL = [
  "before success",
  "clear success",
  "operator_console.approve success",
  "after success",
];

describe.concurrent("kill -9", { timeout: 120_000 }, () => {
  test("while a run waits for approval: the question stays, and approving it completes the run", async ({
    onTestFinished,
  }) => {
    const stage = await openStage({ onTestFinished }, "embedded");
    const runId = await startRun(stage, REPAIR);
    await waitForRun(stage.server, runId, isState("waiting_approval"), SOON_MS);
    const before = await questionOf(stage, runId);

    await stage.crash();
    expect(await questionOf(stage, runId)).toBe(before);
    expect(stage.ledger.lines()).toEqual(["look before"]);
    await decide(stage, runId, before);
    const page = await waitForRun(stage.server, runId, isOver, SOON_MS);
    expect(page.run).toMatchObject({ state: "completed", attempt_count: 1 });
    expect(journal(page)).toEqual(REPAIR_JOURNAL);
    expect(stage.ledger.lines()).toEqual(REPAIRED);
  });

  test("while a read is on its way: the run goes on, and what was finished is not done again", async ({
    onTestFinished,
  }) => {
    const stage = await openStage({ onTestFinished }, "external");
    const runId = await startRun(stage, [
      step("first", "look"),
      step("second", "look", { hold: "second" }),
      step("third", "look"),
    ]);
    await untilLedgerHas(stage, "look second");

    await stage.crash();
    stage.ledger.letGo("second");
    const page = await waitForRun(stage.server, runId, isOver, TAKEN_OVER_MS);
    expect(page.run).toMatchObject({ state: "completed", attempt_count: 2, error_code: null });
    expect(journal(page)).toEqual(["first success", "second success", "third success"]);
    expect(calls(page)).toEqual(["look success", "look error", "look success", "look success"]);
    expect(stage.ledger.lines()).toEqual([
      "look first",
      "look second",
      "look second",
      "look third",
    ]);
  });

  test("while a write is on its way: its fate is unknown, and it is never sent again", async ({
    onTestFinished,
  }) => {
    const stage = await openStage({ onTestFinished }, "external");
    const runId = await startRun(
      stage,
      [step("clear", "wipe", { hold: "never" }), step("after", "look")],
      { approval: "never", cost_per_call: 0.25 },
    );
    await untilLedgerHas(stage, "wipe clear");

    await stage.crash();
    const page = await waitForRun(stage.server, runId, isOver, TAKEN_OVER_MS);
    expect(page.run).toMatchObject({
      state: "failed",
      error_code: "E-CALL-UNKNOWN",
      // It may have happened, so its money stays spent.
      cost_usd: 0.25,
    });
    expect(page.run.error_detail).toMatch(/not known whether wipe happened/);
    expect(journal(page)).toEqual(["clear unknown"]);
    expect(calls(page)).toEqual(["wipe unknown"]);
    expect(stage.ledger.lines()).toEqual(["wipe clear"]);
  });

  test("after the decision and before anybody acted on it: the run goes on by itself, once", async ({
    onTestFinished,
  }) => {
    const stage = await openStage({ onTestFinished }, "external");
    const runId = await startRun(stage, REPAIR);
    await waitForRun(stage.server, runId, isState("waiting_approval"), SOON_MS);
    // A process without a worker: the decision is all that happens in it.
    await stage.crash({ AWOOOP_ROLES: "api" });
    const decided = await decide(stage, runId, await questionOf(stage, runId));
    expect(decided).toMatchObject({ new_state: "running" });
    expect(stage.ledger.lines()).toEqual(["look before"]);

    await stage.crash();
    const page = await waitForRun(stage.server, runId, isOver, TAKEN_OVER_MS);
    expect(page.run).toMatchObject({ state: "completed", attempt_count: 1 });
    expect(journal(page)).toEqual(REPAIR_JOURNAL);
    expect(stage.ledger.lines()).toEqual(REPAIRED);
  });

  test("in the moment of the decision's answer: the write runs once, or says that nobody knows", async ({
    onTestFinished,
  }) => {
    const stage = await openStage({ onTestFinished }, "external");
    const runId = await startRun(stage, REPAIR);
    await waitForRun(stage.server, runId, isState("waiting_approval"), SOON_MS);
    await decide(stage, runId, await questionOf(stage, runId));

    await stage.crash();
    const page = await waitForRun(stage.server, runId, isOver, TAKEN_OVER_MS);
    const wiped = stage.ledger.lines().filter((line) => line === "wipe clear").length;
    if (page.run.state === "completed") {
      expect(journal(page)).toEqual(REPAIR_JOURNAL);
      expect(wiped).toBe(1);
    } else {
      expect(page.run).toMatchObject({ state: "failed", error_code: "E-CALL-UNKNOWN" });
      expect(calls(page).at(-1)).toBe("wipe unknown");
      expect(wiped).toBeLessThanOrEqual(1);
    }
  });

  test("while a client's call waits: the same call finds its question again and runs once", async ({
    onTestFinished,
  }) => {
    const stage = await openStage({ onTestFinished }, "external");
    const call = async () => {
      const client = await connectV1({
        url: `${stage.server.url}/mcp`,
        key: stage.tenant.keys.agent,
        headers: { "AwoooP-Run": run_id },
      });
      return client.callTool("wipe", { name: "cache" }).finally(() => client.close());
    };
    const { run_id } = await good(
      stage.server.api("/runs", { key: stage.tenant.keys.agent, body: {} }),
    );
    const asked = await call();
    expect(asked).toMatchObject({ _meta: { "awooop/code": "E-APPR-REQUIRED" } });

    await stage.crash();
    expect(await call()).toMatchObject({ _meta: asked._meta });
    await decide(stage, run_id, await questionOf(stage, run_id));
    expect(await call()).toMatchObject({ content: [{ text: '{"did":"wipe cache"}' }] });
    expect(stage.ledger.lines()).toEqual(["wipe cache"]);
  });
});
