import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PROJECT } from "../../test/support/calls.ts";
import { type AgentDeps, call, cel, message, openRunbookLab } from "../../test/support/runbook.ts";
import { waitFor } from "../../test/support/wait.ts";
import { type CallRequest, makeCall } from "../calls/index.ts";
import { newId } from "../platform/ids.ts";
import { claimRun, transition } from "../runs/index.ts";

let lab: Awaited<ReturnType<typeof openRunbookLab>>;

beforeAll(async () => {
  lab = await openRunbookLab();
});

afterAll(() => lab?.close());

beforeEach(() => lab.reset());

class Crash extends Error {}

describe("a crash", () => {
  const steps = [
    call("disk", "look"),
    call("clear", "clear", {}, { at: cel("steps.disk.output.percent") }),
    message("report", "done"),
  ];

  /** Dies at a moment of the call of one step. */
  function dying(stepKey: string, moment: "before" | "after"): Partial<AgentDeps> {
    return {
      workerId: "worker-0",
      call: async (request: CallRequest) => {
        if (request.callKey !== stepKey) return makeCall(lab.bench.deps, request);
        if (moment === "before") throw new Crash();
        await makeCall(lab.bench.deps, request);
        throw new Crash();
      },
    };
  }

  test.each([
    ["disk", "before"],
    ["disk", "after"],
    ["clear", "before"],
    ["clear", "after"],
  ] as const)(
    "at the call of %s, %s it: nothing is done twice, nothing is lost",
    async (key, moment) => {
      const run = await lab.newRun({ steps });
      await expect(lab.work(run, dying(key, moment))).rejects.toThrow(Crash);
      // What the tool says now must not change the arguments that were journaled.
      lab.upstream.answers.look = () => ({
        structuredContent: { percent: 50, healthy: true },
        content: [],
      });
      await lab.loseWorker(run);
      expect(await lab.work(run)).toMatchObject({ state: "completed", attempt_count: 2 });
      expect(await lab.entries(run)).toEqual([
        "1 disk success",
        "2 clear success",
        "3 report success",
      ]);
      expect(lab.upstream.calls.look).toHaveLength(1);
      const at = key === "disk" && moment === "before" ? 50 : 93;
      expect(lab.upstream.calls.clear).toEqual([{ at }]);
      expect(await lab.messages(run)).toHaveLength(1);
    },
  );

  test("while a write is on its way: its fate is unknown, it is not sent again, and the run says so", async () => {
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    lab.upstream.answers.clear = async () => {
      arrived.resolve();
      await release.promise;
      return { content: [] };
    };
    const run = await lab.newRun({ steps });
    const first = lab.work(run, { workerId: "worker-0" });
    await arrived.promise;
    await lab.loseWorker(run);
    expect(await lab.work(run)).toMatchObject({
      state: "failed",
      error_code: "E-CALL-UNKNOWN",
      error_detail: expect.stringMatching(/^Step "clear": It is not known whether clear happened/),
    });
    release.resolve();
    await first;
    expect(lab.upstream.calls.clear).toHaveLength(1);
    expect(await lab.entries(run)).toEqual(["1 disk success", "2 clear unknown"]);
  });

  test("after the last step: the run still ends", async () => {
    const run = await lab.newRun({
      steps: [call("disk", "look")],
      result: cel("steps.disk.output.percent"),
    });
    let sends = 0;
    const effects = {
      ...lab.bench.deps.effects,
      send: async () => {
        sends += 1;
        throw new Crash();
      },
    };
    await expect(lab.work(run, { effects })).rejects.toThrow(Crash);
    expect(sends).toBe(1);
    expect((await lab.bench.runRow(run.run_id)).state).toBe("running");
    await lab.loseWorker(run);
    expect(await lab.work(run)).toMatchObject({ state: "completed", result: 93 });
    expect(lab.upstream.calls.look).toHaveLength(1);
  });
});

describe("holding a run", () => {
  test("a doubled job finds nothing to claim, and an unknown run is left alone", async () => {
    lab.upstream.answers.look = async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return { content: [] };
    };
    const run = await lab.newRun({ steps: [call("disk", "look"), message("report", "done")] });
    await Promise.all([lab.work(run), lab.work(run), lab.work(run)]);
    expect(await lab.bench.runRow(run.run_id)).toMatchObject({
      state: "completed",
      attempt_count: 1,
    });
    expect(lab.upstream.calls.look).toHaveLength(1);
    await lab.work(run);
    expect(await lab.journal(run)).toHaveLength(2);
    const job = { project_id: PROJECT, run_id: newId() };
    await lab.agent().execute(job, new AbortController().signal);
  });

  test("a worker that lost the run to another writes nothing more", async () => {
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    lab.upstream.answers.look = async () => {
      arrived.resolve();
      await release.promise;
      return { structuredContent: { percent: 1 }, content: [] };
    };
    const run = await lab.newRun({ steps: [call("disk", "look"), message("report", "done")] });
    const slow = lab.work(run, { workerId: "worker-0" });
    await arrived.promise;
    await lab.loseWorker(run);
    const claimed = await lab.bench.asTenant((tx) =>
      claimRun(tx, { projectId: PROJECT, runId: run.run_id, workerId: "worker-2" }),
    );
    expect(claimed?.fence).toBe(2);
    release.resolve();
    await slow;
    expect(await lab.entries(run)).toEqual(["1 disk pending"]);
    expect(await lab.bench.runRow(run.run_id)).toMatchObject({
      state: "running",
      worker_id: "worker-2",
    });
    expect(await lab.messages(run)).toEqual([]);
  });

  test("a shutdown stops between steps and cuts a read short; the step stays to be done", async () => {
    const stop = new AbortController();
    const arrived = Promise.withResolvers<void>();
    lab.upstream.answers.look = async (_, nth) => {
      arrived.resolve();
      if (nth === 1) await new Promise(() => undefined);
      return { structuredContent: { percent: 93 }, content: [] };
    };
    const run = await lab.newRun({ steps: [call("disk", "look"), message("report", "done")] });
    const working = lab.work(run, {}, stop.signal);
    await arrived.promise;
    stop.abort();
    await working;
    expect(await lab.entries(run)).toEqual(["1 disk pending"]);
    await lab.loseWorker(run);
    expect(await lab.work(run)).toMatchObject({ state: "completed" });
    expect(await lab.entries(run)).toEqual(["1 disk success", "2 report success"]);
  });

  test("the lease is kept while a step takes long, and a cancelled run's work stops", async () => {
    const arrived = Promise.withResolvers<void>();
    lab.upstream.answers.look = async () => {
      arrived.resolve();
      await new Promise(() => undefined);
    };
    const run = await lab.newRun({ steps: [call("disk", "look"), message("report", "done")] });
    const working = lab.work(run);
    await arrived.promise;
    const before = (await lab.bench.runRow(run.run_id)).heartbeat_at ?? "";
    await waitFor(async () => ((await lab.bench.runRow(run.run_id)).heartbeat_at ?? "") > before, {
      timeoutMs: 10_000,
      what: "a heartbeat",
    });
    await lab.bench.asTenant((tx) =>
      transition(tx, lab.bench.deps.effects, {
        projectId: PROJECT,
        runId: run.run_id,
        event: "cancel",
        actor: { kind: "key", id: "op-1" },
      }),
    );
    await working;
    expect(await lab.bench.runRow(run.run_id)).toMatchObject({ state: "cancelled" });
    expect(await lab.messages(run)).toEqual([]);
  });
});
