import { randomBytes } from "node:crypto";
import type { OpenAPIHono } from "@hono/zod-openapi";
import { Hono } from "hono";
import type { InsertObject, Selectable } from "kysely";
import { expect } from "vitest";
import type { z } from "zod";
import type { ApiEnv, Caller } from "../../src/identity/index.ts";
import { canonicalHash } from "../../src/platform/canonical.ts";
import {
  type Database,
  type DB,
  jsonb,
  openDatabase,
  type Tx,
} from "../../src/platform/database/index.ts";
import { type Cursors, createCursors, problemResponse } from "../../src/platform/http/index.ts";
import { newId } from "../../src/platform/ids.ts";
import { createLog } from "../../src/platform/log.ts";
import { createTestDatabase } from "./database.ts";

/**
 * Rows for tests of what is read, written straight into the tables. Tests of what is done use the features
 * themselves. Every builder takes the columns that matter to the test and fills in the rest.
 */
type Row<T extends keyof DB> = Selectable<DB[T]>;
type Some<T extends keyof DB> = Partial<InsertObject<DB, T>>;
type Given<T extends keyof DB, K extends keyof InsertObject<DB, T>> = Some<T> &
  Required<Pick<InsertObject<DB, T>, K>>;

const HASH = "0".repeat(64);

/** A fresh database as the routes that read need it. */
export interface Reading {
  db: Database;
  url: string;
  cursors: Cursors;
  /** Writes rows, as a platform operator. */
  seed<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Opens a database of its own for a test file; close it in `afterAll`. */
export async function openReading(): Promise<Reading> {
  const testDatabase = await createTestDatabase();
  const db = openDatabase({ url: testDatabase.url, log: createLog("silent") });
  return {
    db,
    url: testDatabase.url,
    cursors: createCursors(randomBytes(32)),
    seed: (work) => db.transaction({ role: "platform" }, work),
    async close() {
      await db.close();
      await testDatabase.drop();
    },
  };
}

export async function seedProject(tx: Tx, given: Given<"projects", "project_id">): Promise<void> {
  await tx
    .insertInto("projects")
    .values({ display_name: given.project_id, migration_mode: "active", ...given })
    .execute();
}

export async function seedRevision(
  tx: Tx,
  given: Given<"contract_revisions", "project_id">,
): Promise<Row<"contract_revisions">> {
  return tx
    .insertInto("contract_revisions")
    .values({
      revision_id: newId(),
      contract_id: "disk-janitor",
      contract_family: "agent",
      lifecycle_status: "active",
      body: jsonb({}),
      body_hash: HASH,
      version_major: 1,
      version_minor: 3,
      created_by: "test",
      ...given,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

let minor = 0;

/** Makes an active revision of a contract, in place of an earlier one. */
export async function seedActiveRevision(
  tx: Tx,
  given: { project_id: string; contract_id: string; contract_family: string; body: unknown },
): Promise<Row<"contract_revisions">> {
  await tx
    .updateTable("contract_revisions")
    .set({ lifecycle_status: "deprecated" })
    .where("project_id", "=", given.project_id)
    .where("contract_id", "=", given.contract_id)
    .execute();
  minor += 1;
  const body = jsonb(given.body);
  const body_hash = canonicalHash(given.body);
  return seedRevision(tx, { ...given, body, body_hash, version_minor: minor });
}

export async function seedRun(
  tx: Tx,
  given: Given<"runs", "project_id" | "revision_id">,
): Promise<Row<"runs">> {
  return tx
    .insertInto("runs")
    .values({
      run_id: newId(),
      agent_id: "disk-janitor",
      driver: "worker",
      state: "running",
      title: "Disk almost full",
      is_shadow: false,
      trace_id: randomBytes(16).toString("hex"),
      trigger_type: "alertmanager",
      ...given,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

type OfRun = { project_id: string; run_id: string };

function ofRun({ project_id, run_id }: OfRun): OfRun {
  return { project_id, run_id };
}

export async function seedTransition(
  tx: Tx,
  run: OfRun,
  given: Given<"run_transitions", "to_state" | "event">,
): Promise<Row<"run_transitions">> {
  return tx
    .insertInto("run_transitions")
    .values({
      transition_id: newId(),
      actor_kind: "system",
      actor_id: "test",
      ...ofRun(run),
      ...given,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function seedStep(
  tx: Tx,
  run: OfRun,
  given: Given<"run_steps", "step_seq">,
): Promise<Row<"run_steps">> {
  return tx
    .insertInto("run_steps")
    .values({
      step_id: newId(),
      step_key: `step_${given.step_seq}`,
      kind: "tool_call",
      result_status: "success",
      ...ofRun(run),
      ...given,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function seedCall(
  tx: Tx,
  run: OfRun,
  given: Some<"mcp_calls"> = {},
): Promise<Row<"mcp_calls">> {
  return tx
    .insertInto("mcp_calls")
    .values({
      call_id: newId(),
      call_key: "call",
      server: "shop-tools",
      tool_name: "disk_usage",
      args_hash: HASH,
      effect: "read",
      is_shadow: false,
      result_status: "success",
      ...ofRun(run),
      ...given,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function seedEvent(
  tx: Tx,
  given: Given<"channel_events", "project_id" | "provider_event_id">,
): Promise<Row<"channel_events">> {
  return tx
    .insertInto("channel_events")
    .values({
      event_id: newId(),
      channel_type: "alertmanager",
      channel_id: "alerts",
      payload: jsonb({}),
      content_preview: "DiskAlmostFull",
      ...given,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function seedMessage(
  tx: Tx,
  run: OfRun,
  given: Some<"outbound_messages"> = {},
): Promise<Row<"outbound_messages">> {
  return tx
    .insertInto("outbound_messages")
    .values({
      message_id: newId(),
      channel_type: "telegram",
      channel_id: "ops-oncall",
      message_type: "final",
      content: jsonb({}),
      send_status: "sent",
      ...ofRun(run),
      ...given,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function seedApproval(
  tx: Tx,
  run: Row<"runs">,
  given: Some<"approvals"> = {},
): Promise<Row<"approvals">> {
  return tx
    .insertInto("approvals")
    .values({
      approval_id: newId(),
      call_id: newId(),
      call_key: newId(),
      agent_id: run.agent_id,
      revision_id: run.revision_id,
      contract_hash: HASH,
      server: "shop-tools",
      tool_name: "clear_cache",
      effect: "write",
      args_display: jsonb({ path: "/var/cache/shop" }),
      args_ciphertext: Buffer.from("sealed"),
      asked_hash: HASH,
      status: "open",
      rule: "The contract asks a person before each clear_cache.",
      on_reject: "cancel",
      on_expire: "cancel",
      redeem_seconds: 300,
      expires_at: "2100-01-01T00:00:00Z",
      ...ofRun(run),
      ...given,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function seedDecision(
  tx: Tx,
  approval: Row<"approvals">,
  given: Some<"approval_decisions"> = {},
): Promise<{ decision_id: string }> {
  return tx
    .insertInto("approval_decisions")
    .values({
      decision_id: newId(),
      approval_id: approval.approval_id,
      actor_kind: "key",
      actor_id: "op-2",
      via_key_id: "k2",
      decision: "approve",
      surface: "console",
      ...ofRun(approval),
      ...given,
    })
    .returning("decision_id")
    .executeTakeFirstOrThrow();
}

/** A caller as authentication would find it; a viewer of every project unless said otherwise. */
export function caller(given: Partial<Caller> = {}): Caller {
  return {
    keyId: "k1",
    actor: { kind: "key", id: "op-1" },
    role: "viewer",
    projects: "all",
    agentId: null,
    holdSeconds: 4,
    mayActForOthers: false,
    surface: "api",
    ...given,
  };
}

/** An answer's status and its JSON, as the route sent it. */
export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  body: any;
}

/** Who asks, and what is posted with it: without a body it is a GET. */
export interface Asking {
  caller?: Caller;
  language?: "en" | "zh-TW";
  /** Sent as JSON; a text as it is. */
  body?: unknown;
  /** How a body is sent; POST by default. */
  method?: "PATCH";
  headers?: Record<string, string>;
}

/** Asks routes as a caller, with the authentication left out and everything after it real. */
export async function ask(
  routes: OpenAPIHono<ApiEnv>,
  path: string,
  as: Asking = {},
): Promise<Answer> {
  const app = new Hono<ApiEnv>();
  app.use(async (c, next) => {
    c.set("caller", as.caller ?? caller());
    c.set("language", as.language ?? "en");
    await next();
  });
  app.route("/", routes);
  app.onError((error) => problemResponse(error));
  const headers = { "content-type": "application/json", ...as.headers };
  const text = typeof as.body === "string" ? as.body : JSON.stringify(as.body);
  const post = { method: as.method ?? "POST", headers, body: text };
  const response = await app.request(path, as.body === undefined ? {} : post);
  return { status: response.status, body: await response.json() };
}

/** Asks for what is there, and holds the answer against its schema: no field is missing and none is too many. */
export async function askFor<S extends z.ZodType>(
  routes: OpenAPIHono<ApiEnv>,
  path: string,
  schema: S,
  as: Asking = {},
): Promise<z.output<S>> {
  const answer = await ask(routes, path, as);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  const parsed = schema.parse(answer.body);
  // Parsing drops what the schema does not name.
  expect(answer.body).toEqual(parsed);
  return parsed;
}

/** A path with a query behind it. */
export function withQuery(path: string, query: Record<string, string | number>): string {
  const words = Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]);
  return `${path}?${new URLSearchParams(words)}`;
}
