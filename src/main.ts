import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import { Registry } from "prom-client";
import { authoringRoutes, contractChecks, createRunbookAgent } from "./agents/index.ts";
import {
  type ApprovalEffects,
  createSigner,
  createWaiting,
  ensureSigningKey,
  keySetRoutes,
  questionRouters,
  voidQuestionsOfWaiting,
  waitForDecision,
  workOnVoids,
} from "./approvals/index.ts";
import { budgetRoutes } from "./budgets/index.ts";
import {
  type CallDeps,
  callsInFlight,
  createCatalog,
  createEffects,
  createLedger,
  createStandingCache,
  createTasks,
  editCheck,
  inFlightRoutes,
  makeCall,
  noteDelivered,
  requireThawed,
  type Tasks,
  toolCallRoutes,
  voidOfRetired,
  voidOfTools,
  whyVoid,
} from "./calls/index.ts";
import {
  type ChannelBody,
  type ChannelFigures,
  channelBodySchema,
  channelChecks,
  channelRouters,
  createChannelFigures,
  createDelivery,
  editClosedQuestions,
  hookRoutes,
  noteClosedQuestion,
  notifyApprovalOpened,
  notifyReminder,
  notifyRunEnded,
  openChat,
  watchTelegram,
} from "./channels/index.ts";
import {
  type AgentBody,
  agentBodySchema,
  contractRouters,
  createContracts,
  hasAgent,
} from "./contracts/index.ts";
import { createArgumentChecker, createPolicies, policyFamily } from "./gates/index.ts";
import { createHttp } from "./http/index.ts";
import {
  type Caller,
  createIdentity,
  createKeys,
  ensureAdminKey,
  type Identity,
  identityRoutes,
  memberRoutes,
  oauthClientRoutes,
  resourceMetadata,
} from "./identity/index.ts";
import { agentSide, createMcpEdge, type McpEdge } from "./mcp/index.ts";
import { overviewRoutes } from "./overview/index.ts";
import { type Config, configHelp, localUrl, readConfig } from "./platform/config.ts";
import { type Database, isReady } from "./platform/database/index.ts";
import { newId } from "./platform/ids.ts";
import { createLog, type Logger } from "./platform/log.ts";
import { openPlatform, type Platform } from "./platform/open-platform.ts";
import { PACKAGE_ROOT } from "./platform/package-root.ts";
import { sayWhatFailed, sayWhereItIs } from "./platform/startup-words.ts";
import { type Closer, closeAll, openStorage } from "./platform/storage.ts";
import {
  agentOf,
  type BulkDeps,
  bulkRoutes,
  createOpenRuns,
  type OpenRuns,
  runListRoutes,
  runRoutes,
  startBulkOfDeactivated,
  wakeThawedRuns,
  workOnBulk,
} from "./runs/index.ts";
import { readSecret, secretRoutes } from "./secrets/index.ts";
import { createFreezes, createTenants, freezeRoutes, tenantRoutes } from "./tenants/index.ts";
import { timelineRouters } from "./timeline/index.ts";
import {
  openToolServers,
  pinnedTools,
  reviewRoutes,
  toolSchemas,
  toolServerBody,
  toolServerRoutes,
  tracePool,
} from "./toolservers/index.ts";
import { startWorker } from "./worker/index.ts";

const WEB_ROOT = fileURLToPath(new URL("dist/web/", PACKAGE_ROOT));
const DATA_DIR = fileURLToPath(new URL(".awooop", PACKAGE_ROOT));

function openCalls(
  config: Config,
  platform: Platform,
  effects: ApprovalEffects,
  closers: Closer[],
): CallDeps {
  const { db, changes, sealer, log, telemetry } = platform;
  const ledger = createLedger({ db, log });
  // Ended after the tool servers: what they still answer is recorded.
  closers.push({ name: "record of calls", close: () => ledger.idle() });
  const servers = openToolServers({
    db,
    processId: `${hostname()}:${process.pid}`,
    resolveSecret: (projectId, name) =>
      db.transaction({ role: "app", projects: [projectId] }, (tx) =>
        readSecret(tx, sealer, projectId, name),
      ),
    allowHosts: config.allowHosts,
    allowStdio: config.allowStdio,
    log,
  });
  const pool = tracePool(telemetry, servers.pool);
  closers.push({ name: "tool servers", close: servers.close });
  const signer = createSigner(sealer);
  const checker = createArgumentChecker();
  const policies = createPolicies();
  const catalog = createCatalog(db, pool, (tx, changed) => voidOfTools(tx, effects, changed));
  const standing = createStandingCache({ db, changes, policies });
  const gates = { signer, checker, policies, pool, catalog, standing, ledger };
  return { db, effects, sealer, log, telemetry, ...gates };
}

function openContracts(config: Config, db: Database, calls: CallDeps) {
  return createContracts({
    db,
    allowStdio: config.allowStdio,
    schemaProblem: calls.checker.schemaProblem,
    pinnedTools,
    toolSchemas,
    relist: calls.catalog.relist,
    onRetired: (tx, retired) => voidOfRetired(tx, calls.effects, retired),
    families: {
      agent: { schema: agentBodySchema, check: (body) => contractChecks(body as AgentBody) },
      tool_server: { schema: toolServerBody },
      channel: { schema: channelBodySchema, check: (body) => channelChecks(body as ChannelBody) },
      policy: policyFamily,
    },
  });
}

function createRouters(
  config: Config,
  platform: Platform,
  effects: ApprovalEffects,
  calls: CallDeps,
  runs: OpenRuns,
) {
  const { db, sealer, cursors, log } = platform;
  const waiting = createWaiting({ ...platform, ...config, whyVoid });
  const forget = (keyId: string) => identity.forgetKey(keyId);
  const identity = createIdentity({ db, site: config, oauth: config.oauth, log });
  const tenants = createTenants({
    db,
    cursors,
    onDeactivated: [(tx, project) => startBulkOfDeactivated(tx, effects, project)],
  });
  const freezes = createFreezes({
    db,
    cursors,
    isAgent: hasAgent,
    inFlight: callsInFlight,
    onThawed: (tx, place) => wakeThawedRuns(tx, effects, place),
  });
  const contracts = openContracts(config, db, calls);
  const routers = [
    identityRoutes({ identity, keys: createKeys({ db, cursors, forget }) }),
    memberRoutes({ db, cursors }),
    oauthClientRoutes({ db, cursors, identity, ...config.oauth }),
    tenantRoutes({ tenants }),
    freezeRoutes({ freezes }),
    secretRoutes({ db, sealer, cursors }),
    reviewRoutes({ db, cursors }),
    ...contractRouters({ db, contracts, cursors }),
    // Before the timeline, which would take `bulk` for a run's id.
    bulkRoutes({ db, effects, cursors }),
    runRoutes({ db, effects }),
    runListRoutes({ db, cursors }),
    budgetRoutes({ db }),
    inFlightRoutes({ db, cursors }),
    waiting.routes,
    toolCallRoutes({ calls, runs }),
    ...questionRouters({ ...calls, cursors, checkEdit: editCheck(calls), whyVoid }),
    ...timelineRouters({ db, cursors }),
    ...channelRouters(platform),
    overviewRoutes({ db }),
    toolServerRoutes({ db, cursors }),
    authoringRoutes({ db, catalog: calls.catalog }),
  ];
  return { identity, routers, waiting };
}

function agentCaller(caller: Caller) {
  const { keyId, holdSeconds } = caller;
  return { ...agentOf(caller), keyId, holdSeconds };
}

/** The gateway, for agents' keys. */
function openGateway(
  config: Config,
  platform: Platform,
  calls: CallDeps,
  clients: { runs: OpenRuns; tasks: Tasks; identity: Identity },
): McpEdge {
  const { runs, tasks, identity } = clients;
  const { db, changes, sealer, log } = platform;
  const side = agentSide({ ...calls, changes });
  return createMcpEdge<ReturnType<typeof agentCaller>>(
    {
      sealer,
      log,
      telemetry: platform.telemetry,
      authenticate: async (request) => agentCaller(await identity.authenticate(request)),
      authenticateBearer: async (header) =>
        agentCaller(await identity.authenticateBearer(header, "mcp")),
      ...side.about,
      requireThawed: (agent) => requireThawed(db, agent),
      async openRun(agent, wish) {
        return { runId: (await runs.open(agent, wish)).run_id };
      },
      async callTool({ caller, isAnswered, ...call }) {
        // A run that is over by now is the gates' business.
        const known = isAnswered ? undefined : runs.open(caller, { runId: call.runId });
        const run = await known?.catch(() => undefined);
        const { projectId, keyId } = caller;
        const aimed = await side.aim(caller, call);
        return makeCall(calls, { ...call, ...aimed, run, projectId, keyId, callKey: "mcp" });
      },
      noteDelivered: (kept) => noteDelivered(calls, kept),
      waitForDecision: ({ projectId, keyId }, approvalId, wait) =>
        waitForDecision({ db, changes, whyVoid }, { projectId, approvalId, keyId }, wait),
      tasks: {
        get: ({ projectId, keyId }, of) => tasks.get({ ...of, projectId, keyId }),
        withdraw: ({ projectId, keyId }, of) => tasks.withdraw({ ...of, projectId, keyId }),
      },
    },
    {
      allowedOrigins: [config.publicUrl],
      longestHoldMs: config.longestHoldSeconds * 1_000,
    },
  );
}

/** Runs, messages and sweeps. */
async function openWorker(
  config: Config,
  platform: Platform,
  calls: CallDeps & ReturnType<typeof openChat> & { figures: ChannelFigures },
  closers: Closer[],
): Promise<void> {
  const { db, sealer, jobs, changes, log } = platform;
  const { effects, tags } = calls;
  const { allowHosts, publicUrl } = config;
  const stopping = new AbortController();
  const workerId = `${hostname()}:${process.pid}:${newId().slice(-4)}`;
  const agent = createRunbookAgent({
    db,
    effects,
    log,
    workerId,
    call: (request) => makeCall(calls, request),
  });
  const bulk: BulkDeps = {
    db,
    effects,
    voidQuestions: (tx, run, by) => voidQuestionsOfWaiting(tx, effects, run, by),
    log,
  };
  const deliver = createDelivery({ db, jobs, sealer, allowHosts, publicUrl, log });
  const notifications = { db, jobs, publicUrl, tags };
  const worker = await startWorker({
    jobs,
    log,
    sweeps: { db, effects },
    runs: { changes, work: (run) => agent.execute(run, stopping.signal) },
    handlers: {
      "runs.bulk": (data, job) =>
        workOnBulk(bulk, data, AbortSignal.any([job.signal, stopping.signal])),
      "run.ended": (data) => notifyRunEnded(notifications, data),
      "approval.opened": (data) => notifyApprovalOpened(notifications, data),
      "approval.reminder": (data) => notifyReminder(notifications, data),
      "approvals.void": (data, job) => workOnVoids({ db, effects, whyVoid }, data, job.signal),
      "approval.closed": (data) => noteClosedQuestion({ db, jobs }, data),
      "message.deliver": deliver,
    },
  });
  const telegram = watchTelegram({ ...calls, ...config, changes, holder: workerId });
  closers.push({ name: "Telegram", close: () => telegram.stop() });
  closers.push({
    name: "worker",
    close: () => {
      // In this order, or the runs given back would be taken again at once.
      const stopped = worker.stop();
      stopping.abort();
      return stopped;
    },
  });
}

interface Running {
  /** Where people reach the console. */
  url: string;
  /** The first admin's key, at the very first start. */
  adminKey: string | undefined;
  stop(): Promise<void>;
}

/** Starts what the configuration asks for; whatever was started is ended again if something fails. */
async function start(config: Config, log: Logger, onLost: () => void): Promise<Running> {
  const closers: Closer[] = [];
  const stop = () => closeAll(closers, log);
  try {
    const storage = await openStorage(config, log, closers, onLost);
    const platform = await openPlatform(config, storage, log, closers);
    await ensureSigningKey(platform.db, platform.sealer);
    const effects = createEffects(platform.jobs, editClosedQuestions);
    const calls = openCalls(config, platform, effects, closers);
    const runs = createOpenRuns({ ...platform, effects });
    const { identity, routers, waiting } = createRouters(config, platform, effects, calls, runs);
    const chats = openChat({ ...calls, ...config, checkEdit: editCheck(calls), whyVoid });
    const deeds = { ...calls, ...chats, figures: createChannelFigures(platform, closers) };
    if (config.roles.has("worker")) await openWorker(config, platform, deeds, closers);
    const tasks = createTasks(calls);
    closers.push({ name: "tasks", close: () => tasks.idle() });
    const gateway = openGateway(config, platform, calls, { runs, tasks, identity });
    const hasApi = config.roles.has("api");
    let isOpen = false;
    const http = createHttp({
      config,
      identity,
      routers: hasApi ? routers : [],
      mcp: config.roles.has("gateway") ? gateway : undefined,
      wellKnown: [
        config.roles.has("gateway") ? resourceMetadata(config) : undefined,
        hasApi ? keySetRoutes(platform) : undefined,
      ],
      hooks: hasApi ? hookRoutes({ ...platform, ...config, ...deeds }) : undefined,
      metrics: new Registry(),
      log,
      changes: platform.changes,
      webRoot: WEB_ROOT,
      ready: async () => isOpen && (await isReady(platform.db)),
    });
    const listening = await http.listen();
    closers.push({ name: "http", close: () => listening.close() });
    closers.push({ name: "gateway", close: () => gateway.close() });
    closers.push({ name: "waiters", close: waiting.close });
    // Last of all: a key that is made must be shown.
    const adminKey = await ensureAdminKey(platform.db, config.adminKey);
    isOpen = true;
    const isAnyPort = config.publicUrl === localUrl(config.host, 0);
    const url = isAnyPort ? localUrl(config.host, listening.port) : config.publicUrl;
    return { url, adminKey, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function main(): Promise<void> {
  if (process.argv.includes("--help")) {
    process.stdout.write(`Usage: npm start\n\nStarts the AwoooP server.\n\n${configHelp()}`);
    return;
  }
  const config = readConfig(process.env, { dataDirDefault: DATA_DIR });
  const log = createLog(config.logLevel);
  const { promise: ending, resolve: end } = Promise.withResolvers<number>();
  process.on("SIGINT", () => end(0));
  process.on("SIGTERM", () => end(0));
  const running = await start(config, log, () => end(1));
  sayWhereItIs(running);
  const code = await ending;
  await running.stop();
  process.exit(code);
}

main().catch((error: unknown) => {
  sayWhatFailed(error);
  process.exit(1);
});
