import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import {
  addTenant,
  applyContracts,
  contract,
  contractsOfTenant,
  type E2eTenant,
  fireAlert,
  good,
  grants,
  type Ledger,
  newKey,
  openLedger,
} from "./support/e2e-tenant.ts";
import { connectV1 } from "./support/mcp/gateway.ts";
import { queryRows } from "./support/server.ts";
import { waitFor } from "./support/wait.ts";

/**
 * Time, with real processes: one that serves the API and agents, and workers of their own that are killed. What is over is
 * over whether or not a worker is there to write it down.
 */

const SOON_MS = 60_000;

let database: TestDatabase;
let server: Awooop;
let ledger: Ledger;

const look = (statement: string) => queryRows(database.adminUrl, statement);
const startWorker = () =>
  startAwooop({
    databaseUrl: database.url,
    env: { AWOOOP_ROLES: "worker", AWOOOP_LOG_LEVEL: "fatal" },
  });

beforeAll(async () => {
  database = await createTestDatabase();
  ledger = await openLedger();
  server = await startAwooop({
    databaseUrl: database.url,
    env: { AWOOOP_ROLES: "api,gateway", AWOOOP_LOG_LEVEL: "fatal" },
  });
}, 90_000);

afterAll(async () => {
  await server?.stop();
  await ledger?.remove();
  await database?.drop();
});

interface Agent {
  tenant: E2eTenant;
  key: string;
}

/** A project with an agent whose calls of `wipe` are held while a person is asked. */
async function addAgent(projectId: string, grant: object = {}): Promise<Agent> {
  const tenant = await addTenant(server, projectId, ledger);
  await applyContracts(server, projectId, [
    contract("channel", "board", { type: "console" }),
    contract("agent", "held", { driver: "client", notify: ["board"], tools: grants(grant) }),
    contract("agent", "janitor", {
      driver: "worker",
      triggers: [{ channel: "alerts", when: 'trigger.labels.alertname == "DiskFull"' }],
      tools: grants(grant),
      runbook: {
        steps: [{ key: "clear", call: { server: "tools", tool: "wipe", args: { name: "run" } } }],
      },
    }),
  ]);
  const held = { role: "agent", name: "held", agent_id: "held", hold_seconds: 50 };
  return { tenant, key: await newKey(server, { ...held, project_ids: [projectId] }) };
}

const openRun = async ({ key }: Agent): Promise<string> =>
  (await good(server.api("/runs", { key, body: {} }))).run_id;

/** Calls a tool as the agent, and answers the code it is told. */
async function call({ key }: Agent, runId: string, tool: string, args: object): Promise<string> {
  const to = { url: `${server.url}/mcp`, key, headers: { "AwoooP-Run": runId } };
  const client = await connectV1(to);
  try {
    const answer = await client.callTool(tool, { ...args });
    const meta = answer._meta as Record<string, string> | undefined;
    return meta?.["awooop/code"] ?? JSON.stringify(answer.content);
  } finally {
    await client.close();
  }
}

const wipe = (agent: Agent, runId: string) => call(agent, runId, "wipe", { name: runId });

/** The open question of a run, as soon as there is one. */
const questionOf = (runId: string): Promise<string> =>
  waitFor(
    async () =>
      (
        await look(
          `select approval_id from awooop.approvals where run_id = '${runId}' and status = 'open'`,
        )
      )[0]?.approval_id as string | undefined,
    { timeoutMs: SOON_MS, what: "a question" },
  );

const standing = async (approvalId: string) =>
  (
    await look(`select a.status, a.redeemed_at, r.state, r.error_code,
      extract(epoch from a.decided_at - a.expires_at)::float8 as late
    from awooop.approvals a join awooop.runs r using (project_id, run_id) where a.approval_id = '${approvalId}'`)
  )[0];

const decide = ({ tenant }: Agent, runId: string) =>
  server.api(`/approvals/${runId}/decide`, {
    key: tenant.keys.operator,
    body: { project_id: tenant.projectId, decision: "approve" },
  });

describe("a question whose time is over", () => {
  test("is over for everybody while every worker is down for an hour, and closed at once when one is back", async () => {
    const agent = await addAgent("hour");
    const brief = await addAgent("brief", { expires_seconds: 3 });
    const worker = await startWorker();
    const { run_id } = await fireAlert(server, agent.tenant, "DiskFull");
    if (run_id === null) throw new Error("the alert started no run");
    const approvalId = await questionOf(run_id);
    await worker.kill9();

    // What is held hears of the expiry with no worker there.
    const heldRun = await openRun(brief);
    expect(await wipe(brief, heldRun)).toBe("E-APPR-EXPIRED");

    await look(`update awooop.approvals set created_at = created_at - interval '2 hours',
      expires_at = clock_timestamp() - interval '1 hour' where approval_id = '${approvalId}'`);
    expect(await standing(approvalId)).toMatchObject({ status: "open", state: "waiting_approval" });
    expect(await decide(agent, run_id)).toMatchObject({
      status: 410,
      body: { code: "E-APPR-EXPIRED" },
    });
    const { approvals } = await good(server.api(`/approvals?run_id=${run_id}`));
    expect(approvals).toMatchObject([
      { approval_id: approvalId, status: "expired", expired: true },
    ]);
    const wait = `/approvals/${approvalId}/wait?timeout_seconds=20`;
    expect(await good(server.api(wait))).toMatchObject({ status: "expired" });
    expect(ledger.lines()).toEqual([]);

    const back = await startWorker();
    const readyAt = Date.now();
    const closed = await waitFor(
      async () => {
        const now = await standing(approvalId);
        return now?.status === "expired" && now.state === "cancelled" ? now : undefined;
      },
      { timeoutMs: SOON_MS, what: "the question to be closed" },
    );
    expect(closed).toMatchObject({ error_code: "E-APPR-EXPIRED", redeemed_at: null });
    const decidedMs = Date.now() - readyAt;
    expect(decidedMs).toBeLessThan(5_000);

    // And with a worker there, nothing stays open for long.
    const soon = await openRun(brief);
    const told = wipe(brief, soon);
    const open = await questionOf(soon);
    await waitFor(async () => (await standing(open))?.status === "expired", {
      timeoutMs: SOON_MS,
      what: "the question to expire",
    });
    expect((await standing(open))?.late).toBeLessThan(5);
    expect(await told).toBe("E-APPR-EXPIRED");
    await back.stop();
    expect(ledger.lines()).toEqual([]);
  }, 120_000);
});

describe("reminders", () => {
  test("go out once each, with two workers that are killed at any time", async () => {
    const escalate = [1, 2, 3, 4].map((after_seconds) => ({
      after_seconds,
      ...(after_seconds > 2 ? { to_group: "leads" } : {}),
    }));
    const agent = await addAgent("remind", { ask: { escalate } });
    const run = await openRun(agent);
    const told = wipe(agent, run);
    const approvalId = await questionOf(run);
    const messages = () =>
      look(`select content ->> 'text' as text, subject_kind from awooop.outbound_messages
        where run_id = '${run}' and message_type = 'approval_request' and content ->> 'text' not like 'May %' order by queued_at`);
    const mortal = async () => {
      for (const seen of [1, 3]) {
        const worker = await startWorker();
        await waitFor(async () => (await messages()).length >= seen, {
          timeoutMs: SOON_MS,
          what: "a reminder",
        });
        await worker.kill9();
      }
    };
    await Promise.all([mortal(), mortal()]);
    const last = await startWorker();
    await waitFor(async () => (await messages()).length >= 4, {
      timeoutMs: SOON_MS,
      what: "all reminders",
    });
    const steps = await look(`select action, details -> 'step' as step from awooop.audit_log
      where subject_id = '${approvalId}' and action in ('run.approval.remind', 'run.approval.escalate') order by audit_id`);
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    const sent = await messages();
    expect(sent.map(({ subject_kind }) => subject_kind).sort()).toEqual([
      "escalation",
      "escalation",
      null,
      null,
    ]);
    const [question] = await look(
      `select escalated_groups, next_step_at from awooop.approvals where approval_id = '${approvalId}'`,
    );
    expect(question).toEqual({ escalated_groups: ["leads"], next_step_at: null });
    await good(server.api(`/runs/${run}/cancel`, { body: { reason: "enough" } }));
    await told;
    await last.stop();
  }, 120_000);
});

/** The project's tool server describes its tools in other words from now on. */
async function changeTools(agent: Agent): Promise<void> {
  const [tools] = contractsOfTenant(ledger) as [{ body: { args: string[] } }];
  const args = [...tools.body.args, "is done otherwise"];
  const changed = { ...tools, body: { ...tools.body, args } };
  await applyContracts(server, agent.tenant.projectId, [changed]);
  // Somebody else's call makes the gateway list the tools anew.
  const other = await openRun(agent);
  expect(await call(agent, other, "look", { name: "other" })).toBe("E-TOOL-CHANGED");
}

describe("what voids a question tells the agent that is held for it", () => {
  const cases: [string, (agent: Agent, runId: string) => Promise<unknown>, string, string][] = [
    [
      "a cancelled run",
      (_agent, runId) => good(server.api(`/runs/${runId}/cancel`, { body: { reason: "enough" } })),
      "E-RUN-NOT-RUNNING",
      "cancelled",
    ],
    [
      "a retired contract",
      async ({ tenant: { projectId: project_id } }) => {
        const [row] = await look(`select revision_id from awooop.contract_revisions
          where project_id = '${project_id}' and contract_id = 'held'`);
        for (const event of ["deprecate", "retire"])
          await good(server.api(`/contracts/${row?.revision_id}/${event}`, { body: {} }));
      },
      "E-CONTRACT-NONE",
      "running",
    ],
    ["a tool that is another than it was", changeTools, "E-TOOL-CHANGED", "running"],
  ];

  test("a runbook whose tool is another than it was ends with the reason", async () => {
    const agent = await addAgent("runbook");
    const worker = await startWorker();
    const { run_id } = await fireAlert(server, agent.tenant, "DiskFull");
    if (run_id === null) throw new Error("the alert started no run");
    const approvalId = await questionOf(run_id);
    await changeTools(agent);
    const over = await waitFor(
      async () => {
        const now = await standing(approvalId);
        return now?.state === "failed" ? now : undefined;
      },
      { timeoutMs: SOON_MS, what: "the run to fail" },
    );
    expect(over).toMatchObject({ status: "voided", error_code: "E-TOOL-CHANGED" });
    await worker.stop();
  }, 90_000);

  test.concurrent.each(cases)("%s", { timeout: 90_000 }, async (name, act, code, state) => {
    const agent = await addAgent(`void-${name.split(" ")[1]}`);
    const run = await openRun(agent);
    const told = wipe(agent, run);
    const approvalId = await questionOf(run);
    await act(agent, run);
    expect(await told).toBe(code);
    expect(await standing(approvalId)).toMatchObject({ status: "voided", state });
    expect(await decide(agent, run)).toMatchObject({ status: 409, body: { code: "E-RUN-STATE" } });
    expect(ledger.lines()).not.toContain(`wipe ${run}`);
  });
});
