import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { appendAudit } from "../../src/audit/index.ts";
import { jsonb, openDatabase, type Tx } from "../../src/platform/database/index.ts";
import { newId } from "../../src/platform/ids.ts";
import { createLog } from "../../src/platform/log.ts";
import {
  seedApproval,
  seedCall,
  seedDecision,
  seedEvent,
  seedMessage,
  seedProject,
  seedRevision,
  seedRun,
  seedStep,
  seedTransition,
} from "./fixtures.ts";
import { TABLES } from "./rls-cases.ts";
import { withClient } from "./server.ts";

type Row = Record<string, unknown>;

/** The rows of each table as `to_jsonb` tells them, by whose they are. */
export interface Owned {
  all(table: string): Row[];
  of(table: string, owner: string): Row[];
}

/** The two tenants that every tenants' table has one row of. */
const TENANTS = ["alpha", "bravo"] as const;

/** Fills each table: a row of each tenant, or of the platform where a table knows no tenants. */
export async function seedEveryTable(url: string): Promise<Owned> {
  const db = openDatabase({ url, log: createLog("silent") });
  try {
    for (const project_id of TENANTS) {
      await db.transaction({ role: "platform" }, (tx) => seedTenant(tx, project_id));
      const asTenant = { role: "app", projects: [project_id] } as const;
      await db.transaction(asTenant, (tx) => seedHealth(tx, project_id));
      const forgetting = { role: "retention", projects: [project_id] } as const;
      await db.transaction(forgetting, (tx) => seedTotals(tx, project_id));
    }
    await db.transaction({ role: "system" }, seedPlatform);
  } finally {
    await db.close();
  }
  const found = await readEverything(url);
  const all = (table: string) => found.get(table) ?? [];
  return { all, of: (table, owner) => all(table).filter((row) => ownerOf(row) === owner) };
}

function ownerOf(row: Row): string {
  const { project_id, projects } = row;
  if (typeof project_id === "string") return project_id;
  const [first = "_platform", ...more] = Array.isArray(projects) ? (projects as string[]) : [];
  return more.length > 0 ? "both" : first;
}

async function seedTenant(tx: Tx, project_id: string): Promise<void> {
  await seedProject(tx, { project_id });
  const { revision_id } = await seedRevision(tx, { project_id });
  const run = await seedRun(tx, { project_id, revision_id });
  const ids = { project_id, run_id: run.run_id };
  await seedTransition(tx, run, { to_state: "running", event: "claim" });
  await seedStep(tx, run, { step_seq: 1 });
  const { call_id } = await seedCall(tx, run);
  await seedQuestion(tx, run);
  await seedEvent(tx, { project_id, provider_event_id: "e1" });
  await seedCase(tx, project_id);
  await seedTelegramBot(tx, project_id);
  await seedMessage(tx, run);
  await tx.insertInto("run_budgets").values(ids).execute();
  const reservation = { ...ids, call_id, amount_usd: 1, status: "spent" };
  await tx.insertInto("budget_reservations").values(reservation).execute();
  const window = { project_id, scope: "agent", subject: "helper", period: "day" };
  await tx
    .insertInto("budget_windows")
    .values({ ...window, starts_at: "2026-01-01T00:00:00Z" })
    .execute();
  await seedPin(tx, project_id);
  const secret = { project_id, name: "TOKEN", ciphertext: Buffer.from("sealed") };
  await tx
    .insertInto("secrets")
    .values({ ...secret, created_by: "test" })
    .execute();
  const answer = { project_id, actor_id: "k1", key: "once", request_hash: "0" };
  await tx
    .insertInto("idempotency_keys")
    .values({ ...answer, response: jsonb({}) })
    .execute();
  await seedBulkAction(tx, ids);
  const moved = { transition_id: newId(), project_id, revision_id, to_status: "draft" };
  await tx
    .insertInto("contract_transitions")
    .values({ ...moved, event: "create", actor_kind: "key", actor_id: "test" })
    .execute();
  await tx
    .insertInto("project_budgets")
    .values({ project_id, month: "2026-11-01", spent_usd: 1 })
    .execute();
  const frozen = { freeze_id: newId(), scope: "project", held_by: "project", reason: "test" };
  await tx
    .insertInto("freezes")
    .values({ ...frozen, project_id, frozen_by_kind: "key", frozen_by: "test" })
    .execute();
  await insertKey(tx, project_id, [project_id]);
  await seedHour(tx, project_id);
  await seedOAuthClient(tx, project_id);
  await seedPeople(tx, project_id);
  await seedChatLink(tx, { project_id, key_id: project_id });
  await appendAudit(tx, {
    projectId: project_id,
    actor: { kind: "key", id: "ada" },
    action: "test.done",
    subject: { kind: "test", id: "1" },
    private: { reason: "a person's words" },
  });
}

async function seedQuestion(tx: Tx, run: Awaited<ReturnType<typeof seedRun>>): Promise<void> {
  const approval = await seedApproval(tx, run);
  const { decision_id } = await seedDecision(tx, approval);
  const { project_id, run_id, approval_id } = approval;
  await tx
    .insertInto("approval_seen")
    .values({ project_id, run_id, decision_id, content: jsonb({}) })
    .execute();
  await tx
    .insertInto("approval_redemptions")
    .values({ project_id, run_id, approval_id, jti: newId(), call_id: newId(), args_hash: "0" })
    .execute();
  await tx.insertInto("task_outcomes").values({ project_id, run_id, approval_id }).execute();
}

async function seedCase(tx: Tx, project_id: string): Promise<void> {
  const at = "2026-01-01T00:00:00Z";
  const of = { project_id, case_id: newId(), channel_id: "alerts", case_key: "0", title: "Slow" };
  await tx
    .insertInto("channel_cases")
    .values({ ...of, opened_at: at, last_event_at: at, closes_at: at })
    .execute();
}

function seedHour(tx: Tx, project_id: string) {
  const hour = "2026-01-01T00:00:00Z";
  return tx
    .insertInto("channel_hours")
    .values({ project_id, channel_id: "alerts", hour })
    .execute();
}

async function seedTelegramBot(tx: Tx, project_id: string): Promise<void> {
  const of = { project_id, channel_id: "ops", bot_id: "1", holder: "here" };
  await tx
    .insertInto("telegram_bots")
    .values({ ...of, lease_until: "2026-01-01T00:00:00Z" })
    .execute();
}

async function seedOAuthClient(tx: Tx, project_id: string): Promise<void> {
  const client = {
    project_id,
    oauth_client_id: newId(),
    agent_id: "helper",
    client_id: project_id,
  };
  await tx
    .insertInto("oauth_clients")
    .values({ ...client, issuer: "https://login.example", created_by: "test" })
    .execute();
}

async function seedPeople(tx: Tx, project_id: string): Promise<void> {
  for (const member_id of ["ada", "eve"]) {
    const member = { project_id, member_id, display_name: member_id, role: "operator" };
    await tx
      .insertInto("members")
      .values({ ...member, created_by: "test" })
      .execute();
  }
  const lent = { project_id, delegation_id: newId(), delegated_by: "ada", delegated_to: "eve" };
  const ends_at = sql<string>`now() + interval '1 day'`;
  await tx
    .insertInto("delegations")
    .values({ ...lent, ends_at, created_by: "test" })
    .execute();
}

async function seedChatLink(tx: Tx, of: { project_id: string; key_id: string }): Promise<void> {
  const code = { ...of, code_hash: randomBytes(32), expires_at: "2100-01-01T00:00:00Z" };
  await tx.insertInto("chat_link_codes").values(code).execute();
  const user = { channel_type: "telegram", channel_id: "ops", user_id: "1", user_name: "Ada" };
  await tx
    .insertInto("chat_links")
    .values({ ...of, ...user, link_id: newId(), member_id: "ada" })
    .execute();
}

async function seedPin(tx: Tx, project_id: string): Promise<void> {
  const of = { project_id, server_id: "tools", tool_name: "look" };
  await tx
    .insertInto("tool_pins")
    .values({ ...of, pin_hash: "0", definition: jsonb({}) })
    .execute();
  const versions = { pinned_hash: "0", changed_hash: "1", differences: jsonb([]) };
  const definitions = { pinned_definition: jsonb({}), changed_definition: jsonb({}) };
  await tx
    .insertInto("tool_reviews")
    .values({ ...of, review_id: newId(), status: "open", ...versions, ...definitions })
    .execute();
}

async function seedBulkAction(tx: Tx, ids: { project_id: string; run_id: string }): Promise<void> {
  const of = { project_id: ids.project_id, bulk_id: newId() };
  const asked = { action: "cancel", filter: jsonb({}), reason: "test", total_count: 1 };
  await tx
    .insertInto("run_bulk_actions")
    .values({ ...of, ...asked, status: "queued", actor_kind: "key", actor_id: "test" })
    .execute();
  await tx
    .insertInto("run_bulk_results")
    .values({ ...of, run_id: ids.run_id })
    .execute();
}

async function seedHealth(tx: Tx, project_id: string): Promise<void> {
  const of = { project_id, server_id: "tools", process_id: "here:1", revision_id: newId() };
  await tx
    .insertInto("tool_server_health")
    .values({ ...of, state: "up", restarts: 0 })
    .execute();
}

async function seedTotals(tx: Tx, project_id: string): Promise<void> {
  const of = { project_id, month: "2026-11-01", agent_id: "helper", state: "failed" };
  await tx
    .insertInto("run_totals")
    .values({ ...of, is_shadow: false, runs: 1, steps: 1, calls: 1, cost_usd: 1 })
    .execute();
}

async function seedPlatform(tx: Tx): Promise<void> {
  await insertKey(tx, "platform", null);
  await insertKey(tx, "both", [...TENANTS]);
  await tx
    .insertInto("sessions")
    .values({ session_hash: randomBytes(32), key_id: "platform", expires_at: "2100-01-01" })
    .execute();
  const signing = { kid: newId(), public_jwk: jsonb({}), private_ciphertext: Buffer.from("s") };
  await tx.insertInto("signing_keys").values(signing).execute();
}

async function insertKey(tx: Tx, key_id: string, projects: string[] | null): Promise<void> {
  await tx
    .insertInto("api_keys")
    .values({
      key_id,
      name: key_id,
      role: "viewer",
      projects,
      secret_hash: randomBytes(32),
      created_by: "test",
    })
    .execute();
}

/** Read with the rights that see all of a table. */
async function readEverything(url: string): Promise<Map<string, Row[]>> {
  return withClient(url, async (client) => {
    const found = new Map<string, Row[]>();
    for (const [table, { grants }] of Object.entries(TABLES)) {
      const reader = (["platform", "system"] as const).find((role) => grants[role]?.includes("s"));
      if (reader === undefined) continue;
      await client.query(`set role awooop_${reader}`);
      const { rows } = await client.query(`select to_jsonb(t) as row from awooop.${table} t`);
      found.set(
        table,
        rows.map(({ row }) => row as Row),
      );
    }
    return found;
  });
}
