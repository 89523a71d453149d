import { openDatabase, type Tx } from "../../src/platform/database/index.ts";
import { newId } from "../../src/platform/ids.ts";
import { createLog } from "../../src/platform/log.ts";
import { type Awooop, startAwooop } from "./awooop.ts";
import { createTestDatabase } from "./database.ts";
import { good } from "./e2e-tenant.ts";
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
import type { Description } from "./openapi.ts";
import { type Story, seedStory } from "./story.ts";

/** What stands wherever a text can hold a secret, and what must leave the server nowhere. */
export const SECRET = "hunter2hunter2";
export const SECRET_TEXT = `see password=${SECRET} there`;

/** A real server without a worker, so that what is written into its tables stays as it is. */
export interface Letters {
  server: Awooop;
  description: Description;
  story: Story;
  /** A run that waits, with an open question, and secrets in all its texts. */
  waiting: { run_id: string; approval_id: string };
  /** An id for each parameter of the description's paths that names one. */
  ids: Record<string, string>;
  /** Writes rows, as a platform operator. */
  seed<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Opens the server with the tenants `acme`, which has a story, and `globex`, which is inactive. */
export async function openLetters(): Promise<Letters> {
  const database = await createTestDatabase();
  const server = await startAwooop({ databaseUrl: database.url, env: { AWOOOP_ROLES: "api" } });
  const db = openDatabase({ url: database.url, log: createLog("silent") });
  const seed = <T>(work: (tx: Tx) => Promise<T>) => db.transaction({ role: "platform" }, work);
  const seeded = await seed(async (tx) => {
    await seedProject(tx, { project_id: "globex", is_active: false });
    await seedProject(tx, { project_id: "acme", budget_limit_usd: 0.1 });
    const revision = await seedRevision(tx, { project_id: "acme" });
    const story = await seedStory(tx, revision);
    return { story, revision, waiting: await seedSecrets(tx, revision) };
  });
  const { story, revision, waiting } = seeded;
  const key = await good(server.api("/keys", { body: { name: "spare", role: "viewer" } }));
  return {
    server,
    description: await good(server.api("/openapi.json")),
    story,
    waiting,
    ids: {
      run_id: story.run.run_id,
      revision_id: revision.revision_id,
      project_id: "acme",
      key_id: key.key_id,
      name: "TOKEN",
    },
    seed,
    async close() {
      await server.stop();
      await db.close();
      await database.drop();
    },
  };
}

type Revision = Awaited<ReturnType<typeof seedRevision>>;

async function seedSecrets(tx: Tx, { project_id, revision_id }: Revision) {
  const run = await seedRun(tx, {
    project_id,
    revision_id,
    driver: "client",
    state: "waiting_approval",
    created_at: "2026-11-22T03:08:00Z",
    title: SECRET_TEXT,
    error_detail: SECRET_TEXT,
    result: JSON.stringify({ text: SECRET_TEXT }),
    cost_usd: 0.1,
  });
  await seedTransition(tx, run, { to_state: "running", event: "resume", reason: SECRET_TEXT });
  const texts = { block_reason: SECRET_TEXT, error_code: "E-X" };
  const json = JSON.stringify({ password: SECRET, deep: [SECRET_TEXT] });
  await seedStep(tx, run, {
    ...{ step_seq: 1, ...texts, summary: SECRET_TEXT, input: json, output: json },
  });
  const { call_id } = await seedCall(tx, run, {
    ...{ ...texts, args: json, result: json, agent_reason: SECRET_TEXT },
    verdicts: JSON.stringify([{ gate: 1, outcome: "pass", reason: SECRET_TEXT }]),
  });
  await seedEvent(tx, {
    project_id,
    provider_event_id: newId(),
    run_id: run.run_id,
    content_preview: SECRET_TEXT,
  });
  await seedMessage(tx, run, {
    content_preview: SECRET_TEXT,
    send_status: "failed",
    send_error: SECRET_TEXT,
  });
  const approval = await seedApproval(tx, run, {
    call_id,
    agent_reason: SECRET_TEXT,
    rule: SECRET_TEXT,
    headline: JSON.stringify({ en: SECRET_TEXT }),
    blast_radius: JSON.stringify({ en: SECRET_TEXT }),
    estimate: JSON.stringify({ en: SECRET_TEXT }),
    args_display: json,
    on_reject: "return",
  });
  await seedDecision(tx, approval, { reason: SECRET_TEXT });
  return { run_id: run.run_id, approval_id: approval.approval_id };
}
