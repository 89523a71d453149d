import { randomBytes } from "node:crypto";
import {
  createSigner,
  type Decision,
  decide,
  ensureSigningKey,
} from "../../src/approvals/index.ts";
import {
  type CallDeps,
  type CallRequest,
  createCatalog,
  makeCall,
  onQuestionClosed,
} from "../../src/calls/index.ts";
import {
  type AgentBody,
  agentBodySchema,
  readAgent,
  readRevision,
} from "../../src/contracts/index.ts";
import { createArgumentChecker } from "../../src/gates/index.ts";
import { canonicalHash } from "../../src/platform/canonical.ts";
import { jsonb, openDatabase } from "../../src/platform/database/index.ts";
import { newId } from "../../src/platform/ids.ts";
import { openJobs } from "../../src/platform/jobs/index.ts";
import { createLog } from "../../src/platform/log.ts";
import { createSealer } from "../../src/platform/sealing.ts";
import { createRun, type RunRow } from "../../src/runs/index.ts";
import { createTestDatabase } from "./database.ts";
import { seedProject } from "./fixtures.ts";
import { openPool } from "./mcp/pool.ts";

export const PROJECT = "acme";
export const KEY_ID = "agentkey0001";

/** Everything calls are made with, real, on a database of its own. */
export async function openCallBench() {
  const database = await createTestDatabase();
  const log = createLog("silent");
  const db = openDatabase({ url: database.url, log });
  const jobs = await openJobs({ url: database.url, log });
  const sealer = createSealer([randomBytes(32).toString("hex")]);
  await ensureSigningKey(db, sealer);
  const pool = openPool();
  const deps: CallDeps = {
    db,
    sealer,
    pool,
    log,
    effects: { send: jobs.send, onQuestionClosed },
    signer: createSigner(sealer),
    checker: createArgumentChecker(),
    catalog: createCatalog(db, pool),
  };
  const asTenant = <T>(work: Parameters<typeof db.transaction<T>>[1]) =>
    db.transaction({ role: "app", projects: [PROJECT] }, work);
  await db.transaction({ role: "platform" }, (tx) => seedProject(tx, { project_id: PROJECT }));

  async function putContract(
    family: "agent" | "tool_server",
    contractId: string,
    body: unknown,
  ): Promise<string> {
    const revisionId = newId();
    await asTenant(async (tx) => {
      await tx
        .updateTable("contract_revisions")
        .set({ lifecycle_status: "deprecated" })
        .where("project_id", "=", PROJECT)
        .where("contract_id", "=", contractId)
        .execute();
      const { n } = await tx
        .selectFrom("contract_revisions")
        .select(({ fn }) => fn.countAll<number>().as("n"))
        .where("project_id", "=", PROJECT)
        .where("contract_id", "=", contractId)
        .executeTakeFirstOrThrow();
      await tx
        .insertInto("contract_revisions")
        .values({
          revision_id: revisionId,
          project_id: PROJECT,
          contract_id: contractId,
          contract_family: family,
          lifecycle_status: "active",
          body: jsonb(body),
          body_hash: canonicalHash(body),
          version_major: 1,
          version_minor: n,
          created_by: "test",
        })
        .execute();
    });
    return revisionId;
  }

  /** A client run under an agent contract with these tools. */
  async function openRun(
    body: Partial<AgentBody> & Record<string, unknown>,
    isShadow = false,
  ): Promise<RunRow> {
    const full = agentBodySchema.parse({ display_name: "Agent", driver: "client", ...body });
    const revisionId = await putContract("agent", `agent-${newId()}`, full);
    return asTenant(async (tx) => {
      const revision = await readRevision(tx, PROJECT, revisionId);
      if (!revision) throw new Error("the revision is not there");
      return createRun(tx, deps.effects, {
        projectId: PROJECT,
        agent: readAgent(revision),
        driver: "client",
        isShadow,
        title: "test",
        triggerType: "client",
        actor: { kind: "agent", id: "agent" },
        openedBy: KEY_ID,
      });
    });
  }

  return {
    deps,
    asTenant,
    putContract,
    openRun,
    call: (
      run: RunRow,
      tool: string,
      args: Record<string, unknown> = {},
      more: Partial<CallRequest> = {},
    ) =>
      makeCall(deps, {
        projectId: PROJECT,
        runId: run.run_id,
        callKey: "mcp",
        tool,
        args,
        keyId: KEY_ID,
        ...more,
      }),
    decide: (run: RunRow, decision: Decision, reason = "") =>
      decide(deps, {
        scope: { role: "app", projects: [PROJECT] },
        projectId: PROJECT,
        runId: run.run_id,
        decision,
        reason,
        approver: { kind: "key", id: "op-2" },
        via: { keyId: "op2key", actor: { kind: "key", id: "op-2" } },
        surface: "api",
      }),
    callRow: (callId: string) =>
      asTenant((tx) =>
        tx
          .selectFrom("mcp_calls")
          .selectAll()
          .where("call_id", "=", callId)
          .executeTakeFirstOrThrow(),
      ),
    runRow: (runId: string) =>
      asTenant((tx) =>
        tx.selectFrom("runs").selectAll().where("run_id", "=", runId).executeTakeFirstOrThrow(),
      ),
    async close() {
      await pool.close();
      await jobs.stop();
      await db.close();
      await database.drop();
    },
  };
}
