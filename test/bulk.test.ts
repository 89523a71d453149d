import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Awooop, startAwooop } from "./support/awooop.ts";
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
} from "./support/e2e-tenant.ts";
import { queryRows } from "./support/server.ts";
import { waitFor } from "./support/wait.ts";

/** Thousands of runs cancelled at once, on a real server that is killed half-way; `npm run soak` takes ten thousand. */

const PROJECT = "acme";
const OPEN = Number(process.env.AWOOOP_BULK_RUNS ?? 1_200);
/** A third of them wait for a person. */
const WAITING = Math.floor(OPEN / 3);
const OVER = 50;
const DONE_WITHIN_MS = 120_000;

let database: TestDatabase;
let ledger: Ledger;
let server: Awooop;
let tenant: E2eTenant;

const start = async () => {
  server = await startAwooop({ databaseUrl: database.url });
};

beforeAll(async () => {
  database = await createTestDatabase();
  ledger = await openLedger();
  await start();
  tenant = await addTenant(server, PROJECT, ledger);
  const look = { server: "tools", tool: "look", args: { name: "it", hold: "never" } };
  await applyContracts(server, PROJECT, [
    contract("agent", "janitor", {
      driver: "worker",
      triggers: [{ channel: "alerts" }],
      tools: grants().map((grant) => ({ ...grant, timeout_seconds: 600 })),
      runbook: { steps: [{ key: "look", call: look }] },
    }),
  ]);
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
  await ledger?.remove();
});

const sql = (statement: string, values: unknown[] = []) =>
  queryRows(database.adminUrl, statement, values);

/** A third each pending, running and waiting; some that are over, and some of another agent. */
async function seedRuns(): Promise<void> {
  await sql(
    `insert into runs (run_id, project_id, agent_id, revision_id, driver, state, title, is_shadow, trace_id, trigger_type,
      attempt_count, started_at, heartbeat_at, completed_at)
    select gen_random_uuid(), project_id, case when n > ${OPEN + OVER} then 'other' else contract_id end, revision_id,
      case when state = 'pending' then 'worker' else 'client' end, state, 'Disk almost full on db-' || n, false,
      md5(n::text), 'alertmanager', 0, clock_timestamp(), clock_timestamp(),
      case when state = 'completed' then clock_timestamp() end
    from contract_revisions, generate_series(1, ${OPEN + OVER + 10}) n,
      lateral (select case when n > ${OPEN} and n <= ${OPEN + OVER} then 'completed'
        else (array['pending', 'running', 'waiting_approval'])[n % 3 + 1] end as state) s
    where project_id = $1 and contract_id = 'janitor'`,
    [PROJECT],
  );
  await sql(
    `insert into approvals (approval_id, project_id, run_id, call_id, call_key, agent_id, revision_id, contract_hash,
      server, tool_name, effect, args_display, args_ciphertext, asked_hash, status, rule, on_reject, on_expire,
      redeem_seconds, expires_at)
    select gen_random_uuid(), project_id, run_id, gen_random_uuid(), 'mcp', agent_id, revision_id, '', 'tools', 'wipe',
      'write', '{}', '', '', 'open', 'The contract asks.', 'cancel', 'cancel', 300, '2100-01-01'
    from runs where project_id = $1 and state = 'waiting_approval'`,
    [PROJECT],
  );
}

const JANITORS = { agent_id: "janitor" };
const REASON = "the alert was wrong";

const ask = (more: object, headers: Record<string, string> = {}): Promise<Answer> =>
  server.api("/runs/bulk", {
    key: tenant.keys.operator,
    headers,
    body: { project_id: PROJECT, action: "cancel", filter: JANITORS, reason: REASON, ...more },
  });

const progress = (bulkId: string) => good(server.api(`/runs/bulk/${bulkId}`));

/** Every result, by cursor. */
async function allResults(bulkId: string): Promise<Record<string, string>[]> {
  const found: Record<string, string>[] = [];
  for (let cursor = ""; ; ) {
    const page = await good(server.api(`/runs/bulk/${bulkId}/results?limit=200${cursor}`));
    found.push(...page.results);
    if (page.next_cursor === null) return found;
    cursor = `&cursor=${page.next_cursor}`;
  }
}

const counts = async (statement: string): Promise<Record<string, unknown>> =>
  (await sql(statement))[0] ?? {};

test("agents at work on a cancelled run notice", { timeout: 60_000 }, async () => {
  await fireAlert(server, tenant, "DiskFull");
  await fireAlert(server, tenant, "DiskFull");
  const soon = { timeoutMs: 30_000 };
  await waitFor(() => ledger.lines().length === 2, { ...soon, what: "two agents to be at work" });
  const asked = await ask({ filter: { state: "running" } });
  expect(asked).toMatchObject({ status: 202, body: { total_count: 2, remaining_seconds: null } });
  const ended = "select result_status, error_code from mcp_calls where completed_at is not null";
  await waitFor(async () => (await sql(ended)).length === 2, {
    ...soon,
    what: "their calls to end",
  });
  expect(await progress(asked.body.bulk_id)).toMatchObject({ status: "done", changed_count: 2 });
  for (const call of await sql(ended)) expect(call).toMatchObject({ result_status: "error" });
  expect(await sql("select distinct state, worker_id, attempt_count from runs")).toEqual([
    { state: "cancelled", worker_id: null, attempt_count: 1 },
  ]);
  await sql("update runs set agent_id = 'earlier'");
});

describe(`cancelling ${OPEN} runs`, { timeout: 2 * DONE_WITHIN_MS }, () => {
  let bulkId: string;

  beforeAll(seedRuns, 60_000);

  test("says first how many they are, and refuses when they are more than was meant", async () => {
    expect(await ask({ dry_run: true })).toMatchObject({
      status: 200,
      body: { dry_run: true, total_count: OPEN + OVER, states: { completed: OVER } },
    });
    expect(await ask({ at_most: 12 })).toMatchObject({
      status: 409,
      body: { code: "E-BULK-MORE", total_count: OPEN + OVER, states: { completed: OVER } },
    });
    expect((await good(server.api("/runs/bulk?status=queued"))).bulk_actions).toEqual([]);
  });

  test("ends, though the server is killed half-way", async () => {
    const key = { "idempotency-key": "once" };
    const asked = await ask({ at_most: OPEN + OVER }, key);
    const begun = performance.now();
    expect(asked).toMatchObject({
      status: 202,
      body: {
        status: "queued",
        total_count: OPEN + OVER,
        changed_count: 0,
        actor: "acme-operator",
      },
    });
    bulkId = asked.body.bulk_id;
    const isPartDone = async () => (await progress(bulkId)).changed_count > OPEN / 3;
    await waitFor(isPartDone, { timeoutMs: DONE_WITHIN_MS, what: "a third of the runs" });
    await server.kill9();
    const [left] = await sql(
      "select status, changed_count from run_bulk_actions where bulk_id = $1",
      [bulkId],
    );
    expect(left).toMatchObject({ status: "running" });
    expect(Number(left?.changed_count)).toBeLessThan(OPEN);
    const killed = performance.now();
    await start();
    const slowest = { ms: 0 };
    const isDone = async () => {
      const at = performance.now();
      await good(server.api("/runs", { key: tenant.keys.viewer }));
      slowest.ms = Math.max(slowest.ms, performance.now() - at);
      return (await progress(bulkId)).status === "done";
    };
    await waitFor(isDone, { timeoutMs: DONE_WITHIN_MS, what: "the bulk action to be done" });
    const seconds = (ms: number) => (ms / 1_000).toFixed(1);
    console.info(
      `${OPEN} runs cancelled in ${seconds(performance.now() - begun)} s, killed after ${seconds(killed - begun)} s; the list answered within ${slowest.ms.toFixed(0)} ms meanwhile`,
    );
    expect((await ask({ at_most: OPEN + OVER }, key)).body.bulk_id).toBe(bulkId);
  });

  test("reports exactly what it did", async () => {
    const done = await progress(bulkId);
    expect(done).toMatchObject({
      action: "cancel",
      filter: JANITORS,
      reason: REASON,
      changed_count: OPEN,
      refused_count: OVER,
      remaining_count: 0,
      completed_at: expect.any(String),
    });
    const results = await allResults(bulkId);
    expect(new Set(results.map(({ run_id }) => run_id)).size).toBe(OPEN + OVER);
    const refused = results.filter(({ outcome }) => outcome !== "changed");
    expect(refused).toHaveLength(OVER);
    for (const result of refused) {
      expect(result).toMatchObject({
        outcome: "refused",
        code: "E-RUN-STATE",
        detail: "The run is completed; cancel is not possible then.",
      });
    }
    const listed = await good(server.api("/runs?state=cancelled&agent_id=janitor&limit=200"));
    expect(listed).toMatchObject({ total: OPEN, total_is_exact: true });
    const changed = new Set(
      results.filter(({ outcome }) => outcome === "changed").map((r) => r.run_id),
    );
    for (const { run_id } of listed.runs.slice(0, 20)) {
      expect(changed).toContain(run_id);
      const { run, timeline } = await good(server.api(`/runs/${run_id}`));
      expect(run).toMatchObject({
        state: "cancelled",
        error_detail: `cancelled by acme-operator: ${REASON}`,
      });
      expect(timeline.at(-1)).toMatchObject({ kind: "run", status: "cancelled" });
    }
  });

  test("has changed each run once, and no other", async () => {
    await sql("analyze");
    const cancelled = `from runs r where r.project_id = '${PROJECT}' and r.state = 'cancelled' and r.agent_id = 'janitor'`;
    expect(
      await counts(`select count(*)::int as runs, count(*) filter (where t.n = 1)::int as transitions,
          count(*) filter (where a.n = 1)::int as audited, count(*) filter (where w.outcome = 'changed')::int as reported
        from (select * ${cancelled}) r
        left join (select run_id, count(*) n from run_transitions where event = 'cancel' group by 1) t using (run_id)
        left join (select subject_id, count(*) n from audit_log where action = 'run.cancel' group by 1) a
          on a.subject_id = r.run_id::text
        left join run_bulk_results w on w.run_id = r.run_id and w.bulk_id = '${bulkId}'`),
    ).toEqual({ runs: OPEN, transitions: OPEN, audited: OPEN, reported: OPEN });
    expect(
      await counts(`select count(*)::int as jobs, count(distinct run_id)::int as runs
        from pgboss.job j join runs r on r.run_id::text = j.data ->> 'run_id'
        where j.name = 'run.ended' and r.agent_id = 'janitor'`),
    ).toEqual({ jobs: OPEN, runs: OPEN });
    expect(
      await counts(`select count(*) filter (where a.status = 'open' and r.agent_id = 'other')::int as open,
          count(*) filter (where a.status = 'voided' and r.agent_id = 'janitor')::int as voided,
          count(*)::int as questions from approvals a join runs r using (run_id)`),
    ).toEqual({ open: 3, voided: WAITING, questions: WAITING + 3 });
    expect(
      await sql("select action, actor_id from audit_log where subject_id = $1", [bulkId]),
    ).toEqual([{ action: "run.bulk.create", actor_id: "acme-operator" }]);
    expect(
      await sql("select state from runs where agent_id = 'other' and completed_at is not null"),
    ).toEqual([]);
  });
});
