import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { seeded } from "./support/chaos.ts";
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
  newKey,
  openLedger,
} from "./support/e2e-tenant.ts";
import { connectV1 } from "./support/mcp/gateway.ts";
import { type Cut, type PgProxy, startPgProxy } from "./support/pg-proxy.ts";
import { queryRows } from "./support/server.ts";
import { waitFor } from "./support/wait.ts";

/**
 * The server is killed with SIGKILL somewhere between a person's yes and the end of the call: before or after any of the
 * statements of the decision, the claim, the gates, the redemption and the settling, or while the tool works. Whatever it
 * was doing, the call runs once, or is said to be unknown and never runs again. A run of a worker and a call of an MCP
 * client are decided about in each trial; a tool server of their own writes down what really reached it.
 */

const IS_LONG = process.env.AWOOOP_SOAK === "yes";
const TRIALS = Number(process.env.AWOOOP_KILL_TRIALS ?? (IS_LONG ? 200 : 3));
const SEED = Number(process.env.AWOOOP_KILL_SEED ?? 20_261_129);
const SOON_MS = 60_000;
/** In every fifth trial or so the tool itself takes long, and the server is killed meanwhile. */
const HELD_SHARE = 0.2;

const random = seeded(SEED);
const upTo = (count: number) => Math.floor(random() * count);

let database: TestDatabase;
let proxy: PgProxy;
let server: Awooop;
let ledger: Ledger;
let tenant: E2eTenant;
let agentKey: string;

const start = () => startAwooop({ databaseUrl: proxy.url, env: { AWOOOP_LOG_LEVEL: "fatal" } });

const look = (statement: string) => queryRows(database.adminUrl, statement);

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startPgProxy(database.url);
  ledger = await openLedger();
  server = await start();
  tenant = await addTenant(server, "acme", ledger);
  const call = (hold: object) => ({
    server: "tools",
    tool: "wipe",
    args: { name: { $cel: "run.id" }, ...hold },
  });
  const janitor = (id: string, alert: string, hold: object) =>
    contract("agent", id, {
      driver: "worker",
      triggers: [{ channel: "alerts", when: `trigger.labels.alertname == "${alert}"` }],
      tools: grants(),
      runbook: { steps: [{ key: "clear", call: call(hold) }] },
    });
  await applyContracts(server, "acme", [
    janitor("quick", "Quick", {}),
    janitor("slow", "Slow", { hold: "never" }),
  ]);
  agentKey = await newKey(server, {
    role: "agent",
    name: "held",
    agent_id: "helper",
    hold_seconds: 30,
    project_ids: ["acme"],
  });
}, 120_000);

afterAll(async () => {
  await server?.stop();
  await proxy?.close();
  await ledger?.remove();
  await database?.drop();
});

/** Two runs that wait for a person: one of a worker, and one of a client that is being held. */
interface Stage {
  worker: string;
  client: string;
  /** How the client's call is answered; undefined when its connection is lost. */
  held: Promise<Told | undefined>;
}

interface Told {
  code: string | undefined;
}

const argsOf = (runId: string, isSlow: boolean) => ({
  name: runId,
  ...(isSlow ? { hold: "never" } : {}),
});

async function callAs(runId: string, isSlow: boolean): Promise<Told> {
  const to = { url: `${server.url}/mcp`, key: agentKey, headers: { "AwoooP-Run": runId } };
  const client = await connectV1(to);
  try {
    const { _meta } = await client.callTool("wipe", argsOf(runId, isSlow));
    return { code: (_meta as Record<string, string> | undefined)?.["awooop/code"] };
  } finally {
    await client.close().catch(() => undefined);
  }
}

async function openStage(isSlow: boolean): Promise<Stage> {
  const { run_id: worker } = await fireAlert(server, tenant, isSlow ? "Slow" : "Quick");
  const { run_id: client } = await good(server.api("/runs", { key: agentKey, body: {} }));
  const held = callAs(client, isSlow).catch(() => undefined);
  if (worker === null) throw new Error("the alert started no run");
  await waitFor(
    async () => {
      const waiting = await look(`select 1 from awooop.runs where state = 'waiting_approval'
        and run_id in ('${worker}', '${client}')`);
      return waiting.length === 2;
    },
    { timeoutMs: SOON_MS, what: "both runs to wait for a person" },
  );
  return { worker, client, held };
}

/** Says yes, under a key of its own; answers whether the server said that it is so. */
const approve = (runId: string): Promise<boolean> =>
  server
    .api(`/approvals/${runId}/decide`, {
      key: tenant.keys.operator,
      body: { project_id: "acme", decision: "approve" },
      headers: { "idempotency-key": `yes ${runId}` },
    })
    .then(({ status }) => status === 200)
    .catch(() => false);

const reached = (runId: string) => ledger.lines().filter((line) => line === `wipe ${runId}`).length;

const isOver = async (runId: string) => {
  const [run] = await look(
    `select state from awooop.runs where run_id = '${runId}' and completed_at is not null`,
  );
  return run !== undefined;
};

/** How transactions of tenants begin: a sweeper that only looks is none of them. */
const TENANT = /^begin; .*awooop_app/s;

/** How many statements it takes when nothing happens. */
async function measure(): Promise<number> {
  const { worker, client, held } = await openStage(false);
  const { statements } = proxy.watchAll(TENANT);
  await Promise.all([approve(worker), approve(client)]);
  expect(await held).toEqual({ code: undefined });
  await waitFor(() => isOver(worker), { timeoutMs: SOON_MS, what: "the run to be over" });
  expect([reached(worker), reached(client)]).toEqual([1, 1]);
  return statements.length;
}

/** Decides about both, and lets the server die where the cut says, or, with a slow tool, once both calls have reached it. */
async function decideAndDie({ worker, client }: Stage, cut: Cut | undefined): Promise<void> {
  const dying = Promise.withResolvers<void>();
  const die = () => void server.kill9().then(dying.resolve);
  if (cut) proxy.watchAll(TENANT, { ...cut, act: die });
  const decided = Promise.all([approve(worker), approve(client)]);
  const isDone = async () =>
    reached(client) > 0 && (cut ? await isOver(worker) : reached(worker) > 0);
  let isDead = false;
  void dying.promise.then(() => {
    isDead = true;
  });
  await waitFor(async () => isDead || (await isDone()), {
    timeoutMs: SOON_MS,
    what: "the server to die, or all to be over",
  });
  if (!isDead) die();
  await dying.promise;
  // The next one is left alone.
  proxy.watchNext(/(?!)/);
  await decided;
}

/** What nobody holds any more is over at once, and not only after the lease of the dead. */
async function passTime(): Promise<void> {
  await look("update awooop.runs set lease_until = now() where worker_id is not null");
  await look("update awooop.runs set created_at = created_at - interval '1 minute'");
  await look("update awooop.mcp_calls set deadline_at = now() where result_status = 'executing'");
}

/** What the tables say of the one call that was approved in a run. */
async function recordOf(runId: string) {
  const [record] = await look(`select r.state, r.error_code,
      (select count(*)::int from awooop.approval_decisions d where d.run_id = r.run_id) as decisions,
      (select count(*)::int from awooop.approvals a where a.run_id = r.run_id and a.redeemed_at is not null) as redeemed,
      (select array_agg(c.result_status order by c.created_at) from awooop.mcp_calls c where c.run_id = r.run_id
        and c.call_id in (select redeemed_call_id from awooop.approvals a where a.run_id = r.run_id)) as calls
    from awooop.runs r where r.run_id = '${runId}'`);
  return record;
}

/** One decision, one redemption, and a call that says what happened; `unknown` where nobody can know. */
async function expectTruth(runId: string, where: string): Promise<void> {
  const record = await recordOf(runId);
  expect(record, where).toMatchObject({ decisions: 1, redeemed: 1 });
  expect([["success"], ["unknown"]], where).toContainEqual(record?.calls);
  const times = reached(runId);
  if (String(record?.calls) === "success") expect(times, where).toBe(1);
  else expect(times, where).toBeLessThanOrEqual(1);
}

async function tryOnce(steps: number): Promise<string> {
  const isSlow = random() < HELD_SHARE;
  const statement = 1 + upTo(steps);
  const when = random() < 0.5 ? ("before" as const) : ("after" as const);
  const where = isSlow ? "while the tool works" : `${when} statement ${statement} of ${steps}`;
  const stage = await openStage(isSlow);
  await decideAndDie(stage, isSlow ? undefined : { statement, when });
  await passTime();
  server = await start();
  // The same yes again, from somebody who got no answer; then the client, which did not get its result either.
  for (const runId of [stage.worker, stage.client])
    await waitFor(() => approve(runId), { timeoutMs: SOON_MS, what: `a yes, ${where}` });
  const told = await stage.held;
  if (!told) await callAgain(stage.client, isSlow);
  await waitFor(() => isOver(stage.worker), { timeoutMs: SOON_MS, what: `the run, ${where}` });
  for (const runId of [stage.worker, stage.client]) await expectTruth(runId, where);
  const record = await recordOf(stage.worker);
  expect(
    [
      { state: "completed", error_code: null },
      { state: "failed", error_code: "E-CALL-UNKNOWN" },
    ],
    where,
  ).toContainEqual({ state: record?.state, error_code: record?.error_code });
  return where;
}

/** The client comes back with the identical call: it gets the result, or is asked about anew, which nobody answers. */
async function callAgain(runId: string, isSlow: boolean): Promise<void> {
  if ((await recordOf(runId))?.redeemed === 0) {
    expect(await callAs(runId, isSlow)).toEqual({ code: undefined });
    return;
  }
  await waitFor(
    async () => {
      const executing = await look(
        `select 1 from awooop.mcp_calls where run_id = '${runId}' and result_status = 'executing'`,
      );
      return executing.length === 0;
    },
    { timeoutMs: SOON_MS, what: "the lost call to be declared so" },
  );
}

describe("between a person's yes and the end of the call", () => {
  test(
    `a server that is killed ${TRIALS} times loses nothing and does nothing twice`,
    async () => {
      const steps = await measure();
      for (let trial = 1; trial <= TRIALS; trial++) {
        const where = await tryOnce(steps);
        if (IS_LONG) process.stdout.write(`kill trial ${trial}: ${where}\n`);
      }
    },
    120_000 + TRIALS * 30_000,
  );
});
