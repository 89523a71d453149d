import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { workOnBulks } from "../../test/support/bulk.ts";
import { openShopBench, PROJECT, type ShopBench, waiting } from "../../test/support/calls.ts";
import { ask, caller, seedApproval } from "../../test/support/fixtures.ts";
import { waitFor } from "../../test/support/wait.ts";
import { createCursors } from "../platform/http/index.ts";
import { type RunRow, runRoutes, startBulkOfDeactivated } from "../runs/index.ts";
import { createTenants } from "../tenants/index.ts";
import { decideRoutes } from "./index.ts";

let bench: ShopBench;

beforeAll(async () => {
  bench = await openShopBench();
});
afterAll(() => bench?.close());

const openRun = (grant?: object) => bench.openEchoRun(grant);

/** Lets a run ask a question. */
const asked = (run: RunRow, text = "x") => waiting(bench.call(run, "echo", { text }));

const person = (id: string) => ({ approver: { kind: "key", id } as const });
const decisions = (approvalId: string) =>
  bench.asTenant((tx) =>
    tx
      .selectFrom("approval_decisions")
      .select(["actor_id", "via_key_id", "decision"])
      .where("approval_id", "=", approvalId)
      .execute(),
  );

describe("where two people have to agree", () => {
  it("each counts once; who comes again is told what they said", async () => {
    const run = await openRun({ quorum: 2 });
    const { approvalId } = await asked(run);
    const first = await bench.decide(run, "approve", "looks right", person("ada"));
    expect(first).toMatchObject({ new_state: "waiting_approval", approval_token_jti: null });
    await expect(bench.decide(run, "reject", "", person("ada"))).rejects.toMatchObject({
      code: "E-APPR-DECIDED",
      extra: {
        state: "waiting_approval",
        standing: { actor: "ada", decision: "approve", reason: "looks right" },
      },
    });
    expect(await bench.approvalRow(approvalId)).toMatchObject({ status: "open", token: null });
    const second = await bench.decide(run, "approve", "", person("eve"));
    expect(second).toMatchObject({ new_state: "running", approval_token_jti: expect.any(String) });
    expect(await bench.call(run, "echo", { text: "x" })).toMatchObject({ kind: "result" });
  });

  it("one no is enough", async () => {
    const run = await openRun({ quorum: 2, on_reject: "cancel" });
    const { approvalId } = await asked(run);
    await bench.decide(run, "approve", "", person("ada"));
    const second = await bench.decide(run, "reject", "not today", person("eve"));
    expect(second).toMatchObject({ new_state: "cancelled", approval_token_jti: null });
    expect((await bench.approvalRow(approvalId)).status).toBe("rejected");
  });
});

/** How many sessions of this database wait for a lock. */
async function held(): Promise<number> {
  const [row] = await bench.asAdmin(
    "select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  return Number(row?.n);
}

describe("an Idempotency-Key", () => {
  it("decides about one of two runs that it comes with at once, and says so of the other", async () => {
    const runs = [await openRun(), await openRun()];
    for (const run of runs) await asked(run);
    const deciding = await bench.asTenant(async (tx) => {
      await tx.selectFrom("approvals").select("approval_id").forUpdate().execute();
      const both = Promise.allSettled(
        runs.map((run) => bench.decide(run, "approve", "", { idempotencyKey: "twice" })),
      );
      // Both have found the key unused by now.
      await waitFor(async () => (await held()) === 2, { timeoutMs: 5_000, what: "both decisions" });
      return { both };
    });
    const answers = await deciding.both;
    const refused = answers.flatMap((answer) => (answer.status === "rejected" ? answer : []));
    expect(refused).toMatchObject([{ reason: { code: "E-IDEMPOTENCY" } }]);
    const states = await Promise.all(runs.map(({ run_id }) => bench.runRow(run_id)));
    expect(states.map(({ state }) => state).sort()).toEqual(["running", "waiting_approval"]);
  });
});

describe("a run that has asked very often", () => {
  it("has its one open question found, however old it is, and voided when it ends", async () => {
    const run = await openRun();
    const first = await asked(run, "first");
    const second = await asked(run, "second");
    await bench.asTenant(async (tx) => {
      for (let n = 0; n < 1_001; n++)
        await seedApproval(tx, run, { status: "expired", asked_hash: String(n) });
    });
    await bench.decide(run, "approve", "", { approvalId: first.approvalId });
    expect((await bench.approvalRow(first.approvalId)).status).toBe("approved");
    await asked(run, "third");
    await expect(bench.decide(run, "approve")).rejects.toMatchObject({ code: "E-INPUT" });
    const operator = caller({ role: "operator" });
    const cancelled = await ask(runRoutes(bench.deps), `/runs/${run.run_id}/cancel`, {
      caller: operator,
      body: { reason: "enough" },
    });
    expect(cancelled).toMatchObject({ status: 200, body: { state: "cancelled" } });
    expect((await bench.approvalRow(second.approvalId)).status).toBe("voided");
  });
});

describe("who decides", () => {
  const routes = () => decideRoutes(bench.deps);
  const post = (run: RunRow, body: object, as: Parameters<typeof caller>[0]) =>
    ask(routes(), `/approvals/${run.run_id}/decide`, {
      caller: caller({ role: "operator", ...as }),
      body: { project_id: PROJECT, decision: "approve", ...body },
    });

  it("is the caller, unless its key may act for others: then both are on record", async () => {
    const run = await openRun();
    const { approvalId } = await asked(run);
    const refused = await post(run, { approver_id: "ada" }, {});
    expect(refused).toMatchObject({ status: 403, body: { code: "E-FORBIDDEN" } });
    expect(await decisions(approvalId)).toEqual([]);
    const done = await post(run, { approver_id: "ada" }, { keyId: "bot", mayActForOthers: true });
    expect(done).toMatchObject({ status: 200, body: { new_state: "running" } });
    expect(await decisions(approvalId)).toEqual([
      { actor_id: "ada", via_key_id: "bot", decision: "approve" },
    ]);
    const audit = await bench.asTenant((tx) =>
      tx
        .selectFrom("audit_log")
        .select(["actor_id", "details"])
        .where("action", "=", "run.approval.approve")
        .where("subject_id", "=", run.run_id)
        .execute(),
    );
    expect(audit).toMatchObject([
      { actor_id: "ada", details: { via_key_id: "bot", via: "op-1", approval_id: approvalId } },
    ]);
  });

  it("may name themselves", async () => {
    const run = await openRun();
    const { approvalId } = await asked(run);
    expect(await post(run, { approver_id: "op-1" }, {})).toMatchObject({ status: 200 });
    expect(await decisions(approvalId)).toMatchObject([{ actor_id: "op-1" }]);
  });

  it.each([
    ["a viewer", { role: "viewer" }, 403],
    ["an agent", { role: "agent", projects: [PROJECT], agentId: "a" }, 403],
    ["an operator of another project", { projects: ["globex"] }, 404],
  ] as const)("is not %s", async (_who, as, status) => {
    const run = await openRun();
    const { approvalId } = await asked(run);
    expect(await post(run, {}, as)).toMatchObject({ status });
    expect(await decisions(approvalId)).toEqual([]);
  });
});

describe("a question that nobody needs answered any more", () => {
  it("is void when its run is cancelled, and the call that asked ends with it", async () => {
    const run = await openRun();
    const { approvalId, callId } = await asked(run);
    const routes = runRoutes(bench.deps);
    const cancel = () =>
      ask(routes, `/runs/${run.run_id}/cancel`, {
        caller: caller({ role: "operator" }),
        body: { reason: "wrong host" },
      });
    expect(await cancel()).toMatchObject({ status: 200, body: { state: "cancelled" } });
    expect(await bench.approvalRow(approvalId)).toMatchObject({
      status: "voided",
      void_reason: "the run was cancelled",
      token: null,
    });
    expect(await bench.callRow(callId)).toMatchObject({
      result_status: "blocked",
      block_gate: 5,
      block_code: "E-APPR-VOIDED",
      completed_at: expect.any(String),
    });
    expect(await cancel()).toMatchObject({ status: 409, body: { state: "cancelled" } });
    await expect(bench.decide(run, "approve")).rejects.toMatchObject({
      code: "E-RUN-STATE",
      extra: { state: "cancelled", standing: null },
    });
  });

  it("is void when its project is deactivated, and nobody is asked again there", async () => {
    const run = await openRun();
    const { approvalId, callId } = await asked(run);
    const tenants = createTenants({
      db: bench.deps.db,
      cursors: createCursors(Buffer.alloc(32)),
      onDeactivated: [(tx, project) => startBulkOfDeactivated(tx, bench.deps.effects, project)],
    });
    const root = caller({ role: "admin" });
    await tenants.change(root, PROJECT, { is_active: false, running_runs: "finish" });
    await workOnBulks(bench.deps);
    expect(await bench.approvalRow(approvalId)).toMatchObject({
      status: "voided",
      void_reason: "the project was deactivated",
    });
    expect(await bench.callRow(callId)).toMatchObject({ block_code: "E-APPR-VOIDED" });
    expect((await bench.runRow(run.run_id)).state).toBe("running");
    expect(await bench.call(run, "echo", { text: "x" })).toMatchObject({
      kind: "blocked",
      gate: 5,
      code: "E-TENANT-INACTIVE",
    });
    await tenants.change(root, PROJECT, { is_active: true });
    expect((await asked(run)).approvalId).not.toBe(approvalId);
  });

  it("is not opened while its project is being deactivated, where its voiding would miss it", async () => {
    const run = await openRun();
    const isSettled = { yet: false };
    let asking: ReturnType<typeof bench.call> | undefined;
    const tenants = createTenants({
      db: bench.deps.db,
      cursors: createCursors(Buffer.alloc(32)),
      onDeactivated: [
        async () => {
          asking = bench.call(run, "echo", { text: "x" }).finally(() => {
            isSettled.yet = true;
          });
          const isHeld = async () => isSettled.yet || (await held()) > 0;
          await waitFor(isHeld, { timeoutMs: 10_000, what: "the call to be asked for" });
        },
      ],
    });
    const root = caller({ role: "admin" });
    await tenants.change(root, PROJECT, { is_active: false, running_runs: "finish" });
    expect(await asking).toMatchObject({ kind: "blocked", gate: 5, code: "E-TENANT-INACTIVE" });
    expect((await bench.runRow(run.run_id)).state).toBe("running");
    await tenants.change(root, PROJECT, { is_active: true });
  });
});
