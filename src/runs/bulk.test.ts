import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type BulkBench,
  OVER,
  openBulkBench,
  operator,
  workOnBulks,
} from "../../test/support/bulk.ts";
import { PROJECT, waiting } from "../../test/support/calls.ts";
import { caller, withQuery } from "../../test/support/fixtures.ts";
import { type RunRow, startBulkOfDeactivated, transition, wakeBulks } from "./index.ts";

let bench: BulkBench;

beforeAll(async () => {
  bench = await openBulkBench();
});
afterAll(() => bench?.close());

describe("asking for it", () => {
  it("takes nothing that could mean other runs than were meant", async () => {
    for (const [body, path] of [
      [{ filter: {} }, "body.filter"],
      [{ filter: {}, all: false }, "body.all"],
      [{ filter: { sate: "failed" } }, "body.filter"],
      [{ filter: { state: "lost" } }, "body.filter.state"],
      [{ filter: { created_after: "yesterday" } }, "body.filter.created_after"],
      [{ filter: { q: "" } }, "body.filter.q"],
      [{ filter: { is_shadow: "no" } }, "body.filter.is_shadow"],
      [{ filter: { agent_id: "a" }, at_most: 0 }, "body.at_most"],
      [{ filter: { agent_id: "a" }, at_most: 100_001 }, "body.at_most"],
      [{ filter: { agent_id: "a" }, reason: "" }, "body.reason"],
      [{ filter: { agent_id: "a" }, action: "void" }, "body.action"],
    ] as const) {
      const answer = await bench.post(body);
      expect(answer, JSON.stringify(body)).toMatchObject({
        status: 422,
        body: { code: "E-INPUT" },
      });
      expect(answer.body.errors[0].path, JSON.stringify(body)).toBe(path);
    }
  });

  it("takes an operator of the project", async () => {
    const body = { filter: { agent_id: "a" } };
    expect(await bench.post(body, caller({ ...operator, role: "viewer" }))).toMatchObject({
      status: 403,
    });
    const elsewhere = caller({ ...operator, projects: ["globex"] });
    const platform = caller({ ...operator, projects: "all" });
    const unknown = await bench.post({ ...body, project_id: "nowhere" }, platform);
    expect(unknown).toMatchObject({ status: 404, body: { code: "E-NOT-FOUND" } });
    expect(await bench.post(body, elsewhere)).toMatchObject({ status: 404 });
  });

  it("says how many would be changed, and changes nothing", async () => {
    await bench.runsOf("counted", 3);
    await bench.runsOf("counted", 2, OVER);
    expect(
      await bench.post({ filter: { agent_id: "counted" }, dry_run: true, at_most: 1 }),
    ).toEqual({
      status: 200,
      body: {
        dry_run: true,
        total_count: 5,
        total_is_exact: true,
        states: {
          pending: 3,
          running: 0,
          waiting_approval: 0,
          completed: 0,
          failed: 2,
          cancelled: 0,
          timed_out: 0,
        },
      },
    });
    const more = await bench.post({ filter: { agent_id: "counted" }, at_most: 4 });
    expect(more).toMatchObject({
      status: 409,
      body: { code: "E-BULK-MORE", total_count: 5, states: { pending: 3 } },
    });
    expect(more.body.detail).toBe(
      "The filter matches 5 runs; at most 4 were allowed. Nothing was changed.",
    );
    expect((await bench.get("/runs/bulk")).body).toMatchObject({ bulk_actions: [], total: 0 });
  });

  it("is one action, however often the same request comes with the same key", async () => {
    await bench.runsOf("once", 2);
    const key = { "idempotency-key": "k-1" };
    const body = { filter: { agent_id: "once", is_shadow: false } };
    const answers = await Promise.all([1, 2, 3].map(() => bench.post(body, operator, key)));
    expect(answers[0]).toMatchObject({
      status: 202,
      body: { status: "queued", actor: "ada", total_count: 2, filter: body.filter },
    });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(await bench.post({ ...body, action: "retry" }, operator, key)).toMatchObject({
      status: 422,
      body: { code: "E-IDEMPOTENCY" },
    });
    const { bulk_id } = answers[0]?.body ?? {};
    expect(await bench.queued(bulk_id)).toHaveLength(1);
    const audit = await bench.asAdmin(
      `select action, actor_id, details, content from audit_log join audit_private using (project_id, audit_id)
      where subject_id = '${bulk_id}'`,
    );
    expect(audit).toEqual([
      {
        action: "run.bulk.create",
        actor_id: "ada",
        details: { action: "cancel", total_count: 2 },
        content: { reason: "the alert was wrong", filter: body.filter },
      },
    ]);
  });

  it("chooses by whatever the list of runs can be searched for", async () => {
    const [one = ""] = await bench.runsOf("searched", 1, { ...OVER, error_code: "E-DISK-FULL" });
    await bench.runsOf("searched", 1, {
      ...OVER,
      error_code: "E-OTHER",
      error_detail: "quota of zanzibar",
    });
    for (const q of [one, "E-DISK-FULL", "zanzi"]) {
      const found = await bench.post({ filter: { q, agent_id: "searched" }, dry_run: true });
      expect(found.body, q).toMatchObject({ total_count: 1, states: { failed: 1 } });
    }
  });
});

it("takes runs by name, those that are the project's", async () => {
  const [one = "", two = ""] = await bench.runsOf("named", 3);
  const [over = ""] = await bench.runsOf("named", 1, OVER);
  const count = (filter: object) => bench.post({ filter, dry_run: true });
  const run_ids = [one, two.toUpperCase(), over, "01a1ff82-17a0-7c3e-9d2f-0123456789ab"];
  expect((await count({ run_ids })).body).toMatchObject({
    total_count: 3,
    states: { pending: 2, failed: 1 },
  });
  expect((await count({ run_ids, state: "failed" })).body).toMatchObject({ total_count: 1 });
  expect(await count({ run_ids: [] })).toMatchObject({ status: 422 });
  expect(await count({ run_ids: ["one"] })).toMatchObject({ status: 422 });
});

describe("working on it", () => {
  it("changes each run as by itself, leaves alone what has changed, and reports both", async () => {
    const [early = "", late = ""] = await bench.runsOf("changing", 2);
    const asked = await bench.post({ filter: { agent_id: "changing", state: "pending" } });
    const actor = { kind: "worker", id: "w" } as const;
    const claim = { projectId: PROJECT, runId: early, event: "claim", actor } as const;
    await bench.asTenant((tx) => transition(tx, bench.deps.effects, claim));
    const [after = ""] = await bench.runsOf("changing", 1);
    const { bulk_id } = asked.body;
    await bench.work(bulk_id);
    expect((await bench.get(`/runs/bulk/${bulk_id}`)).body).toMatchObject({
      status: "done",
      total_count: 2,
      changed_count: 1,
      refused_count: 1,
      remaining_count: 0,
      remaining_seconds: 0,
    });
    const byRun = new Map(
      (await bench.results(bulk_id)).map((of: { run_id: string }) => [of.run_id, of]),
    );
    expect(byRun.get(late)).toMatchObject({ outcome: "changed", code: null, new_run_id: null });
    expect(byRun.get(early)).toMatchObject({
      outcome: "refused",
      code: "E-BULK-LEFT",
      detail: "The run was pending when it was chosen, and is running now.",
    });
    expect(await bench.runRow(late)).toMatchObject({
      state: "cancelled",
      error_detail: "cancelled by ada: the alert was wrong",
    });
    expect((await bench.runRow(early)).state).toBe("running");
    expect((await bench.runRow(after)).state).toBe("pending");
  });

  it("makes one new run of each, though three workers are at it", async () => {
    const old = await bench.runsOf("again", 250, OVER);
    await bench.runsOf("again", 3, { ...OVER, driver: "client" });
    const { bulk_id } = (await bench.post({ action: "retry", filter: { agent_id: "again" } })).body;
    await Promise.all([1, 2, 3].map(() => bench.work(bulk_id)));
    expect((await bench.get(`/runs/bulk/${bulk_id}`)).body).toMatchObject({
      status: "done",
      changed_count: 250,
      refused_count: 3,
    });
    const made = await bench.asAdmin(
      `select n.retry_of, r.outcome, t.reason, t.actor_id from run_bulk_results r
      join runs n on n.run_id = r.new_run_id join run_transitions t on t.run_id = n.run_id
      where bulk_id = '${bulk_id}'`,
    );
    expect(new Set(made.map(({ retry_of }) => retry_of))).toEqual(new Set(old));
    expect(made).toHaveLength(250);
    expect(made[0]).toMatchObject({
      outcome: "changed",
      reason: "the alert was wrong",
      actor_id: "ada",
    });
    await bench.work(bulk_id);
    expect(await bench.asAdmin("select 1 from runs where retry_of is not null")).toHaveLength(250);
  });

  it("goes on past runs that can't be changed or are no longer there", async () => {
    const [bad = "", gone = "", good = ""] = await bench.runsOf("odd", 3);
    const { bulk_id } = (await bench.post({ filter: { agent_id: "odd" } })).body;
    await bench.asAdmin(`delete from run_words where run_id = '${gone}'`);
    await bench.asAdmin(`delete from runs where run_id = '${gone}'`);
    await bench.asAdmin(
      `alter table runs add constraint odd check (run_id <> '${bad}' or state = 'pending')`,
    );
    await bench.work(bulk_id);
    await bench.asAdmin("alter table runs drop constraint odd");
    const byRun = new Map(
      (await bench.results(bulk_id)).map((of: { run_id: string }) => [of.run_id, of]),
    );
    expect(byRun.get(bad)).toMatchObject({
      code: "E-INTERNAL",
      detail: "The error has been logged.",
    });
    expect(byRun.get(gone)).toMatchObject({ code: "E-NOT-FOUND" });
    expect(byRun.get(good)).toMatchObject({ outcome: "changed" });
    expect((await bench.get(`/runs/bulk/${bulk_id}`)).body).toMatchObject({
      status: "done",
      changed_count: 1,
    });
  });

  it("is handed to another worker when one has to stop, and found again when all are lost", async () => {
    await bench.runsOf("handed", 150);
    const { bulk_id } = (await bench.post({ filter: { agent_id: "handed" } })).body;
    await bench.asAdmin(`delete from pgboss.job where name = 'runs.bulk'`);
    await bench.work(bulk_id, { signal: AbortSignal.abort() });
    const after = (await bench.get(`/runs/bulk/${bulk_id}`)).body;
    expect(after).toMatchObject({ status: "running", remaining_seconds: expect.any(Number) });
    expect(after.remaining_count).toBeGreaterThan(0);
    expect(after.changed_count).toBeGreaterThan(0);
    expect(await bench.queued(bulk_id)).toHaveLength(1);

    await bench.asAdmin(`delete from pgboss.job where name = 'runs.bulk'`);
    await wakeBulks(bench.deps);
    expect(await bench.queued(bulk_id)).toEqual([]);
    await bench.asAdmin(`update run_bulk_actions set heartbeat_at = now() - interval '1 minute'
      where bulk_id = '${bulk_id}'`);
    await wakeBulks(bench.deps);
    await wakeBulks(bench.deps);
    expect(await bench.queued(bulk_id)).toHaveLength(1);
    await bench.work(bulk_id);
    expect((await bench.get(`/runs/bulk/${bulk_id}`)).body).toMatchObject({ changed_count: 150 });
  });
});

describe("a project that is deactivated", () => {
  const deactivate = (runningRuns: "finish" | "cancel") =>
    bench.deps.db.transaction({ role: "platform" }, (tx) =>
      startBulkOfDeactivated(tx, bench.deps.effects, {
        projectId: PROJECT,
        actor: { kind: "key", id: "root" },
        runningRuns,
      }),
    );
  const asked = async (): Promise<RunRow> => {
    const run = await bench.openEchoRun();
    await waiting(bench.call(run, "echo", { text: "x" }));
    return run;
  };

  it("lets its waiting runs go on without their questions, and touches no other", async () => {
    const [run, pending] = [await asked(), await bench.openWorkerRun()];
    await deactivate("finish");
    await workOnBulks(bench.deps);
    expect(await bench.runRow(run.run_id)).toMatchObject({ state: "running" });
    expect((await bench.runRow(pending.run_id)).state).toBe("pending");
    const [{ status, void_reason } = {}] = await bench.asAdmin(
      `select status, void_reason from approvals where run_id = '${run.run_id}'`,
    );
    expect({ status, void_reason }).toEqual({
      status: "voided",
      void_reason: "the project was deactivated",
    });
  });

  it("has all its open runs cancelled, and none that is over among the results", async () => {
    const [over = ""] = await bench.runsOf("long over", 1, OVER);
    const [run, pending] = [await asked(), await bench.openWorkerRun()];
    await deactivate("cancel");
    await workOnBulks(bench.deps);
    for (const { run_id } of [run, pending]) {
      expect(await bench.runRow(run_id)).toMatchObject({
        state: "cancelled",
        error_detail: "cancelled by root: the project was deactivated",
      });
    }
    const [newest] = (await bench.get("/runs/bulk")).body.bulk_actions;
    expect(newest).toMatchObject({ action: "cancel", filter: {}, actor: "root", refused_count: 0 });
    expect(
      (await bench.results(newest.bulk_id)).map((of: { run_id: string }) => of.run_id),
    ).not.toContain(over);
    expect(await bench.asAdmin("select 1 from runs where completed_at is null")).toEqual([]);
  });
});

describe("looking at it", () => {
  it("lists the newest first, by status, on and back", async () => {
    await bench.post({ filter: { agent_id: "nobody" } });
    const all = (await bench.get("/runs/bulk?limit=200")).body;
    expect(all.total).toBe(all.bulk_actions.length);
    const ids = all.bulk_actions.map((of: { bulk_id: string }) => of.bulk_id);
    const first = (await bench.get("/runs/bulk?limit=2")).body;
    const second = (
      await bench.get(withQuery("/runs/bulk", { limit: 2, cursor: first.next_cursor }))
    ).body;
    const back = (
      await bench.get(withQuery("/runs/bulk", { limit: 2, cursor: second.prev_cursor }))
    ).body;
    const idsOf = (page: typeof all) =>
      page.bulk_actions.map((of: { bulk_id: string }) => of.bulk_id);
    expect([...idsOf(first), ...idsOf(second)]).toEqual(ids.slice(0, 4));
    expect(idsOf(back)).toEqual(ids.slice(0, 2));
    const waiting = (await bench.get("/runs/bulk?status=queued")).body;
    expect(waiting.bulk_actions).toHaveLength(waiting.total);
    expect(waiting.bulk_actions[0]).toMatchObject({ bulk_id: ids[0], status: "queued" });
    expect((await bench.get("/runs/bulk?status=lost")).status).toBe(422);
  });

  it("pages through the results, by outcome", async () => {
    await bench.runsOf("paged", 5);
    const { bulk_id } = (await bench.post({ filter: { agent_id: "paged" } })).body;
    const path = `/runs/bulk/${bulk_id}/results`;
    const open = (await bench.get(`${path}?outcome=waiting&limit=3`)).body;
    expect(open).toMatchObject({ total: 5, results: [{ outcome: "waiting", at: null }, {}, {}] });
    const rest = await bench.get(
      withQuery(path, { outcome: "waiting", limit: 3, cursor: open.next_cursor }),
    );
    expect(rest.body).toMatchObject({ results: [{}, {}], next_cursor: null });
    const stolen = withQuery(path, { limit: 3, cursor: open.next_cursor });
    expect(await bench.get(stolen)).toMatchObject({ status: 422, body: { code: "E-CURSOR" } });
    expect((await bench.get(`${path}?outcome=changed`)).body).toMatchObject({
      results: [],
      total: 0,
    });
  });

  it("knows none that is not the caller's", async () => {
    const { bulk_id } = (await bench.post({ filter: { agent_id: "nobody" } })).body;
    const elsewhere = caller({ projects: ["globex"] });
    for (const path of [`/runs/bulk/${bulk_id}`, `/runs/bulk/${bulk_id}/results`]) {
      expect(await bench.get(path, elsewhere)).toMatchObject({ status: 404 });
      expect(await bench.get(path, caller({ role: "agent" }))).toMatchObject({ status: 403 });
    }
    expect((await bench.get("/runs/bulk", elsewhere)).body).toMatchObject({
      bulk_actions: [],
      total: 0,
    });
    expect((await bench.get("/runs/bulk/timeline")).status).toBe(422);
  });
});
