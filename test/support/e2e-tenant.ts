import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Answer, Awooop } from "./awooop.ts";
import { waitFor } from "./wait.ts";

const LEDGER_SERVER = fileURLToPath(new URL("mcp/ledger-server.ts", import.meta.url));

export type KeyRole = "viewer" | "operator" | "admin" | "agent";

/** What the tool server `tools` really did, and what it waits for. */
export interface Ledger {
  folder: string;
  /** `TOOL NAME` for each call that reached it, in order. */
  lines(): string[];
  /** Lets calls with this `hold` answer. */
  letGo(hold: string): void;
  remove(): Promise<void>;
}

export async function openLedger(): Promise<Ledger> {
  const folder = await mkdtemp(join(tmpdir(), "awooop-ledger-"));
  const file = join(folder, "ledger");
  return {
    folder,
    lines: () => (existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : []),
    letGo: (hold) => writeFileSync(join(folder, hold), ""),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A tenant of a real server, made through its API. */
export interface E2eTenant {
  projectId: string;
  /** The bearer token of its hook `alerts`. */
  token: string;
  /** A key of each role; the agent's works for the contract `helper`. */
  keys: Record<KeyRole, string>;
}

/** An answer that must be good; else an error with what it was. */
export async function good(answer: Promise<Answer>): Promise<Answer["body"]> {
  const { status, body } = await answer;
  if (status < 300) return body;
  throw new Error(`The server answered ${status}: ${JSON.stringify(body)}`);
}

/** Makes a project with a hook `alerts`, the ledger as its tool server `tools`, a client agent `helper`, and keys. */
export async function addTenant(
  server: Awooop,
  projectId: string,
  ledger: Ledger,
): Promise<E2eTenant> {
  const displayName = `${projectId} incorporated`;
  const project = { project_id: projectId, display_name: displayName, migration_mode: "active" };
  await good(server.api("/tenants", { body: project }));
  const token = `token-of-${projectId}`;
  await good(
    server.api("/secrets/ALERTS_TOKEN", {
      method: "PUT",
      body: { project_id: projectId, value: token },
    }),
  );
  await applyContracts(server, projectId, contractsOfTenant(ledger));
  const keyOf = async (role: KeyRole) => {
    const agent = role === "agent" ? { agent_id: "helper", hold_seconds: 0 } : {};
    return newKey(server, {
      role,
      name: `${projectId}-${role}`,
      project_ids: [projectId],
      ...agent,
    });
  };
  const keys = {
    viewer: await keyOf("viewer"),
    operator: await keyOf("operator"),
    admin: await keyOf("admin"),
    agent: await keyOf("agent"),
  };
  return { projectId, token, keys };
}

/** The contracts of each tenant that `addTenant` makes. */
export const contractsOfTenant = (ledger: Ledger): object[] => [
  contract("tool_server", "tools", {
    transport: "stdio",
    command: process.execPath,
    args: [LEDGER_SERVER, ledger.folder],
  }),
  contract("channel", "alerts", {
    type: "alertmanager",
    auth: { scheme: "bearer", secret: "secret:ALERTS_TOKEN" },
  }),
  contract("agent", "helper", { driver: "client", tools: grants() }),
];

export async function newKey(server: Awooop, body: Record<string, unknown>): Promise<string> {
  return (await good(server.api("/keys", { body }))).key;
}

export function contract(contract_family: string, contract_id: string, body: object) {
  const named = contract_family === "agent" ? { display_name: contract_id, ...body } : body;
  return { contract_family, contract_id, body: named };
}

/** `look` is a read; `wipe` a write that one person approves, also by an edit, unless `more` says otherwise. */
export function grants(more: object = {}) {
  const asked = { effect: "write", approval: "always", approvers: { editor_counts: true } };
  return [
    { server: "tools", tool: "look", effect: "read" },
    { server: "tools", tool: "wipe", ...asked, ...more },
  ];
}

export async function applyContracts(
  server: Awooop,
  projectId: string,
  documents: object[],
): Promise<void> {
  await good(server.api("/contracts/apply", { body: { project_id: projectId, documents } }));
}

let fingerprints = 0;

/** What Alertmanager posts for one new firing alert. */
export function delivery(alertname: string) {
  fingerprints += 1;
  const alert = {
    status: "firing",
    labels: { alertname },
    annotations: { summary: `${alertname} is firing` },
    startsAt: "2026-11-22T03:07:00.000Z",
    fingerprint: `f${fingerprints}`,
  };
  return { version: "4", status: "firing", groupKey: "{}:{}", receiver: "awooop", alerts: [alert] };
}

/** Posts a new alert to the tenant's hook; answers the run it started, if any. */
export async function fireAlert(
  server: Awooop,
  tenant: Pick<E2eTenant, "projectId" | "token">,
  alertname: string,
): Promise<{ event_id: string; run_id: string | null }> {
  const { events } = await good(
    server.send(`/hooks/${tenant.projectId}/alerts`, {
      key: tenant.token,
      body: delivery(alertname),
    }),
  );
  return events[0];
}

/** Waits until nothing of a project's is on its way out any more: a button can be pressed once it is known where it stands. */
export async function waitUntilSent(server: Awooop, projectId: string): Promise<void> {
  const path = `/outbound-messages?project_id=${projectId}&send_status=queued&limit=1`;
  await waitFor(async () => (await good(server.api(path))).messages.length === 0, {
    timeoutMs: 20_000,
    what: "all messages to be sent",
  });
}

/** Polls the run until it is as wanted; the run's page as the API tells it. */
export async function waitForRun(
  server: Awooop,
  runId: string,
  wanted: (page: Answer["body"]) => boolean,
  timeoutMs: number,
): Promise<Answer["body"]> {
  let last: Answer["body"];
  return waitFor(
    async () => {
      last = await good(server.api(`/runs/${runId}`));
      return wanted(last) ? last : undefined;
    },
    { timeoutMs, what: `run ${runId}` },
  ).catch((error: unknown) => {
    throw new Error(`${(error as Error).message}; it was last\n${JSON.stringify(last?.run)}`);
  });
}
