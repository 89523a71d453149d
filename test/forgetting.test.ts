import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import {
  addTenant,
  applyContracts,
  contract,
  delivery,
  type E2eTenant,
  good,
  grants,
  type Ledger,
  openLedger,
  waitForRun,
} from "./support/e2e-tenant.ts";
import { queryRows } from "./support/server.ts";
import { waitFor } from "./support/wait.ts";

/** What is left of runs on a real server whose worker has forgotten their payloads, or them. */

const PROJECT = "acme";
const SOON_MS = 30_000;
const ALERT = delivery("DiskAlmostFull");

let database: TestDatabase;
let ledger: Ledger;
let server: Awooop;
let tenant: E2eTenant;
/** Ended twenty days ago, and its retry two days ago. */
let deleted: string;
let erased: string;

const admin = (text: string, values?: unknown[]) => queryRows(database.adminUrl, text, values);
const hook = (body: unknown) =>
  good(server.send(`/hooks/${PROJECT}/alerts`, { key: tenant.token, body })).then(
    ({ events }) => events[0],
  );
const ended = (run: string) =>
  waitForRun(server, run, (page) => page.run.state === "completed", SOON_MS);

/** Lets days pass for a run and what came in for it. */
async function age(run: string, days: number): Promise<void> {
  await admin(
    `update runs set created_at = created_at - make_interval(days => $2),
      completed_at = completed_at - make_interval(days => $2) where run_id = $1`,
    [run, days],
  );
  await admin(
    `update channel_events set received_at = received_at - make_interval(days => $2) where run_id = $1`,
    [run, days],
  );
}

beforeAll(async () => {
  database = await createTestDatabase();
  ledger = await openLedger();
  server = await startAwooop({ databaseUrl: database.url });
  tenant = await addTenant(server, PROJECT, ledger);
  const args = { name: "{{ trigger.labels.alertname }}" };
  const look = { key: "look", call: { server: "tools", tool: "look", args } };
  await applyContracts(server, PROJECT, [
    contract("agent", "janitor", {
      driver: "worker",
      triggers: [{ channel: "alerts", when: 'trigger.status == "firing"' }],
      tools: grants(),
      runbook: { steps: [look] },
    }),
  ]);
  deleted = (await hook(ALERT)).run_id;
  await ended(deleted);
  const again = await good(server.api(`/runs/${deleted}/retry`, { body: {} }));
  erased = again.run_id;
  await ended(erased);
  const days = { retention_payload_days: 1, retention_run_days: 10 };
  await good(server.api(`/tenants/${PROJECT}`, { method: "PATCH", body: days }));
  // A worker begins with forgetting when it starts.
  await server.stop();
  await age(deleted, 20);
  await age(erased, 2);
  server = await startAwooop({ databaseUrl: database.url });
  await waitFor(
    async () => {
      const page = await good(server.api(`/tenants/${PROJECT}`));
      return (
        page.retention_ran_at !== null && (await server.api(`/runs/${deleted}`)).status === 404
      );
    },
    { timeoutMs: SOON_MS, what: "the worker to forget" },
  );
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
  await ledger?.remove();
});

describe("a run that was deleted", () => {
  test("is one that does not exist", async () => {
    const unknown = crypto.randomUUID();
    for (const path of ["", "/timeline"]) {
      const gone = await server.api(`/runs/${deleted}${path}`);
      expect(gone).toEqual(await server.api(`/runs/${unknown}${path}`));
      expect(gone.status).toBe(404);
    }
    expect((await server.api(`/runs/${deleted}/retry`, { body: {} })).status).toBe(404);
    expect((await server.api(`/runs/${deleted}/cancel`, { body: { reason: "x" } })).status).toBe(
      404,
    );
    const { runs } = await good(server.api(`/runs?project_id=${PROJECT}`));
    expect(runs.map(({ run_id }: { run_id: string }) => run_id)).toEqual([erased]);
  });

  test("still counts in what its month tells", async () => {
    const { months } = await good(server.api(`/tenants/${PROJECT}/spend?months=3`));
    const left = months.filter(
      (month: { forgotten: { runs: number } }) => month.forgotten.runs > 0,
    );
    expect(left).toMatchObject([{ forgotten: { runs: 1, steps: 1, calls: 1, cost_usd: 0 } }]);
  });

  test("leaves its audit", async () => {
    const actions = await admin(
      "select action from audit_log where subject_id = $1 order by audit_id",
      [deleted],
    );
    expect(actions.map(({ action }) => action)).toEqual([
      "run.create",
      "run.claim",
      "run.complete",
    ]);
  });
});

describe("a run whose payload was erased", () => {
  test("is shown with everything but what it was given, did and answered", async () => {
    const page = await good(server.api(`/runs/${erased}`));
    expect(page.run).toMatchObject({
      state: "completed",
      result: null,
      retry_of: deleted,
      payload_erased_at: expect.stringMatching(/Z$/),
    });
    expect(page.steps).toMatchObject([{ step_key: "look", input: null, output: null }]);
    expect(page.mcp_calls).toMatchObject([
      { args: null, result: null, args_hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    const timeline = await good(server.api(`/runs/${erased}/timeline`));
    expect(timeline.total).toBe(page.counts.timeline);
    expect(JSON.stringify(page.mcp_calls)).not.toContain("DiskAlmostFull");
  });

  test("can't be started anew, and is told so", async () => {
    const refused = await server.api(`/runs/${erased}/retry`, { body: {} });
    expect(refused).toMatchObject({ status: 409, body: { code: "E-RUN-ERASED" } });
    expect(refused.body.detail).toContain("erased");
  });
});

describe("an alert whose run was deleted", () => {
  test("stays with the run that was made of it anew, without its payload", async () => {
    const { events } = await good(server.api(`/channel-events?project_id=${PROJECT}`));
    expect(events).toMatchObject([{ content_preview: expect.stringContaining("DiskAlmostFull") }]);
    const { inbound_events } = await good(server.api(`/runs/${erased}`));
    expect(inbound_events).toMatchObject([{ event_id: events[0].event_id }]);
    expect(await admin("select run_id, payload from channel_events")).toEqual([
      { run_id: deleted, payload: {} },
    ]);
  });

  test("starts a run when it comes in again, and is resolved", async () => {
    const again = await hook({ ...ALERT, alerts: [{ ...ALERT.alerts[0], startsAt: now() }] });
    expect(again).toMatchObject({ is_duplicate: false, run_id: expect.any(String) });
    await ended(again.run_id);
    const resolved = { ...ALERT.alerts[0], status: "resolved", endsAt: now() };
    await hook({ ...ALERT, status: "resolved", alerts: [resolved] });
    expect((await good(server.api(`/runs/${again.run_id}`))).run.payload_erased_at).toBeNull();
  });
});

const now = () => new Date().toISOString();
