import { startAwooop } from "../../test/support/awooop.ts";
import type { Request } from "../api/client.ts";
import { type Contestant, startChild } from "../gateway/sides.ts";

const TOKEN = "token-of-the-bench";
const INCIDENTS = 20;

let alerts = 0;

/** A delivery with one alert, about something of its own, of one of twenty incidents; as Alertmanager sends it. */
function delivery(headers: Record<string, string> = {}): Request {
  alerts += 1;
  const cluster = `c${alerts % INCIDENTS}`;
  const labels = { alertname: "Slow", severity: "page", cluster, pod: `pod-${alerts}` };
  const alert = {
    status: "firing",
    labels,
    annotations: { summary: `pod-${alerts} of ${cluster} answers slowly` },
    startsAt: "2026-11-22T03:07:00.000Z",
    endsAt: "0001-01-01T00:00:00Z",
    generatorURL: "http://prometheus.example/graph",
    fingerprint: `f${alerts}`,
  };
  const group = { version: "4", groupKey: "{}:{}", status: "firing", receiver: "awooop" };
  return {
    method: "POST",
    path: "/hooks/bench/alerts",
    headers,
    body: JSON.stringify({ ...group, alerts: [alert] }),
  };
}

const isStored = ({ status }: { status: number }) => status === 202;

export async function startBareInsert(
  closers: (() => unknown)[],
  databaseUrl: string,
): Promise<Contestant> {
  const { origin, child } = await startChild(closers, "../ingest/bare-insert.ts", [databaseUrl]);
  return { name: "bare insert", origin, pid: child.pid, next: () => delivery(), isGood: isStored };
}

const CONTRACTS = [
  {
    contract_family: "channel",
    contract_id: "alerts",
    body: {
      type: "alertmanager",
      auth: { scheme: "bearer", secret: "secret:TOKEN" },
      correlate: { labels: ["cluster"], window_seconds: 3_600 },
    },
  },
  {
    contract_family: "agent",
    contract_id: "medic",
    body: {
      display_name: "Medic",
      driver: "worker",
      triggers: [{ channel: "alerts", when: 'trigger.labels.severity == "page"' }],
      runbook: { steps: [{ key: "seen", check: { $cel: "size(events) > 0" } }] },
    },
  },
];

/** AwoooP itself, with a rule that makes twenty cases of all alerts, and an agent that each of them starts. */
export async function startHooks(
  closers: (() => unknown)[],
  databaseUrl: string,
): Promise<Contestant> {
  const server = await startAwooop({ databaseUrl });
  closers.push(() => server.stop());
  const made = async (path: string, body: object, method = "POST") => {
    const answer = await server.api(path, { body, method });
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
  };
  const project_id = "bench";
  await made("/tenants", { project_id, display_name: "Bench", migration_mode: "active" });
  await made("/secrets/TOKEN", { project_id, value: TOKEN }, "PUT");
  await made("/contracts/apply", { project_id, documents: CONTRACTS });
  const headers = { authorization: `Bearer ${TOKEN}` };
  return {
    name: "awooop",
    origin: server.url,
    pid: server.pid,
    next: () => delivery(headers),
    isGood: isStored,
  };
}
