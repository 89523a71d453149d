import { afterAll, expect, test } from "vitest";
import { isFinal } from "../src/runs/states.ts";
import { startAwooop } from "./support/awooop.ts";
import { createTestDatabase } from "./support/database.ts";
import {
  addTenant,
  applyContracts,
  contract,
  fireAlert,
  good,
  grants,
  openLedger,
} from "./support/e2e-tenant.ts";
import { brokenMoves, disagreements, Reader, statesOf } from "./support/observations.ts";
import { wipeAs } from "./support/two-tenants.ts";
import { waitFor } from "./support/wait.ts";

/**
 * The list, the run's page, its timeline and the open questions never disagree on a state, while workers, clients and
 * people keep changing the runs.
 */

const WORKER_RUNS = 14;
const CLIENT_RUNS = 8;
const READERS = 3;
const SOON_MS = 60_000;
const PROJECT = "acme";
/** What a decision answers, in this order. */
const DECISION = ["run_id", "decision", "new_state", "approval_token_jti"];

const database = await createTestDatabase();
const ledger = await openLedger();
const server = await startAwooop({ databaseUrl: database.url });
const tenant = await addTenant(server, PROJECT, ledger);
const { operator, viewer, agent } = tenant.keys;
const call = (key: string, tool: string) => ({
  key,
  call: { server: "tools", tool, args: { name: key } },
});
await applyContracts(server, PROJECT, [
  contract("agent", "janitor", {
    driver: "worker",
    triggers: [{ channel: "alerts" }],
    tools: grants(),
    runbook: { steps: [call("look", "look"), call("wipe", "wipe"), call("again", "wipe")] },
  }),
]);

afterAll(async () => {
  await server.stop();
  await database.drop();
  await ledger.remove();
});

const read = (path: string) => good(server.api(path, { key: viewer }));
/** Every run that was made. */
const runs = new Set<string>();
let isOver = false;

/** One reader's round: the list, each run's page and timeline, and the questions, one after another. */
async function readOnce(reader: Reader): Promise<void> {
  const list = await read(`/runs?project_id=${PROJECT}&limit=200`);
  for (const run of list.runs) {
    reader.saw(run.run_id, run.state, "the list");
    expect(isFinal(run.state), JSON.stringify(run)).toBe(run.completed_at !== null);
  }
  expect(list.total).toBe(list.runs.length);
  const questions = await read(`/approvals?project_id=${PROJECT}&limit=200`);
  expect(questions.items).toEqual(questions.approvals);
  expect(questions.total).toBe(questions.approvals.length);
  for (const { run_id } of questions.approvals) {
    reader.saw(run_id, "waiting_approval", "the questions");
  }
  for (const { run_id } of list.runs) {
    const page = await read(`/runs/${run_id}`);
    expect(disagreements(page), JSON.stringify(page.run)).toEqual([]);
    reader.saw(run_id, page.run.state, "the run's page");
    const { items } = await read(`/runs/${run_id}/timeline?kind=run&order=desc&limit=1`);
    reader.saw(run_id, items[0].status, "the timeline");
  }
}

async function readOn(reader: Reader): Promise<void> {
  while (!isOver) await readOnce(reader);
}

/** Answers whatever is asked: yes mostly, sometimes no, sometimes the run is cancelled instead. */
async function decideOn(): Promise<void> {
  for (let at = 0; !isOver; at += 1) {
    const { approvals } = await read(`/approvals?project_id=${PROJECT}&limit=1`);
    const [question] = approvals;
    if (question === undefined) continue;
    const { run_id, approval_id } = question;
    const decision = at % 4 === 2 ? "reject" : "approve";
    const body = { project_id: PROJECT, decision, approval_id };
    const answer =
      at % 5 === 4
        ? await server.api(`/runs/${run_id}/cancel`, { key: operator, body: { reason: "enough" } })
        : await server.api(`/approvals/${run_id}/decide`, { key: operator, body });
    // Whoever has had a run started again can't approve what it asks.
    if (answer.body.code === "E-APPR-SELF") continue;
    expect([200, 409], JSON.stringify(answer)).toContain(answer.status);
    const isDecided = answer.status === 200 && "new_state" in answer.body;
    if (isDecided) expect(Object.keys(answer.body)).toEqual(DECISION);
  }
}

async function alarm(): Promise<void> {
  for (let fired = 0; fired < WORKER_RUNS; fired += 1) {
    const { run_id } = await fireAlert(server, tenant, `Alert${fired}`);
    if (run_id !== null) runs.add(run_id);
  }
}

/** A client that asks for something, waits for the answer and ends its run, one way or another. */
async function drive(at: number): Promise<void> {
  const { run_id } = await good(server.api("/runs", { key: agent, body: {} }));
  runs.add(run_id);
  await wipeAs(server, agent, `c${at}`, run_id);
  await waitFor(async () => (await read(`/runs/${run_id}`)).run.state !== "waiting_approval", {
    timeoutMs: SOON_MS,
    what: "an answer",
  });
  const ending = at % 2 === 0 ? "complete" : "fail";
  const body = ending === "fail" ? { error_code: "E-TEST" } : {};
  const answer = await server.api(`/runs/${run_id}/${ending}`, { key: agent, body });
  expect([200, 409]).toContain(answer.status);
}

/** Ended runs of workers are started anew, each once. */
async function retry(): Promise<void> {
  const { runs: ended } = await read(`/runs?project_id=${PROJECT}&state=cancelled&limit=3`);
  for (const { run_id, driver } of ended) {
    if (driver === "client") continue;
    const again = await good(server.api(`/runs/${run_id}/retry`, { key: operator, body: {} }));
    runs.add(again.run_id);
  }
}

const allOver = async () => {
  const { runs: found } = await read(`/runs?project_id=${PROJECT}&limit=200`);
  const over = found.filter(({ state }: { state: "running" }) => isFinal(state));
  return over.length === runs.size;
};

test("while everything changes, every answer is of one moment and none goes back", async () => {
  const readers = Array.from({ length: READERS }, () => new Reader());
  const going = [...readers.map(readOn), decideOn()];
  const change = async () => {
    await Promise.all([alarm(), ...Array.from({ length: CLIENT_RUNS }, (_, at) => drive(at))]);
    await waitFor(allOver, { timeoutMs: SOON_MS, what: "the runs to end" });
    await retry();
    await waitFor(allOver, { timeoutMs: SOON_MS, what: "the repeated runs to end" });
  };
  await Promise.all([
    ...going,
    change().finally(() => {
      isOver = true;
    }),
  ]);
  const wrong: string[] = [];
  for (const runId of runs) {
    const { items } = await read(`/runs/${runId}/timeline?kind=run&limit=200`);
    wrong.push(...brokenMoves(items));
    for (const reader of readers) wrong.push(...reader.backwards(runId, statesOf(items)));
  }
  expect(wrong).toEqual([]);
  expect(runs.size).toBeGreaterThanOrEqual(WORKER_RUNS + CLIENT_RUNS);
  // They saw it happen, and not only how it ended.
  for (const reader of readers) expect(reader.changes).toBeGreaterThan(runs.size);
}, 180_000);
