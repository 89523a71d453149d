import { newId } from "../../../src/platform/ids.ts";
import { ADMIN_KEY, type Awooop, startAwooop } from "../awooop.ts";
import { putChangedTool } from "../changed-tool.ts";
import { createTestDatabase } from "../database.ts";
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
  openLedger,
  waitForRun,
} from "../e2e-tenant.ts";
import { clientOf, ISSUER } from "../isolation-oauth.ts";
import { memberOf, soon } from "../isolation-people.ts";
import { AnswerCheck, type Description } from "../openapi.ts";
import { putChatLink, putMessage, wipeAs } from "../two-tenants.ts";
import { KnownThings } from "./known.ts";
import type { Described } from "./requests.ts";
import { openWire, type Wire } from "./wire.ts";

const SOON_MS = 30_000;

/** A real server with tenants to throw away: one for each part of the API, so that one part can't starve another. */
export interface World {
  server: Awooop;
  wire: Wire;
  check: AnswerCheck;
  base: string;
  operations: Described[];
  known: KnownThings;
  /** The tenant whose things the operation acts upon. */
  tenantFor(described: Described): E2eTenant;
  /** Gives the tenant new things of the kinds that the operation uses up. */
  supply(described: Described, tenant: E2eTenant): Promise<void>;
  close(): Promise<void>;
}

export async function openWorld(): Promise<World> {
  const database = await createTestDatabase();
  const ledger = await openLedger();
  const server = await startAwooop({
    databaseUrl: database.url,
    // Whoever waits for a person has long enough from asking at all.
    env: { AWOOOP_OAUTH_ISSUERS: ISSUER, AWOOOP_LONGEST_HOLD_SECONDS: "0.02" },
  });
  const description: Description = await good(server.api("/openapi.json"));
  const wire = openWire(server.url);
  const known = new KnownThings();
  known.keepOut(ADMIN_KEY, "e2etests");
  const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
  const tenants = new Map<string, E2eTenant>();
  for (const part of new Set(operations.map(partOf))) {
    const tenant = await addTenant(server, `fuzz-${part}`, ledger);
    const keys = Object.values(tenant.keys);
    known.keepOut(...keys, ...keys.map(keyIdOf));
    await addRunbook(server, tenant);
    tenants.set(part, tenant);
  }
  return {
    server,
    wire,
    known,
    check: new AnswerCheck(description),
    base: description.servers[0]?.url ?? "",
    operations,
    tenantFor(described) {
      const found = tenants.get(partOf(described));
      if (!found) throw new Error(`no tenant for ${described.path}`);
      return found;
    },
    supply: (described, tenant) =>
      supply({ server, ledger, known, databaseUrl: database.url }, described, tenant),
    async close() {
      wire.close();
      await server.stop();
      await database.drop();
      await ledger.remove();
    },
  };
}

const partOf = ({ path }: { path: string }) => path.split("/")[1] ?? "";
const keyIdOf = (key: string) => key.split("_")[1] ?? "";

/** A worker's contract, and a run of it that is over. */
async function addRunbook(server: Awooop, tenant: E2eTenant): Promise<void> {
  const look = { key: "look", call: { server: "tools", tool: "look", args: { name: "x" } } };
  await applyContracts(server, tenant.projectId, [
    contract("agent", "janitor", {
      driver: "worker",
      triggers: [{ channel: "alerts" }],
      tools: grants(),
      runbook: { steps: [look] },
    }),
  ]);
  const { run_id } = await fireAlert(server, tenant, "Fuzz");
  if (run_id === null) throw new Error("the alert started no run");
  await waitForRun(server, run_id, ({ run }) => run.state === "completed", SOON_MS);
}

const QUESTIONS = 10;
const RUNS = 8;
const REVISIONS = 8;
const GUESTS = 16;
const CLIENTS = 8;
const TOOLS = 10;
const LENDERS = 4;
const LINKS = 8;
const MESSAGES = 20;

interface Supplying {
  server: Awooop;
  ledger: Ledger;
  known: KnownThings;
  databaseUrl: string;
}

async function supply(
  { server, ledger, known, databaseUrl }: Supplying,
  { method, path }: Described,
  { projectId, keys }: E2eTenant,
): Promise<void> {
  const learn = async (address: string) => known.learn(await good(server.api(address)));
  const openRun = async () => {
    const run = await good(server.api("/runs", { key: keys.agent, body: {} }));
    known.learn(run);
    return String(run.run_id);
  };
  await mend(server, ledger, projectId);
  if (path.includes("/lift")) {
    const everything = { scope: "project", project_id: projectId, reason: "to be lifted" };
    for (const key of [keys.operator, ADMIN_KEY]) {
      known.learn(await good(server.api("/freezes", { key, body: everything })));
    }
  }
  await learnLists(learn, projectId);
  if (path.startsWith("/agents/") || path === "/tool-calls") {
    const names = { agent_id: "helper", server_id: "tools", server: "tools", tool: "look" };
    known.learn({ project_id: projectId, ...names });
  }
  if (path.startsWith("/oauth-clients")) {
    await supplyClients(server, known, projectId, method);
  }
  if (/^\/(members|delegations)/.test(path)) await supplyPeople(server, known, projectId);
  if (path.startsWith("/outbound-messages"))
    await supplyMessages(server, known, databaseUrl, projectId);
  if (path.startsWith("/chat-links")) await supplyLinks(server, known, databaseUrl, projectId);
  if (/^\/tool-(servers|reviews)/.test(path)) {
    for (let made = 0; made < TOOLS; made += 1) {
      await putChangedTool(databaseUrl, projectId, `changed-${newId()}`);
    }
    await learn(`/tool-reviews?project_id=${projectId}`);
  }
  const ask = async (count: number) => {
    for (let asked = 0; asked < count; asked += 1) {
      await wipeAs(server, keys.agent, `${path}-${asked}`, await openRun());
    }
    await learn(`/approvals?project_id=${projectId}`);
  };
  if (path.startsWith("/approvals/{approval_id}")) await ask(1);
  if (method === "get") return;
  if (path === "/session") await addGuests(server, known, projectId);
  if (path.includes("retry")) {
    await learn(`/runs?project_id=${projectId}&state=completed&agent_id=janitor`);
  } else if (path.startsWith("/approvals/{run_id}")) {
    await ask(QUESTIONS);
  } else if (path.startsWith("/runs")) {
    for (let opened = 0; opened < RUNS; opened += 1) await openRun();
  } else if (path.startsWith("/contracts/{revision_id}/")) {
    const event = path.split("/").at(-1) ?? "";
    for (let made = 0; made < REVISIONS; made += 1) {
      const contract_id = `${event}-${made}`;
      known.learn(await readyFor(server, projectId, contract_id, event));
    }
  }
}

const GUEST = { role: "viewer", name: "guest" };

async function addGuests(server: Awooop, known: KnownThings, projectId: string): Promise<void> {
  const body = { ...GUEST, project_ids: [projectId] };
  for (let made = 0; made < GUESTS; made += 1) {
    known.learn(await good(server.api("/keys", { body })));
  }
}

async function learnLists(
  learn: (address: string) => Promise<void>,
  projectId: string,
): Promise<void> {
  for (const list of ["secrets", "contracts", "tool-servers", "keys", "channel-events", "runs"]) {
    await learn(`/${list}?${list === "keys" ? "" : `project_id=${projectId}&`}limit=50`);
  }
}

async function supplyClients(
  server: Awooop,
  known: KnownThings,
  projectId: string,
  method: string,
): Promise<void> {
  for (let made = 0; made < CLIENTS; made += 1) {
    const body = clientOf(projectId, `${method}-${projectId}`);
    known.learn(await good(server.api("/oauth-clients", { body })));
  }
}

/** Messages that were given up. */
async function supplyMessages(
  server: Awooop,
  known: KnownThings,
  databaseUrl: string,
  projectId: string,
): Promise<void> {
  for (let put = 0; put < MESSAGES; put += 1) await putMessage(databaseUrl, projectId);
  const failed = `/outbound-messages?project_id=${projectId}&send_status=failed`;
  known.learn(await good(server.api(failed)));
}

/** Chat accounts that are linked to somebody's key. */
async function supplyLinks(
  server: Awooop,
  known: KnownThings,
  databaseUrl: string,
  projectId: string,
): Promise<void> {
  const { key_id } = await good(
    server.api("/keys", { body: { ...GUEST, project_ids: [projectId] } }),
  );
  for (let put = 0; put < LINKS; put += 1) await putChatLink(databaseUrl, projectId, key_id);
  known.learn(await good(server.api(`/chat-links?project_id=${projectId}`)));
}

/** Members, each of which has lent something to the tenant's operator. */
async function supplyPeople(server: Awooop, known: KnownThings, projectId: string): Promise<void> {
  for (let made = 0; made < LENDERS; made += 1) {
    const lender = memberOf(projectId);
    const lent = { delegated_by: lender.member_id, delegated_to: `${projectId}-operator` };
    known.learn(await good(server.api("/members", { body: lender })));
    const body = { project_id: projectId, ...lent, ends_at: soon() };
    known.learn(await good(server.api("/delegations", { body })));
  }
}

/** Undoes what another tenant's operations did to this one: a platform's key reaches them all. */
async function mend(server: Awooop, ledger: Ledger, projectId: string): Promise<void> {
  const { freezes } = await good(server.api("/freezes?standing=true&limit=200"));
  for (const { freeze_id } of freezes) {
    await good(server.api(`/freezes/${freeze_id}/lift`, { body: { reason: "on with it" } }));
  }
  const body = {
    is_active: true,
    migration_mode: "active",
    budget_limit_usd: null,
    separate_approver: false,
  };
  await good(server.api(`/tenants/${projectId}`, { method: "PATCH", body }));
  const value = { project_id: projectId, value: `token-of-${projectId}` };
  await good(server.api("/secrets/ALERTS_TOKEN", { method: "PUT", body: value }));
  await applyContracts(server, projectId, contractsOfTenant(ledger));
}

const LIFE = ["submit", "approve", "activate", "deprecate", "retire"];

/** A contract's revision with which `event` can be done next. */
async function readyFor(
  server: Awooop,
  project_id: string,
  contract_id: string,
  event: string,
): Promise<unknown> {
  const bell = { contract_family: "channel", contract_id, project_id, body: { type: "console" } };
  let revision = await good(server.api("/contracts", { body: bell }));
  const before = event === "reject" ? ["submit"] : LIFE.slice(0, LIFE.indexOf(event));
  for (const done of before) {
    const address = `/contracts/${revision.revision_id}/${done}`;
    revision = await good(server.api(address, { body: {} }));
  }
  return revision;
}
