import { afterAll, beforeAll, expect, test } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { applyContracts, contract, good } from "./support/e2e-tenant.ts";
import { alert, alertDelivery } from "./support/hooks.ts";
import { figuresOf } from "./support/process-figures.ts";
import { queryRows } from "./support/server.ts";
import { waitFor } from "./support/wait.ts";

/**
 * A storm over two server processes: many alerts of twenty incidents, in deliveries that mix them, some sent twice. Twenty
 * runs come of it, one message for each incident, and every alert is there. `npm run soak` sends ten thousand.
 */

const ALERTS = Number(process.env.AWOOOP_STORM_ALERTS ?? 1_000);
const INCIDENTS = 20;
const PER_DELIVERY = 20;
const SENDERS = 8;
const PROJECT = "stormy";
const TOKEN = "token-of-the-storm";

let database: TestDatabase;
let servers: Awooop[];

beforeAll(async () => {
  database = await createTestDatabase();
  const one = await startAwooop({ databaseUrl: database.url });
  servers = [one, await startAwooop({ databaseUrl: database.url })];
  const project = { project_id: PROJECT, display_name: "Stormy", migration_mode: "active" };
  await good(one.api("/tenants", { body: project }));
  const secret = { project_id: PROJECT, value: TOKEN };
  await good(one.api("/secrets/TOKEN", { method: "PUT", body: secret }));
  await applyContracts(one, PROJECT, [
    contract("channel", "console", { type: "console" }),
    contract("channel", "alerts", {
      type: "alertmanager",
      auth: { scheme: "bearer", secret: "secret:TOKEN" },
      correlate: { labels: ["cluster"], window_seconds: 3_600, storm_events: ALERTS / INCIDENTS },
    }),
    contract("agent", "medic", {
      driver: "worker",
      triggers: [{ channel: "alerts", when: 'trigger.labels.severity == "page"' }],
      notify: ["console"],
      runbook: {
        steps: [
          {
            key: "say",
            message: { channel: "console", type: "final", text: { $cel: "run.title" } },
          },
        ],
      },
    }),
  ]);
});

afterAll(async () => {
  await Promise.all((servers ?? []).map((server) => server.stop()));
  await database?.drop();
});

/** All alerts, those of all incidents mixed; each of something of its own. */
const storm = Array.from({ length: ALERTS }, (_, at) =>
  alert({
    fingerprint: `f${at}`,
    labels: {
      alertname: "Slow",
      severity: "page",
      cluster: `c${at % INCIDENTS}`,
      pod: `pod-${at}`,
    },
    annotations: { summary: `pod-${at} of c${at % INCIDENTS} is slow` },
  }),
);

async function deliver(server: Awooop, alerts: readonly object[]): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const body = alertDelivery(...alerts);
  const answer = await server.send(`/hooks/${PROJECT}/alerts`, { key: null, headers, body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  expect(answer.body.events).toHaveLength(alerts.length);
}

test(`${ALERTS} alerts of ${INCIDENTS} incidents are ${INCIDENTS} runs and as many messages of each kind`, async () => {
  const before = servers.map(({ pid }) => figuresOf(pid).memoryMb);
  const deliveries = Array.from({ length: ALERTS / PER_DELIVERY }, (_, at) =>
    storm.slice(at * PER_DELIVERY, (at + 1) * PER_DELIVERY),
  );
  let next = 0;
  let repeated = 0;
  await Promise.all(
    Array.from({ length: SENDERS }, async (_, sender) => {
      for (let at = next++; at < deliveries.length; at = next++) {
        const alerts = deliveries[at] ?? [];
        await deliver(servers[(sender + at) % 2] as Awooop, alerts);
        // Alertmanager sends again what it has not heard of, to whoever is there.
        if (at % 10 !== 0) continue;
        repeated += alerts.length;
        await deliver(servers[(sender + at + 1) % 2] as Awooop, alerts);
      }
    }),
  );
  const ofProject = (sql: string) => queryRows(database.url, `${sql} where project_id = 'stormy'`);
  await waitFor(
    async () => {
      const runs = await ofProject("select state from awooop.runs");
      return runs.every(({ state }) => state === "completed");
    },
    { timeoutMs: 60_000, what: "the runs to be over" },
  );

  expect(await ofProject("select run_id from awooop.runs")).toHaveLength(INCIDENTS);
  const [events] = await ofProject(
    `select count(*)::int as stored, count(distinct fingerprint)::int as things,
      (count(*) filter (where not is_duplicate))::int as new, count(distinct run_id)::int as runs,
      (count(*) filter (where run_id is null))::int as lost from awooop.channel_events`,
  );
  expect(events).toEqual({
    stored: ALERTS + repeated,
    things: ALERTS,
    new: INCIDENTS,
    runs: INCIDENTS,
    lost: 0,
  });
  const cases = await ofProject("select event_count, storm_at from awooop.channel_cases");
  expect(cases).toHaveLength(INCIDENTS);
  expect(cases.every(({ storm_at }) => storm_at !== null)).toBe(true);
  expect(cases.reduce((sum, { event_count }) => sum + Number(event_count), 0)).toBe(
    ALERTS + repeated,
  );
  const messages = await ofProject(
    "select message_type, run_id::text from awooop.outbound_messages",
  );
  const kinds = messages.map(({ message_type, run_id }) => `${message_type} ${run_id}`);
  expect(new Set(kinds).size).toBe(kinds.length);
  expect(messages.filter(({ message_type }) => message_type === "final")).toHaveLength(INCIDENTS);
  expect(messages.filter(({ message_type }) => message_type === "notice")).toHaveLength(INCIDENTS);
  const after = servers.map(({ pid }) => figuresOf(pid).memoryMb);
  for (const [at, mib] of after.entries()) expect(mib - (before[at] ?? 0)).toBeLessThan(200);
}, 180_000);
