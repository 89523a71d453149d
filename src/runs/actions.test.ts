import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KEY_ID, openShopBench, PROJECT, type ShopBench } from "../../test/support/calls.ts";
import { ask, caller } from "../../test/support/fixtures.ts";
import { budgetRoutes } from "../budgets/index.ts";
import { jsonb } from "../platform/database/index.ts";
import { type RunRow, runRoutes, transition } from "./index.ts";

let bench: ShopBench;

beforeAll(async () => {
  bench = await openShopBench();
});
afterAll(() => bench?.close());

const operator = caller({ role: "operator" });
/** The agent whose key opened the client runs, and another one of the same project. */
const agent = caller({ role: "agent", projects: [PROJECT], agentId: "a", keyId: KEY_ID });
const stranger = caller({ ...agent, keyId: "anotherkey01" });

const act = (run: RunRow, action: string, body: object, as = operator) =>
  ask(runRoutes(bench.deps), `/runs/${run.run_id}/${action}`, { caller: as, body });

const clientRun = (more: object = {}) =>
  bench.openRun({ tools: [{ server: "shop", tool: "echo", effect: "read" }], ...more } as never);

/** A worker's run about an alert, over. */
async function failedRun(): Promise<RunRow> {
  const run = await bench.openWorkerRun();
  return bench.asTenant(async (tx) => {
    await tx
      .updateTable("runs")
      .set({ trigger_ref: "event-7", input: jsonb({ labels: { host: "a" } }) })
      .where("run_id", "=", run.run_id)
      .execute();
    return transition(tx, bench.deps.effects, {
      projectId: PROJECT,
      runId: run.run_id,
      event: "fail",
      actor: { kind: "system", id: "test" },
    });
  });
}

const setProject = (change: { migration_mode?: string; is_active?: boolean }) =>
  bench.deps.db.transaction({ role: "platform" }, (tx) =>
    tx.updateTable("projects").set(change).where("project_id", "=", PROJECT).execute(),
  );

describe("retrying", () => {
  it("makes a new run of the same trigger under the same revision, and leaves the old one as it is", async () => {
    const old = await failedRun();
    const answer = await act(old, "retry", { project_id: PROJECT });
    expect(answer).toMatchObject({ status: 200, body: { state: "pending", project_id: PROJECT } });
    expect(answer.body.run_id).not.toBe(old.run_id);
    expect(await bench.runRow(answer.body.run_id)).toMatchObject({
      retry_of: old.run_id,
      revision_id: old.revision_id,
      agent_id: old.agent_id,
      title: old.title,
      trigger_type: "alertmanager",
      trigger_ref: "event-7",
      input: { labels: { host: "a" } },
      attempt_count: 0,
      step_count: 0,
      is_shadow: false,
    });
    expect(await bench.runRow(old.run_id)).toEqual(old);
  });

  it("is refused while the run is not over, and for client runs", async () => {
    const open = await bench.openWorkerRun();
    const refused = { status: 409, body: { code: "E-RUN-STATE" } };
    expect(await act(open, "retry", {})).toMatchObject(refused);
    const client = await clientRun();
    await act(client, "complete", {}, agent);
    expect(await act(client, "retry", {})).toMatchObject(refused);
  });

  it("does what the project's mode allows now", async () => {
    const old = await failedRun();
    try {
      await setProject({ migration_mode: "shadow" });
      const shadow = await act(old, "retry", {});
      expect(await bench.runRow(shadow.body.run_id)).toMatchObject({ is_shadow: true });
      await setProject({ migration_mode: "legacy" });
      expect(await act(old, "retry", {})).toMatchObject({
        status: 403,
        body: { code: "E-TENANT-LEGACY" },
      });
      await setProject({ migration_mode: "active", is_active: false });
      expect(await act(old, "retry", {})).toMatchObject({
        status: 403,
        body: { code: "E-TENANT-INACTIVE" },
      });
    } finally {
      await setProject({ migration_mode: "active", is_active: true });
    }
  });

  it("takes an operator who may see the project", async () => {
    const old = await failedRun();
    expect(await act(old, "retry", {}, caller())).toMatchObject({ status: 403 });
    const elsewhere = caller({ role: "operator", projects: ["globex"] });
    for (const project_id of [undefined, PROJECT, "globex"]) {
      expect(await act(old, "retry", { project_id }, elsewhere)).toMatchObject({
        status: 404,
        body: { code: "E-NOT-FOUND" },
      });
    }
  });
});

describe("a client run", () => {
  it("is completed by the key that opened it, with its result", async () => {
    const run = await clientRun();
    const done = await act(run, "complete", { result: { cleared: 7 } }, agent);
    expect(done).toMatchObject({ status: 200, body: { state: "completed" } });
    expect(await bench.runRow(run.run_id)).toMatchObject({
      state: "completed",
      result: { cleared: 7 },
      completed_at: expect.any(String),
    });
    const again = await act(run, "complete", {}, agent);
    expect(again).toMatchObject({ status: 409, body: { state: "completed" } });
    expect(await bench.call(run, "echo", { text: "late" })).toMatchObject({
      gate: 1,
      code: "E-RUN-NOT-RUNNING",
    });
  });

  it("fails with the code and the words its client gives", async () => {
    const run = await clientRun();
    const body = { error_code: "E-DISK-FULL", error_detail: "no room left" };
    expect(await act(run, "fail", body, agent)).toMatchObject({
      status: 200,
      body: { state: "failed" },
    });
    expect(await bench.runRow(run.run_id)).toMatchObject({ state: "failed", ...body });
  });

  it("is ended by no other key, and while a person is asked not as complete", async () => {
    const run = await bench.openEchoRun();
    expect(await act(run, "complete", {}, stranger)).toMatchObject({ status: 404 });
    expect(await act(run, "complete", {})).toMatchObject({ status: 403 });
    await bench.call(run, "echo", { text: "x" });
    expect(await act(run, "complete", {}, agent)).toMatchObject({
      status: 409,
      body: { state: "waiting_approval" },
    });
    expect(await act(run, "fail", { error_code: "E-X" }, agent)).toMatchObject({ status: 200 });
  });

  it("is the only kind that a client ends", async () => {
    const run = await bench.openWorkerRun();
    expect(await act(run, "complete", {}, agent)).toMatchObject({ status: 404 });
  });
});

describe("what a model cost", () => {
  const book = (run: RunRow, cost_usd: number, as = agent) =>
    ask(budgetRoutes(bench.deps), `/runs/${run.run_id}/usage`, {
      caller: as,
      body: { cost_usd, model: "m-1", input_tokens: 10, output_tokens: 2 },
    });

  it("is booked on the run and counts against its limit", async () => {
    const run = await clientRun({ limits: { cost_usd: 0.05 } });
    expect(await bench.call(run, "echo", { text: "x" })).toMatchObject({ kind: "result" });
    expect(await book(run, 0.02)).toMatchObject({ status: 200, body: { cost_usd: 0.02 } });
    expect(await book(run, 0.030001)).toMatchObject({ status: 200, body: { cost_usd: 0.050001 } });
    expect(await bench.runRow(run.run_id)).toMatchObject({ cost_usd: 0.050001 });
    expect(await bench.call(run, "echo", { text: "x" })).toMatchObject({
      gate: 4,
      code: "E-BUDGET-RUN",
    });
  });

  it("adds up, however many book at once", async () => {
    const run = await clientRun();
    await Promise.all(Array.from({ length: 20 }, () => book(run, 0.000001)));
    expect((await bench.runRow(run.run_id)).cost_usd).toBe(0.00002);
  });

  it("is booked by the agent that opened the run, while it is open", async () => {
    const run = await clientRun();
    expect(await book(run, 1, stranger)).toMatchObject({ status: 404 });
    expect(await book(run, 1, operator)).toMatchObject({ status: 403 });
    await act(run, "complete", {}, agent);
    expect(await book(run, 1)).toMatchObject({ status: 409, body: { state: "completed" } });
    expect((await bench.runRow(run.run_id)).cost_usd).toBe(0);
  });
});
