import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import {
  addTenant,
  applyContracts,
  contract,
  type E2eTenant,
  good,
  grants,
  type Ledger,
  newKey,
  openLedger,
} from "./support/e2e-tenant.ts";
import { connectV1, type TestClient } from "./support/mcp/gateway.ts";
import { withClient } from "./support/server.ts";
import { waitFor } from "./support/wait.ts";

/** Deciding about questions through the API of a real server, with what PostgreSQL holds afterwards. */

const PROJECT = "acme";
const SOON_MS = 20_000;

let database: TestDatabase;
let ledger: Ledger;
let server: Awooop;
let tenant: E2eTenant;
/** Ten people who may decide. */
let people: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  ledger = await openLedger();
  server = await startAwooop({ databaseUrl: database.url });
  tenant = await addTenant(server, PROJECT, ledger);
  people = await Promise.all(
    Array.from({ length: 10 }, (_, at) =>
      newKey(server, { role: "operator", name: `person-${at}`, project_ids: [PROJECT] }),
    ),
  );
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
  await ledger?.remove();
});

let client: TestClient | undefined;
let runId: string;
/** What the test at hand wipes. */
let name: string;
let serial = 0;

beforeEach(() => {
  serial += 1;
  name = `n${serial}`;
});

afterAll(() => client?.close());

/** A client run of its own for the test, under the contract as the test wants it. */
async function openRun(grant: object = {}): Promise<void> {
  const helper = contract("agent", "helper", { driver: "client", tools: grants(grant) });
  await applyContracts(server, PROJECT, [helper]);
  const { agent } = tenant.keys;
  ({ run_id: runId } = await good(server.api("/runs", { key: agent, body: {} })));
  await client?.close();
  client = await connectV1({
    url: `${server.url}/mcp`,
    key: agent,
    headers: { "AwoooP-Run": runId },
  });
}

function wipe(of = name): Promise<Record<string, unknown>> {
  if (!client) throw new Error("the test has opened no run");
  return client.callTool("wipe", { name: of });
}

/** Calls the tool that needs approval; answers the question it asks. */
async function ask(of = name): Promise<string> {
  const answer = await wipe(of);
  const meta = answer._meta as Record<string, unknown>;
  expect(meta).toMatchObject({ "awooop/code": "E-APPR-REQUIRED", "awooop/gate": 5 });
  return String(meta["awooop/approval"]).slice("apr_".length);
}

interface Decision {
  decision?: string;
  reason?: string;
  approval_id?: string;
  as?: string | undefined;
  once?: string;
}

function decide({ decision = "approve", as, once, ...more }: Decision = {}) {
  return server.api(`/approvals/${runId}/decide`, {
    key: as ?? tenant.keys.operator,
    body: { project_id: PROJECT, decision, ...more },
    headers: once === undefined ? {} : { "idempotency-key": once },
  });
}

/** What the database holds about the run's decisions. */
async function traces() {
  return withClient(database.url, async (admin) => {
    await admin.query("set role awooop_platform; set search_path = awooop");
    const count = async (text: string) =>
      Number((await admin.query(`select count(*) from ${text}`, [runId])).rows[0].count);
    return {
      decisions: await count("approval_decisions where run_id = $1"),
      steps: await count("run_steps where run_id = $1 and kind = 'decision'"),
      moves: await count("run_transitions where run_id = $1 and event in ('resume', 'cancel')"),
      audits: await count(
        "audit_log where subject_id = $1::text and action in ('run.approval.approve', 'run.approval.reject')",
      ),
    };
  });
}

const ONCE = { decisions: 1, steps: 1, moves: 1, audits: 1 };
const wiped = () => ledger.lines().filter((line) => line === `wipe ${name}`).length;
const runNow = async () => (await good(server.api(`/runs/${runId}`))).run;

describe("many decisions at once", () => {
  test("one of fifty stands; the others are told which, and nothing is written twice", async () => {
    await openRun();
    const approvalId = await ask();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        decide({
          decision: at % 2 === 0 ? "approve" : "reject",
          reason: `by ${at}`,
          as: people[at % people.length],
          ...(at % 3 === 0 ? { approval_id: approvalId } : {}),
        }),
      ),
    );
    const [won, ...more] = answers.filter(({ status }) => status === 200);
    expect(more).toEqual([]);
    const winner = answers.indexOf(won as (typeof answers)[number]);
    const { decision } = won?.body ?? {};
    expect(decision).toBe(winner % 2 === 0 ? "approve" : "reject");
    const standing = {
      actor: `person-${winner % people.length}`,
      decision,
      reason: `by ${winner}`,
      at: expect.any(String),
    };
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expect(answer).toMatchObject({
        status: 409,
        body: { code: "E-APPR-DECIDED", state: "running", standing },
      });
    }
    expect(await traces()).toEqual(ONCE);

    const after = await wipe();
    expect(after.isError === true).toBe(decision === "reject");
    expect(wiped()).toBe(decision === "approve" ? 1 : 0);
  });

  test("of fifty approvals where two are needed, two count, and of two different people", async () => {
    await openRun({ quorum: 2 });
    await ask();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => decide({ as: people[at % 5] })),
    );
    const counted = answers.filter(({ status }) => status === 200).map(({ body }) => body);
    const states = counted.map(({ new_state }) => new_state).sort();
    expect(states).toEqual(["running", "waiting_approval"]);
    const completing = counted.filter(({ approval_token_jti }) => approval_token_jti !== null);
    expect(completing.map(({ new_state }) => new_state)).toEqual(["running"]);
    const others = answers.filter(({ status }) => status !== 200);
    expect(others).toHaveLength(48);
    for (const other of others) {
      expect(other).toMatchObject({ status: 409, body: { code: "E-APPR-DECIDED" } });
    }
    expect(await traces()).toEqual({ decisions: 2, steps: 2, moves: 1, audits: 2 });
    const approvers = await withClient(database.url, async (admin) => {
      await admin.query("set role awooop_platform");
      const text = "select distinct actor_id from awooop.approval_decisions where run_id = $1";
      return (await admin.query(text, [runId])).rowCount;
    });
    expect(approvers).toBe(2);
    await wipe();
    expect(wiped()).toBe(1);
  });

  test("the approved call is executed once, however often it is made at once", async () => {
    await openRun();
    await ask();
    expect((await decide()).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 8 }, () => wipe()));
    const done = answers.filter(({ isError }) => isError !== true);
    // Who comes while the result is on its way to the first is told it too.
    expect(done.length).toBeGreaterThanOrEqual(1);
    for (const one of done) expect(one).toEqual(done[0]);
    expect(wiped()).toBe(1);
    for (const other of answers.filter(({ isError }) => isError === true))
      expect(other._meta).toMatchObject({
        "awooop/code": expect.stringMatching(/^E-APPR-(REQUIRED|USED)$/),
      });
  });

  test("one Idempotency-Key decides once: every repeat gets the first answer", async () => {
    await openRun();
    await ask();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => decide({ once: `once-${name}` })),
    );
    const [first] = answers;
    expect(first).toMatchObject({ status: 200, body: { run_id: runId, decision: "approve" } });
    for (const answer of answers) expect(answer).toEqual(first);
    expect(await decide({ once: `once-${name}` })).toEqual(first);
    expect(await traces()).toEqual(ONCE);
    expect(await decide({ once: `once-${name}`, decision: "reject" })).toMatchObject({
      status: 422,
      body: { code: "E-IDEMPOTENCY" },
    });
    // Another person's key of the same name is another one.
    const other = await decide({ once: `once-${name}`, as: people[0] });
    expect(other).toMatchObject({ status: 409, body: { code: "E-APPR-DECIDED" } });
  });
});

describe("a decision", () => {
  test("is for one exact call: one changed byte asks anew", async () => {
    await openRun();
    await ask();
    await good(decide());
    await ask(`${name}!`);
    await wipe();
    expect(ledger.lines()).not.toContain(`wipe ${name}!`);
    expect(wiped()).toBe(1);
  });

  test("needs the question's name when several are open, and the run waits for all of them", async () => {
    await openRun();
    const first = await ask(`${name}a`);
    const second = await ask(`${name}b`);
    const vague = await decide();
    expect(vague).toMatchObject({ status: 422, body: { code: "E-INPUT" } });
    expect(vague.body.errors).toMatchObject([{ path: "body.approval_id" }]);
    expect(await traces()).toMatchObject({ decisions: 0, steps: 0 });
    expect((await decide({ approval_id: first })).body).toMatchObject({
      new_state: "waiting_approval",
    });
    const again = await decide({ approval_id: first });
    expect(again).toMatchObject({
      status: 409,
      body: {
        code: "E-APPR-DECIDED",
        state: "waiting_approval",
        standing: { decision: "approve" },
      },
    });
    expect((await decide({ approval_id: second })).body).toMatchObject({ new_state: "running" });
    expect(await traces()).toEqual({ decisions: 2, steps: 2, moves: 1, audits: 2 });
  });

  test("that rejects goes back to the client's agent with its reason, and the run goes on", async () => {
    await openRun();
    await ask();
    const answer = await good(decide({ decision: "reject", reason: "not during the sale" }));
    expect(answer).toMatchObject({ new_state: "running", approval_token_jti: null });
    // The no stands for this call in this run, however often it is made; another call may be asked for.
    for (let times = 1; times <= 2; times += 1) {
      const refused = await wipe();
      expect(refused).toMatchObject({
        isError: true,
        _meta: { "awooop/code": "E-APPR-REJECTED", "awooop/gate": 5 },
      });
      expect(JSON.stringify(refused.content)).toContain("not during the sale");
    }
    expect(await runNow()).toMatchObject({ state: "running" });
    await ask(`${name}!`);
    expect(wiped()).toBe(0);
  });

  test("that rejects cancels the run where the contract says so, and its other questions are void", async () => {
    await openRun({ on_reject: "cancel" });
    const first = await ask(`${name}a`);
    const second = await ask(`${name}b`);
    const answer = await good(decide({ decision: "reject", reason: "never", approval_id: first }));
    expect(answer).toMatchObject({ new_state: "cancelled", approval_token_jti: null });
    expect(await runNow()).toMatchObject({
      state: "cancelled",
      error_code: "E-APPR-REJECTED",
      error_detail: expect.stringMatching(/acme-operator.*never/),
    });
    expect(await traces()).toEqual(ONCE);
    expect(await decide({ approval_id: second })).toMatchObject({
      status: 409,
      body: { code: "E-RUN-STATE", state: "cancelled", standing: null },
    });
    expect((await good(server.api(`/approvals?run_id=${runId}`))).approvals).toEqual([]);
  });

  test("leaves its line in the journal: compact, escaped, at most 128 code points", async () => {
    await openRun();
    await ask();
    await good(decide({ reason: `a=b;\n  ${"天".repeat(200)}` }));
    const { steps, run } = await good(server.api(`/runs/${runId}`));
    const line: string = steps[0].block_reason;
    expect(line).toMatch(/^approver=acme-operator; decision=approve; reason=a\\=b\\; 天+…$/);
    expect([...line]).toHaveLength(128);
    expect(steps[0]).toMatchObject({
      step_seq: 1,
      tool_name: "operator_console.approve",
      result_status: "success",
    });
    expect(run.step_count).toBe(1);
  });
});

describe("a question that nobody answered in time", () => {
  test("is gone, at once and for ever, and the client is told", async () => {
    await openRun({ expires_seconds: 1 });
    const approvalId = await ask();
    const late = () => decide({ approval_id: approvalId });
    const firstRefusal = await waitFor(
      async () => {
        const answer = await server.api(`/approvals?run_id=${runId}`);
        const [question] = answer.body.approvals;
        // Past by the database's clock, or closed by the sweeper already.
        return question === undefined || question.expired ? late() : undefined;
      },
      { timeoutMs: SOON_MS, what: "the question to expire" },
    );
    const gone = { status: 410, body: { code: "E-APPR-EXPIRED" } };
    expect(firstRefusal).toMatchObject(gone);
    await waitFor(async () => (await runNow()).state === "running", {
      timeoutMs: SOON_MS,
      what: "the run to go on",
    });
    expect(await late()).toMatchObject(gone);
    expect(await decide()).toMatchObject(gone);
    expect(await traces()).toEqual({ decisions: 0, steps: 0, moves: 1, audits: 0 });
    expect(await wipe()).toMatchObject({
      isError: true,
      _meta: { "awooop/code": "E-APPR-EXPIRED" },
    });
    expect(await late()).toMatchObject(gone);
    expect(wiped()).toBe(0);
  });

  test("cancels the run where the contract says so", async () => {
    await openRun({ expires_seconds: 1, on_expire: "cancel" });
    await ask();
    await waitFor(async () => (await runNow()).state === "cancelled", {
      timeoutMs: SOON_MS,
      what: "the run to be cancelled",
    });
    expect(await runNow()).toMatchObject({ error_code: "E-APPR-EXPIRED" });
    expect(await decide()).toMatchObject({ status: 410, body: { code: "E-APPR-EXPIRED" } });
  });

  test("was approved in time but not used in time: the call is refused, and nothing is sent", async () => {
    await openRun({ redeem_seconds: 1 });
    await ask();
    await good(decide());
    const refused = await waitFor(
      async () => {
        const { rows } = await withClient(database.url, async (admin) => {
          await admin.query("set role awooop_platform");
          return admin.query(
            "select redeem_by < clock_timestamp() as past from awooop.approvals where run_id = $1",
            [runId],
          );
        });
        return rows[0].past ? wipe() : undefined;
      },
      { timeoutMs: SOON_MS, what: "the approval to lapse" },
    );
    expect(refused).toMatchObject({ isError: true, _meta: { "awooop/code": "E-APPR-EXPIRED" } });
    expect(wiped()).toBe(0);
  });
});
