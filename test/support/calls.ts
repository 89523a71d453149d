import { randomBytes } from "node:crypto";
import {
  type CheckEdit,
  createSigner,
  type Decision,
  decide,
  ensureSigningKey,
  type WhyVoid,
} from "../../src/approvals/index.ts";
import {
  type CallDeps,
  type CallOutcome,
  type CallRequest,
  createCatalog,
  createEffects,
  createLedger,
  createStandingCache,
  createToolLists,
  editCheck,
  makeCall,
  voidOfTools,
  whyVoid,
} from "../../src/calls/index.ts";
import { writeDelivered } from "../../src/calls/kept.ts";
import {
  type AgentBody,
  agentBodySchema,
  readAgent,
  readRevision,
} from "../../src/contracts/index.ts";
import { createArgumentChecker, createPolicies } from "../../src/gates/index.ts";
import { listenToChanges } from "../../src/platform/database/changes.ts";
import { openDatabase, type Tx } from "../../src/platform/database/index.ts";
import { newId } from "../../src/platform/ids.ts";
import { openJobs } from "../../src/platform/jobs/index.ts";
import { createLog } from "../../src/platform/log.ts";
import { createSealer } from "../../src/platform/sealing.ts";
import { createRun, type RunRow } from "../../src/runs/index.ts";
import { createTestDatabase } from "./database.ts";
import { seedActiveRevision, seedProject } from "./fixtures.ts";
import { serveHttp } from "./mcp/http-server.ts";
import { openPool } from "./mcp/pool.ts";
import { queryRows } from "./server.ts";

export const PROJECT = "acme";
/** The key that opens the runs and calls the tools. */
export const KEY_ID = "agentkey0001";

const OPERATOR = "op-2";

/** What a test says of a contract; the schema fills in the rest. */
type GivenAgent = Partial<AgentBody> & Record<string, unknown>;

/** Everything calls are made with, real, on a database of its own. */
export async function openCallBench() {
  const { deps, url, adminUrl, close } = await openDeps();
  const asTenant = <T>(work: (tx: Tx) => Promise<T>) =>
    deps.db.transaction({ role: "app", projects: [PROJECT] }, work);
  await deps.db.transaction({ role: "platform" }, (tx) => seedProject(tx, { project_id: PROJECT }));
  /** Makes a contract's active revision and answers its id. */
  const putContract = (
    family: "agent" | "tool_server" | "policy",
    contract_id: string,
    body: unknown,
  ) =>
    asTenant(async (tx) => {
      const given = { project_id: PROJECT, contract_id, contract_family: family, body };
      return (await seedActiveRevision(tx, given)).revision_id;
    });
  return {
    deps,
    databaseUrl: url,
    asTenant,
    /** As the administrator of the database, for what a test must arrange. */
    asAdmin: (statement: string) => queryRows(adminUrl, statement),
    putContract,
    /** A run under an agent contract with these tools: a client's, or a pending one for a worker. */
    async openRun(body: GivenAgent, isShadow = false): Promise<RunRow> {
      const full = agentBodySchema.parse({ display_name: "Agent", driver: "client", ...body });
      const revisionId = await putContract("agent", `agent-${newId()}`, full);
      return asTenant((tx) => openRun(tx, deps, revisionId, isShadow));
    },
    /** Another run of the agent that a run is of. */
    openNext: ({ revision_id }: RunRow): Promise<RunRow> =>
      asTenant((tx) => openRun(tx, deps, revision_id, false)),
    call: callingWith(deps),
    decide: (run: RunRow, decision: Decision, reason = "", more: Partial<Decided> = {}) =>
      decide(deps, decisionOf(run, { decision, reason, ...more })),
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
    approvalRow: (approvalId: string) =>
      asTenant((tx) =>
        tx
          .selectFrom("approvals")
          .selectAll()
          .where("approval_id", "=", approvalId)
          .executeTakeFirstOrThrow(),
      ),
    close,
  };
}

/** Makes calls as a client that gets its answers. */
function callingWith(deps: CallDeps) {
  return async (
    run: RunRow,
    tool: string,
    args: Record<string, unknown> = {},
    more: Partial<CallRequest> = {},
  ): Promise<CallOutcome> => {
    const outcome = await makeCall(deps, { ...callOf(run), tool, args, ...more });
    if (outcome.kept) await writeDelivered(deps.db, outcome.kept);
    return outcome;
  };
}

/** What became of a call that has to wait for a person; an error if it did not. */
export async function waiting(outcome: Promise<CallOutcome>) {
  const found = await outcome;
  if (found.kind !== "waiting") throw new Error(`The call does not wait: ${JSON.stringify(found)}`);
  return found;
}

/** A bench with the tool server `shop`, real and reached over HTTP. */
export async function openShopBench() {
  const bench = await openCallBench();
  const upstream = await serveHttp();
  await bench.putContract("tool_server", "shop", { transport: "http", url: upstream.url });
  return {
    ...bench,
    upstream,
    /** A client's run that may do one thing: let the shop say something, as a write unless `grant` says otherwise. */
    openEchoRun: (grant: object = {}) =>
      bench.openRun({
        tools: [{ server: "shop", tool: "echo", effect: "write", ...grant }],
      } as never),
    /** A run for a worker, whose runbook lets the shop say something. */
    openWorkerRun: (limits: object = {}) =>
      bench.openRun({ driver: "worker", runbook: ECHO_RUNBOOK, limits } as never),
    async close() {
      await bench.close();
      await upstream.close();
    },
  };
}

export type ShopBench = Awaited<ReturnType<typeof openShopBench>>;

const ECHO_RUNBOOK = { steps: [{ key: "one", call: { server: "shop", tool: "echo" } }] };

type BenchDeps = CallDeps & {
  checkEdit: CheckEdit;
  whyVoid: WhyVoid;
  toolLists: ReturnType<typeof createToolLists>;
};

interface Opened {
  deps: BenchDeps;
  url: string;
  adminUrl: string;
  close(): Promise<void>;
}

async function openDeps(): Promise<Opened> {
  const database = await createTestDatabase();
  const log = createLog("silent");
  const db = openDatabase({ url: database.url, log });
  const jobs = await openJobs({ url: database.url, log });
  const sealer = createSealer([randomBytes(32).toString("hex")]);
  await ensureSigningKey(db, sealer);
  const pool = openPool();
  const effects = createEffects(jobs);
  const signer = createSigner(sealer);
  const checker = createArgumentChecker();
  const policies = createPolicies();
  const checkEdit = editCheck({ checker, policies, sealer });
  const catalog = createCatalog(db, pool, (tx, changed) => voidOfTools(tx, effects, changed));
  const changes = await listenToChanges({ url: database.url, log });
  const standing = createStandingCache({ db, changes, policies });
  const ledger = createLedger({ db, log });
  const toolLists = createToolLists({ db, changes, catalog, standing, policies });
  const tools = { pool, catalog, standing, ledger, toolLists };
  return {
    deps: { db, sealer, log, effects, signer, checker, policies, checkEdit, whyVoid, ...tools },
    url: database.url,
    adminUrl: database.adminUrl,
    async close() {
      await pool.close();
      await changes.close();
      await jobs.stop();
      await db.close();
      await database.drop();
    },
  };
}

async function openRun(
  tx: Tx,
  deps: CallDeps,
  revisionId: string,
  isShadow: boolean,
): Promise<RunRow> {
  const revision = await readRevision(tx, PROJECT, revisionId);
  if (!revision) throw new Error("the revision is not there");
  const agent = readAgent(revision);
  const isClient = agent.body.driver === "client";
  return createRun(tx, deps.effects, {
    projectId: PROJECT,
    agent,
    driver: agent.body.driver,
    isShadow,
    title: "test",
    triggerType: isClient ? "client" : "alertmanager",
    actor: { kind: "agent", id: "agent" },
    ...(isClient ? { openedBy: KEY_ID } : {}),
  });
}

/** What every call of a client's run says. */
function callOf(run: RunRow) {
  return { projectId: PROJECT, runId: run.run_id, callKey: "mcp", keyId: KEY_ID };
}

type Decided = Parameters<typeof decide>[1];

/** A decision of an operator with the API. */
function decisionOf(
  run: RunRow,
  said: Pick<Decided, "decision" | "reason"> & Partial<Decided>,
): Decided {
  const approver = said.approver ?? { kind: "key", id: OPERATOR };
  return {
    scope: { role: "app", projects: [PROJECT] },
    projectId: PROJECT,
    runId: run.run_id,
    approver,
    via: { keyId: `key of ${approver.id}`, actor: approver },
    surface: "api",
    ...said,
  };
}
