import { Client } from "pg";
import { agentBodySchema } from "../../src/contracts/index.ts";
import { canonicalHash } from "../../src/platform/canonical.ts";
import { type Database, jsonb, openDatabase } from "../../src/platform/database/index.ts";
import { newId } from "../../src/platform/ids.ts";
import { createLog } from "../../src/platform/log.ts";
import { seedActiveRevision, seedApproval, seedCall, seedProject, seedRun } from "./fixtures.ts";

const PROJECT = "acme";
const ARGS = { path: "/var/cache/shop" };

const JANITOR = agentBodySchema.parse({
  display_name: "Janitor",
  driver: "worker",
  tools: [{ server: "shop-tools", tool: "clear_cache", effect: "write" }],
  runbook: { steps: [{ key: "clear", call: { server: "shop-tools", tool: "clear_cache" } }] },
});

/** A run that waits for a person, and its question. */
export interface Waiting {
  runId: string;
  approvalId: string;
}

/** Runs that wait for a person, written straight into the tables; there is no worker that would take them up. */
export interface Questions {
  project: string;
  ask(given?: {
    quorum?: number;
    on_reject?: "cancel" | "return";
    editor_counts?: boolean;
  }): Promise<Waiting>;
  /** All that a decision changes, as the database holds it now; without ids and times. */
  traces(of: Waiting): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** @param url a migrated database without the project `acme` */
export async function openQuestions(url: string): Promise<Questions> {
  const db = openDatabase({ url, log: createLog("silent") });
  const revisionId = await seedContract(db);
  const reader = new Client({ connectionString: url });
  await reader.connect();
  return {
    project: PROJECT,
    ask: (given) => seedQuestion(db, revisionId, given ?? {}),
    traces: (of) => readTraces(reader, of),
    async close() {
      await reader.end();
      await db.close();
    },
  };
}

async function seedContract(db: Database): Promise<string> {
  return db.transaction({ role: "platform" }, async (tx) => {
    await seedProject(tx, { project_id: PROJECT });
    const of = { project_id: PROJECT };
    await seedActiveRevision(tx, {
      ...of,
      contract_id: "shop-tools",
      contract_family: "tool_server",
      body: { transport: "http", url: "http://127.0.0.1:9/mcp" },
    });
    const inputSchema = { type: "object", properties: { path: { type: "string" } } };
    await tx
      .insertInto("tool_pins")
      .values({
        ...of,
        server_id: "shop-tools",
        tool_name: "clear_cache",
        pin_hash: canonicalHash(inputSchema),
        definition: jsonb({ name: "clear_cache", inputSchema }),
      })
      .execute();
    const janitor = { ...of, contract_id: "janitor", contract_family: "agent", body: JANITOR };
    return (await seedActiveRevision(tx, janitor)).revision_id;
  });
}

function seedQuestion(db: Database, revision_id: string, given: object): Promise<Waiting> {
  return db.transaction({ role: "platform" }, async (tx) => {
    const run = await seedRun(tx, {
      project_id: PROJECT,
      revision_id,
      agent_id: "janitor",
      state: "waiting_approval",
    });
    const approval_id = newId();
    const asked_hash = canonicalHash(ARGS);
    const call = await seedCall(tx, run, {
      tool_name: "clear_cache",
      args_hash: asked_hash,
      effect: "write",
      result_status: "pending",
      approval_id,
    });
    const { call_id } = call;
    await seedApproval(tx, run, { approval_id, asked_hash, call_id, call_key: "clear", ...given });
    return { runId: run.run_id, approvalId: approval_id };
  });
}

const TRACES = `select
  (select jsonb_build_object('state', state, 'step_count', step_count, 'error_code', error_code)
    from runs where run_id = $1) as run,
  (select jsonb_build_object('status', status, 'round', round, 'approved_hash', approved_hash,
    'edited', approved_args_ciphertext is not null, 'decided', decided_at is not null, 'token', token is not null)
    from approvals where approval_id = $2) as question,
  (select jsonb_agg(jsonb_build_array(result_status, block_code)) from mcp_calls where run_id = $1) as calls,
  (select jsonb_agg(decision order by decision_id) from approval_decisions where approval_id = $2) as decisions,
  (select jsonb_agg(jsonb_build_array(step_seq, tool_name) order by step_seq) from run_steps where run_id = $1) as steps,
  (select jsonb_agg(event order by at) from run_transitions where run_id = $1) as events,
  (select jsonb_agg(action order by audit_id) from audit_log where subject_id in ($1::text, $2::text)) as audits,
  (select count(*)::int from idempotency_keys where response->>'run_id' = $1::text) as answers`;

const JOBS = `select name from pgboss.job where data->>'run_id' = $1::text order by name`;

async function readTraces(
  reader: Client,
  { runId, approvalId }: Waiting,
): Promise<Record<string, unknown>> {
  await reader.query("reset role");
  const { rows: jobs } = await reader.query(JOBS, [runId]);
  await reader.query("set role awooop_platform; set search_path = awooop");
  const { rows } = await reader.query(TRACES, [runId, approvalId]);
  return { ...rows[0], jobs: jobs.map(({ name }) => name) };
}
