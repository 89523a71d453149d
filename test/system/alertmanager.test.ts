import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Awooop, startAwooop } from "../support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { freePort } from "../support/port.ts";
import { waitFor } from "../support/wait.ts";

const TOKEN = "token-of-the-alertmanager-test";
const LABELS = { alertname: "DiskAlmostFull", instance: "shop-cache-01", severity: "page" };

let folder: string;
let database: TestDatabase;
let awooop: Awooop;
let alertmanager: { url: string; stop(): Promise<unknown> };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "awooop-alertmanager-"));
  database = await createTestDatabase();
  awooop = await startAwooop({ databaseUrl: database.url });
  await setUpProject();
  alertmanager = await startAlertmanager();
});

afterAll(async () => {
  await alertmanager?.stop();
  await awooop?.stop();
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

async function setUpProject(): Promise<void> {
  await awooop.api("/tenants", {
    body: { project_id: "acme", display_name: "Acme", migration_mode: "active" },
  });
  await awooop.api("/secrets/ALERTS_TOKEN", {
    method: "PUT",
    body: { project_id: "acme", value: TOKEN },
  });
  const steps = [{ key: "firing", check: { $cel: 'trigger.labels.severity == "page"' } }];
  const documents = [
    {
      contract_family: "channel",
      contract_id: "alerts",
      body: { type: "alertmanager", auth: { scheme: "bearer", secret: "secret:ALERTS_TOKEN" } },
    },
    {
      contract_family: "agent",
      contract_id: "watcher",
      body: {
        display_name: "Watcher",
        driver: "worker",
        title: { $cel: "trigger.annotations.summary" },
        triggers: [{ channel: "alerts", when: 'trigger.status == "firing"' }],
        runbook: { steps },
      },
    },
  ];
  const applied = await awooop.api("/contracts/apply", { body: { project_id: "acme", documents } });
  expect(applied.status, JSON.stringify(applied.body)).toBe(200);
}

/** Debian's Alertmanager, alone on the loopback address, told of the hook as its documentation says. */
async function startAlertmanager() {
  const config = `
route: { receiver: awooop, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }
receivers:
  - name: awooop
    webhook_configs:
      - url: ${awooop.url}/hooks/acme/alerts
        send_resolved: true
        http_config: { authorization: { type: Bearer, credentials: ${JSON.stringify(TOKEN)} } }
`;
  const file = join(folder, "alertmanager.yml");
  await writeFile(file, config);
  const port = await freePort();
  const child = spawn(
    "/usr/bin/prometheus-alertmanager",
    [
      `--config.file=${file}`,
      `--storage.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--cluster.listen-address=",
    ],
    { stdio: "ignore" },
  );
  const exited = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  await waitFor(
    () =>
      fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    {
      timeoutMs: 20_000,
      what: "Alertmanager to be ready",
    },
  );
  return {
    url,
    stop() {
      child.kill("SIGTERM");
      return exited;
    },
  };
}

async function post(alert: Record<string, unknown>): Promise<void> {
  const response = await fetch(`${alertmanager.url}/api/v2/alerts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([
      { labels: LABELS, annotations: { summary: "Disk almost full" }, ...alert },
    ]),
  });
  expect(response.status).toBe(200);
}

async function events() {
  const { body } = await awooop.api("/channel-events?project_id=acme");
  return body.events as { provider_event_id: string; is_duplicate: boolean }[];
}

it("takes firing and resolved alerts from Debian's Alertmanager; the firing one starts a run", async () => {
  const startsAt = new Date(Date.now() - 5_000).toISOString();
  await post({ startsAt });
  const run = await waitFor(
    async () => {
      const { body } = await awooop.api("/runs?project_id=acme");
      return body.runs.find(({ state }: { state: string }) => state === "completed");
    },
    { timeoutMs: 30_000, what: "the run that the alert starts" },
  );
  expect(run).toMatchObject({
    title: "Disk almost full",
    agent_id: "watcher",
    trigger_type: "alertmanager",
  });

  await post({ startsAt, endsAt: new Date().toISOString() });
  const found = await waitFor(
    async () => {
      const all = await events();
      return all.some(({ provider_event_id }) => provider_event_id.endsWith(":resolved")) && all;
    },
    { timeoutMs: 30_000, what: "the resolved alert" },
  );
  expect(found.filter(({ is_duplicate }) => !is_duplicate)).toHaveLength(2);
  expect((await awooop.api("/runs?project_id=acme")).body.total).toBe(1);
});
