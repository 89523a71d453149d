import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openShopBench, PROJECT, type ShopBench, waiting } from "../../test/support/calls.ts";
import { ask, caller } from "../../test/support/fixtures.ts";
import { newId } from "../platform/ids.ts";
import { type RunRow, runRoutes } from "../runs/index.ts";
import { expireQuestions } from "./expire.ts";
import { decideRoutes } from "./index.ts";

/** What is answered to whom, and what a repeat is answered. */

let bench: ShopBench;

beforeAll(async () => {
  bench = await openShopBench();
});
afterAll(() => bench?.close());

type As = Parameters<typeof caller>[0];

interface Post {
  as?: As;
  body?: object;
  key?: string;
}

const post = (runId: string, { as, body, key }: Post = {}) =>
  ask(decideRoutes(bench.deps), `/approvals/${runId}/decide`, {
    caller: caller({ role: "operator", ...as }),
    body: { project_id: PROJECT, decision: "approve", ...body },
    ...(key === undefined ? {} : { headers: { "idempotency-key": key } }),
  });

async function askedRun(grant: object = {}): Promise<{ run: RunRow; approvalId: string }> {
  const run = await bench.openEchoRun(grant);
  const { approvalId } = await waiting(bench.call(run, "echo", { text: "x" }));
  return { run, approvalId };
}

const passTime = (approvalId: string) =>
  bench.asAdmin(
    `update approvals set expires_at = clock_timestamp() where approval_id = '${approvalId}'`,
  );
const cancel = (run: RunRow) =>
  ask(runRoutes(bench.deps), `/runs/${run.run_id}/cancel`, {
    caller: caller({ role: "operator" }),
    body: { reason: "enough" },
  });

describe("a run that the caller may not decide about", () => {
  it.each<[string, As, object, number]>([
    ["a viewer", { role: "viewer" }, {}, 403],
    ["a key that speaks for others without the right", {}, { approver_id: "ada" }, 403],
    ["a viewer that speaks for others", { role: "viewer" }, { approver_id: "ada" }, 403],
  ])("is known to %s that sees it, and to no other", async (_who, as, body, status) => {
    const { run } = await askedRun();
    expect(await post(run.run_id, { as, body })).toMatchObject({ status });
    const unknown = await post(newId(), { as, body });
    expect(unknown).toMatchObject({ status: 404, body: { code: "E-NOT-FOUND" } });
    const abroad = { ...as, projects: ["globex"] };
    expect(await post(run.run_id, { as: abroad, body })).toEqual(unknown);
    const elsewhere = { ...body, project_id: "globex" };
    expect(await post(run.run_id, { as, body: elsewhere })).toEqual(unknown);
    expect((await bench.runRow(run.run_id)).step_count).toBe(0);
  });

  it("is unknown under another project, and so is a question of another run", async () => {
    const { run } = await askedRun();
    const other = await askedRun();
    const body = { project_id: "globex" };
    expect(await post(run.run_id, { as: { projects: "all" }, body })).toMatchObject({
      status: 404,
    });
    const theirs = { approval_id: other.approvalId };
    expect(await post(run.run_id, { body: theirs })).toMatchObject({ status: 404 });
    expect(await post(run.run_id, { body: { approval_id: newId() } })).toMatchObject({
      status: 404,
    });
    expect(await post("no-run", {})).toMatchObject({ status: 422 });
  });
});

describe("a question whose time is over", () => {
  const gone = { status: 410, body: { code: "E-APPR-EXPIRED" } };
  const late = async (run: RunRow, approvalId: string) => {
    for (const body of [{}, { approval_id: approvalId }, { decision: "reject" }])
      expect(await post(run.run_id, { body })).toMatchObject(gone);
  };

  it("is gone, before and after it was swept, and when its run is over", async () => {
    const { run, approvalId } = await askedRun();
    await passTime(approvalId);
    await late(run, approvalId);
    await expireQuestions(bench.deps.db, bench.deps.effects);
    await late(run, approvalId);
    expect(await cancel(run)).toMatchObject({ status: 200 });
    await late(run, approvalId);
  });

  it("stays gone when its run is cancelled before it was swept", async () => {
    const { run, approvalId } = await askedRun();
    await passTime(approvalId);
    await late(run, approvalId);
    expect(await cancel(run)).toMatchObject({ status: 200 });
    expect(await bench.approvalRow(approvalId)).toMatchObject({ status: "expired" });
    await late(run, approvalId);
  });

  it("is not gone when it was answered, or withdrawn, in time", async () => {
    const answered = await askedRun();
    expect(await post(answered.run.run_id, { body: { reason: "fine" } })).toMatchObject({
      status: 200,
    });
    const withdrawn = await askedRun();
    await cancel(withdrawn.run);
    for (const { approvalId } of [answered, withdrawn]) await passTime(approvalId);
    const standing = { actor: "op-1", decision: "approve", reason: "fine" };
    expect(await post(answered.run.run_id)).toMatchObject({
      status: 409,
      body: { code: "E-APPR-DECIDED", state: "running", standing },
    });
    expect(await post(withdrawn.run.run_id)).toMatchObject({
      status: 409,
      body: { code: "E-RUN-STATE", state: "cancelled", standing: null },
    });
  });
});

describe("a run that does not wait", () => {
  it("is named with its state, and with the decision that stands, without its secrets", async () => {
    const run = await bench.openEchoRun();
    const nothing = { code: "E-RUN-STATE", state: "running", standing: null };
    expect(await post(run.run_id)).toMatchObject({ status: 409, body: nothing });
    await waiting(bench.call(run, "echo", { text: "x" }));
    const key = `AKIA${"A".repeat(16)}`;
    const reason = `password=hunter2 ${"x".repeat(30)} ${key}`;
    await post(run.run_id, { body: { decision: "request_changes", reason } });
    const { body } = await post(run.run_id);
    expect(body).toMatchObject({
      code: "E-APPR-DECIDED",
      state: "running",
      standing: {
        actor: "op-1",
        decision: "request_changes",
        reason: `password=[redacted] ${"x".repeat(30)} [redacted]`,
      },
    });
    const told = await bench.call(run, "echo", { text: "x" });
    const { steps, calls } = await bench.asTenant(async (tx) => ({
      steps: await tx
        .selectFrom("run_steps")
        .selectAll()
        .where("run_id", "=", run.run_id)
        .execute(),
      calls: await tx
        .selectFrom("mcp_calls")
        .selectAll()
        .where("run_id", "=", run.run_id)
        .execute(),
    }));
    expect(JSON.stringify([told, steps, calls])).not.toMatch(/hunter2|AKIA/);
    expect(steps[0]?.block_reason).toMatch(/^approver=op-1; decision=request_changes; .*x/);
  });

  it("is any run of a project that is not active, from the moment it is deactivated", async () => {
    const { run, approvalId } = await askedRun();
    const decided = await askedRun();
    await post(decided.run.run_id);
    await bench.asAdmin(`update projects set is_active = false where project_id = '${PROJECT}'`);
    const more = { edit: { arguments: { text: "y" } }, request_changes: { reason: "no" } };
    for (const decision of ["approve", "reject", "request_changes", "edit"] as const) {
      const body = { decision, ...(more as Record<string, object>)[decision] };
      const answer = await post(run.run_id, { body });
      expect(answer).toMatchObject({
        status: 409,
        body: { code: "E-RUN-STATE", state: "waiting_approval", standing: null },
      });
    }
    expect(await post(decided.run.run_id)).toMatchObject({
      status: 409,
      body: { code: "E-APPR-DECIDED", standing: { decision: "approve" } },
    });
    await bench.asAdmin(`update projects set is_active = true where project_id = '${PROJECT}'`);
    expect(await bench.approvalRow(approvalId)).toMatchObject({ status: "open" });
  });
});

describe("an Idempotency-Key", () => {
  it("has 1 to 255 characters", async () => {
    const { run } = await askedRun();
    for (const key of ["", "k".repeat(256)]) {
      expect(await post(run.run_id, { key })).toMatchObject({
        status: 422,
        body: { code: "E-INPUT" },
      });
    }
    expect(await post(run.run_id, { key: "k".repeat(255) })).toMatchObject({ status: 200 });
  });

  it("repeats the first answer, also through another surface and when all is over", async () => {
    const { run } = await askedRun();
    const first = await post(run.run_id, { key: "first", as: { surface: "console" } });
    expect(first).toMatchObject({ status: 200 });
    expect(await post(run.run_id, { key: "first", as: { surface: "api" } })).toEqual(first);
    await cancel(run);
    expect(await post(run.run_id, { key: "first", as: { surface: "cli" } })).toEqual(first);
    expect((await bench.runRow(run.run_id)).step_count).toBe(1);
  });

  it.each<[string, object]>([
    ["another decision", { decision: "reject" }],
    ["another reason", { reason: "because" }],
    ["other arguments", { decision: "edit", arguments: { text: "y" } }],
    ["a hash", { args_hash: "0".repeat(64) }],
    ["a question", { approval_id: newId() }],
  ])("refuses %s under the same key", async (_what, body) => {
    const { run } = await askedRun();
    const key = newId();
    expect(await post(run.run_id, { key })).toMatchObject({ status: 200 });
    expect(await post(run.run_id, { key, body })).toMatchObject({
      status: 422,
      body: { code: "E-IDEMPOTENCY" },
    });
  });

  it("is free again when what it came with has failed", async () => {
    const { run } = await askedRun({ args: { properties: { text: { maxLength: 3 } } } });
    const key = newId();
    const wrong = { decision: "edit", arguments: { text: "too long" } };
    expect(await post(run.run_id, { key, body: wrong })).toMatchObject({
      status: 422,
      body: { code: "E-POLICY-ARGS" },
    });
    const right = { decision: "edit", arguments: { text: "y" } };
    const answer = await post(run.run_id, { key, body: right });
    expect(answer).toMatchObject({ status: 200, body: { decision: "edit" } });
    expect(await post(run.run_id, { key, body: right })).toEqual(answer);
  });
});
