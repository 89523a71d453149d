import { createRunbookAgent } from "../../src/agents/index.ts";
import { declareLost, makeCall } from "../../src/calls/index.ts";
import { agentBodySchema, readAgent, readRevision } from "../../src/contracts/index.ts";
import { jsonb } from "../../src/platform/database/index.ts";
import { newId } from "../../src/platform/ids.ts";
import { createLog } from "../../src/platform/log.ts";
import { createRun, type RunRow, readSteps, transition } from "../../src/runs/index.ts";
import { openCallBench, PROJECT } from "./calls.ts";
import { seedRevision } from "./fixtures.ts";
import { type ScriptedServer, serveScripted } from "./mcp/scripted-server.ts";

/** What the worker's agent is made of. */
export type AgentDeps = Parameters<typeof createRunbookAgent>[0];

const ALERT = { status: "firing", labels: { instance: "cache-1", path: "/var/cache" } };
const TOOLS = ["look", "clear", "flaky"];

/** What the agent may do with the scripted tools; `more` is about the write. */
export const grants = (more: object = {}) => [
  { server: "shop", tool: "look", effect: "read", cost_per_call: 0.01 },
  { server: "shop", tool: "flaky", effect: "read" },
  { server: "shop", tool: "clear", effect: "write", approval: "never", ...more },
];

/** A runbook's call of a scripted tool. */
export const call = (key: string, tool: string, more: object = {}, args: object = {}) => ({
  key,
  call: { server: "shop", tool, args },
  ...more,
});

export const cel = (text: string) => ({ $cel: text });

/** A runbook's last message, on the console. */
export const message = (key: string, text: unknown, more: object = {}) => ({
  key,
  message: { channel: "console", type: "final", subject_kind: "auto_repair_done", text },
  ...more,
});

interface GivenRun {
  steps: object[];
  result?: unknown;
  tools?: object[];
  isShadow?: boolean;
}

type Bench = Awaited<ReturnType<typeof openCallBench>>;

/** Everything a runbook is followed with, real, and a tool server that answers as the test says. */
export async function openRunbookLab() {
  const bench = await openCallBench();
  const upstream = await serveScripted(TOOLS);
  await bench.putContract("tool_server", "shop", { transport: "http", url: upstream.url });
  await bench.asTenant((tx) =>
    seedRevision(tx, {
      project_id: PROJECT,
      contract_id: "console",
      contract_family: "channel",
      body: jsonb({ type: "console" }),
    }),
  );
  const agent = (given: Partial<AgentDeps> = {}) =>
    createRunbookAgent({
      db: bench.deps.db,
      effects: bench.deps.effects,
      call: (request) => makeCall(bench.deps, request),
      log: createLog("silent"),
      workerId: "worker-1",
      ...given,
    });
  return {
    bench,
    upstream,
    agent,
    newRun: (given: GivenRun) => newRun(bench, given),
    /** Works on a run's job, and returns the run as it is then. */
    async work(run: RunRow, given: Partial<AgentDeps> = {}, signal = new AbortController().signal) {
      await agent(given).execute({ project_id: PROJECT, run_id: run.run_id }, signal);
      return bench.runRow(run.run_id);
    },
    journal: (run: RunRow) => bench.asTenant((tx) => readSteps(tx, PROJECT, run.run_id)),
    async entries(run: RunRow) {
      const rows = await bench.asTenant((tx) => readSteps(tx, PROJECT, run.run_id));
      return rows.map((row) => `${row.step_seq} ${row.step_key} ${row.result_status}`);
    },
    messages: (run: RunRow) =>
      bench.asTenant((tx) =>
        tx.selectFrom("outbound_messages").selectAll().where("run_id", "=", run.run_id).execute(),
      ),
    loseWorker: (run: RunRow) => loseWorker(bench, run),
    reset: () => reset(upstream),
    async close() {
      await bench.close();
      await upstream.close();
    },
  };
}

async function newRun(bench: Bench, given: GivenRun): Promise<RunRow> {
  const { steps, result, tools, isShadow } = given;
  const body = agentBodySchema.parse({
    display_name: "Janitor",
    driver: "worker",
    tools: tools ?? grants(),
    runbook: { steps, ...(result === undefined ? {} : { result }) },
  });
  const revisionId = await bench.putContract("agent", `agent-${newId()}`, body);
  return bench.asTenant(async (tx) => {
    const revision = await readRevision(tx, PROJECT, revisionId);
    if (!revision) throw new Error("the revision is not there");
    return createRun(tx, bench.deps.effects, {
      projectId: PROJECT,
      agent: readAgent(revision),
      driver: "worker",
      isShadow: isShadow ?? false,
      title: "Disk almost full",
      triggerType: "alertmanager",
      input: ALERT,
      actor: { kind: "system", id: "test" },
    });
  });
}

/** What the sweeper does with a worker that sends no heartbeat. */
function loseWorker(bench: Bench, run: RunRow): Promise<unknown> {
  return bench.asTenant(async (tx) => {
    await declareLost(tx, PROJECT, run.run_id);
    await transition(tx, bench.deps.effects, {
      projectId: PROJECT,
      runId: run.run_id,
      event: "release",
      actor: { kind: "system", id: "sweeper" },
    });
  });
}

/** The tools' usual answers, and no calls yet. */
function reset(upstream: ScriptedServer): void {
  for (const tool of TOOLS) upstream.calls[tool] = [];
  upstream.answers.look = () => ({
    structuredContent: { percent: 93, healthy: false },
    content: [{ type: "text", text: "93 %" }],
  });
  upstream.answers.clear = () => ({ content: [{ type: "text", text: '{"deleted": 7}' }] });
  upstream.answers.flaky = () => ({ content: [] });
}
