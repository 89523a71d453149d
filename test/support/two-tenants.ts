import { randomUUID } from "node:crypto";
import { type Awooop, startAwooop } from "./awooop.ts";
import { putChangedTool } from "./changed-tool.ts";
import { createTestDatabase } from "./database.ts";
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
  waitForRun,
} from "./e2e-tenant.ts";
import { bulkIn } from "./isolation-cases.ts";
import { clientOf, ISSUER } from "./isolation-oauth.ts";
import { memberOf, soon } from "./isolation-people.ts";
import type { Target } from "./isolation-shapes.ts";
import { connectV1 } from "./mcp/gateway.ts";
import { withClient } from "./server.ts";

const SOON_MS = 30_000;

/** A real server with two tenants, each with the same things of its own. */
export interface TwoTenants {
  server: Awooop;
  databaseUrl: string;
  ledger: Ledger;
  alpha: E2eTenant;
  /** Its agent may use the tool `hidden`, which alpha's may not. */
  bravo: E2eTenant;
  /** One tenant more, with the same things. */
  addThird(projectId: string): Promise<E2eTenant>;
  /** New things of a tenant, made through the API, so that acting on them would be possible. */
  makeTarget(tenant: E2eTenant): Promise<Target>;
  /** Everything that is bravo's and nobody else's, as it could turn up in an answer. */
  marksOfBravo(): Promise<string[]>;
  close(): Promise<void>;
}

export async function openTwoTenants(): Promise<TwoTenants> {
  const database = await createTestDatabase();
  const ledger = await openLedger();
  const server = await startAwooop({
    databaseUrl: database.url,
    env: { AWOOOP_OAUTH_ISSUERS: ISSUER },
  });
  const hidden = { server: "tools", tool: "hidden", effect: "read" };
  return {
    server,
    databaseUrl: database.url,
    ledger,
    alpha: await openTenant(server, "alpha", ledger, grants()),
    bravo: await openTenant(server, "bravo", ledger, [...grants(), hidden]),
    addThird: (projectId) => openTenant(server, projectId, ledger, grants()),
    makeTarget: (tenant) => makeTarget(server, database.url, tenant),
    marksOfBravo: () => marksOfBravo(database.url),
    async close() {
      await server.stop();
      await database.drop();
      await ledger.remove();
    },
  };
}

async function openTenant(
  server: Awooop,
  projectId: string,
  ledger: Ledger,
  tools: object[],
): Promise<E2eTenant> {
  const tenant = await addTenant(server, projectId, ledger);
  const look = { key: "look", call: { server: "tools", tool: "look", args: { name: projectId } } };
  await applyContracts(server, projectId, [
    contract("agent", "janitor", {
      driver: "worker",
      triggers: [{ channel: "alerts" }],
      tools: grants(),
      runbook: { steps: [look] },
    }),
    contract("agent", "helper", { driver: "client", tools }),
  ]);
  return tenant;
}

let serial = 0;

async function makeTarget(server: Awooop, databaseUrl: string, tenant: E2eTenant): Promise<Target> {
  serial += 1;
  const { projectId: project, keys } = tenant;
  const opened = await good(server.api("/runs", { key: keys.agent, body: { title: project } }));
  const run: string = opened.run_id;
  const asked = await wipeAs(server, keys.agent, `${project}-${serial}`, run);
  const { run_id: ended } = await fireAlert(server, tenant, `${project}Alert`);
  if (ended === null) throw new Error("the alert started no run");
  await waitForRun(server, ended, (page) => page.run.state === "completed", SOON_MS);
  const spareChannel = contract("channel", `${project}-spare-${serial}`, { type: "console" });
  await applyContracts(server, project, [spareChannel]);
  const { contracts } = await good(server.api("/contracts?limit=1", { key: keys.viewer }));
  const spare = { role: "viewer", name: `${project}-spare-${serial}`, project_ids: [project] };
  const made = await good(server.api("/keys", { body: spare }));
  const secret = `TOKEN_${serial}`;
  const value = { project_id: project, value: `${project}-secret` };
  await good(server.api(`/secrets/${secret}`, { method: "PUT", body: value }));
  const spareAgent = `${project}-idle-${serial}`;
  const frozenAgent = `${project}-frozen-${serial}`;
  const idle = { driver: "client", tools: grants() };
  await applyContracts(
    server,
    project,
    [spareAgent, frozenAgent].map((id) => contract("agent", id, idle)),
  );
  const toStop = { scope: "agent", project_id: project, agent_id: frozenAgent, reason: "a trial" };
  const frozen = await good(server.api("/freezes", { key: keys.operator, body: toStop }));
  await putInFlight(databaseUrl, ended);
  await putCase(databaseUrl, project);
  const message = await putMessage(databaseUrl, project);
  const tool = `tool-${serial}`;
  const toolHash = await putChangedTool(databaseUrl, project, tool);
  const many = await good(server.api("/runs/bulk", { body: bulkIn(project) }));
  const client = await good(server.api("/oauth-clients", { body: clientOf(project, project) }));
  const lender = memberOf(project);
  await good(server.api("/members", { body: lender }));
  const lent = { project_id: project, delegated_by: lender.member_id, ends_at: soon() };
  const delegated = await good(
    server.api("/delegations", { body: { ...lent, delegated_to: `${project}-operator` } }),
  );
  return {
    project,
    run,
    approval: approvalOf(asked),
    ended,
    revision: contracts[0].revision_id,
    key: made.key_id,
    secret,
    bulk: many.bulk_id,
    spareAgent,
    freeze: frozen.freeze_id,
    client: client.oauth_client_id,
    tool,
    toolHash,
    member: lender.member_id,
    delegation: delegated.delegation_id,
    chatLink: await putChatLink(databaseUrl, project, made.key_id),
    message,
  };
}

/** A call that stays under way, as no tool server would let it: the copy of one of the run's, never given up. */
async function putInFlight(databaseUrl: string, runId: string): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query("set role awooop_platform; set search_path = awooop");
    await client.query(
      `insert into mcp_calls (call_id, project_id, run_id, call_key, server, tool_name, args_hash, effect, is_shadow,
         result_status, deadline_at)
       select $2, project_id, run_id, 'under way', server, tool_name, args_hash, effect, is_shadow, 'executing', '2100-01-01'
       from mcp_calls where run_id = $1 limit 1`,
      [runId, randomUUID()],
    );
  });
}

/** A case, as a channel with a rule would have made it. */
async function putCase(databaseUrl: string, projectId: string): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query("set role awooop_platform; set search_path = awooop");
    await client.query(
      `insert into channel_cases (project_id, case_id, channel_id, case_key, title, event_count, opened_at, last_event_at, closes_at)
       values ($1, $2, 'alerts', $1, $1, 1, now(), now(), now())`,
      [projectId, randomUUID()],
    );
  });
}

/** Somebody in a chat, linked to a key as a code would have done it. */
export async function putChatLink(
  databaseUrl: string,
  projectId: string,
  keyId: string,
): Promise<string> {
  const linkId = randomUUID();
  await withClient(databaseUrl, async (client) => {
    await client.query("set role awooop_platform; set search_path = awooop");
    await client.query(
      `insert into chat_links (project_id, link_id, channel_type, channel_id, user_id, user_name, key_id, member_id)
       select $1::text, $2::uuid, 'telegram', 'ops', $2::uuid::text, $1::text, key_id, name from api_keys where key_id = $3`,
      [projectId, linkId, keyId],
    );
  });
  return linkId;
}

/** A message that was given up. */
export async function putMessage(databaseUrl: string, projectId: string): Promise<string> {
  const id = randomUUID();
  await withClient(databaseUrl, async (client) => {
    await client.query("set role awooop_platform; set search_path = awooop");
    await client.query(
      `insert into outbound_messages (project_id, message_id, channel_type, channel_id, message_type, content, content_preview, send_status)
       values ($1, $2, 'webhook', 'pager', 'notice', '{}', $1, 'failed')`,
      [projectId, id],
    );
  });
  return id;
}

/** What a target looks like that was never there. */
export const noTarget = (): Target => ({
  project: "nowhere",
  run: randomUUID(),
  approval: randomUUID(),
  ended: randomUUID(),
  revision: randomUUID(),
  key: "0123456789ab",
  secret: "NEVER_SET",
  bulk: randomUUID(),
  spareAgent: "no-agent",
  freeze: randomUUID(),
  client: randomUUID(),
  tool: "never",
  toolHash: "0".repeat(64),
  member: "nobody",
  delegation: randomUUID(),
  chatLink: randomUUID(),
  message: randomUUID(),
});

/** Calls the tool that needs approval as an agent, on a connection of its own. */
export async function wipeAs(server: Awooop, key: string, name: string, runId?: string) {
  const headers: Record<string, string> = runId === undefined ? {} : { "AwoooP-Run": runId };
  const client = await connectV1({ url: `${server.url}/mcp`, key, headers });
  return client.callTool("wipe", { name }).finally(() => client.close());
}

/** The question that a PENDING answer names. */
export function approvalOf(answer: Record<string, unknown>): string {
  const meta = answer._meta as Record<string, unknown>;
  return String(meta["awooop/approval"]).slice("apr_".length);
}

async function marksOfBravo(databaseUrl: string): Promise<string[]> {
  return withClient(databaseUrl, async (client) => {
    await client.query("set role awooop_platform; set search_path = awooop");
    const { rows } = await client.query<{ mark: string }>(`
      select run_id::text as mark from runs where project_id = 'bravo'
      union all select trace_id from runs where project_id = 'bravo'
      union all select approval_id::text from approvals where project_id = 'bravo'
      union all select asked_hash from approvals where project_id = 'bravo'
      union all select revision_id::text from contract_revisions where project_id = 'bravo'
      union all select event_id::text from channel_events where project_id = 'bravo'
      union all select case_id::text from channel_cases where project_id = 'bravo'
      union all select message_id::text from outbound_messages where project_id = 'bravo'
      union all select call_id::text from mcp_calls where project_id = 'bravo'
      union all select step_id::text from run_steps where project_id = 'bravo'
      union all select bulk_id::text from run_bulk_actions where project_id = 'bravo'
      union all select freeze_id::text from freezes where project_id = 'bravo'
      union all select review_id::text from tool_reviews where project_id = 'bravo'
      union all select key_id from api_keys where 'bravo' = any (projects)
      union all select member_id from members where project_id = 'bravo'
      union all select delegation_id::text from delegations where project_id = 'bravo'
      union all select link_id::text from chat_links where project_id = 'bravo'
      union all select oauth_client_id::text from oauth_clients where project_id = 'bravo'
      union all select 'bravo'`);
    return rows.map(({ mark }) => mark);
  });
}
