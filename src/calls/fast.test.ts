import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openShopBench, type ShopBench } from "../../test/support/calls.ts";
import type { RunRow } from "../runs/index.ts";

let bench: ShopBench;
beforeAll(async () => {
  bench = await openShopBench();
});
afterAll(() => bench?.close());

const tool = (name: string, more = {}) => ({ server: "shop", tool: name, ...more });
const read = (name: string, more = {}) => tool(name, { effect: "read", ...more });
const write = (name: string, more = {}) =>
  tool(name, { effect: "write", approval: "never", ...more });
const ran = (name: string) => bench.upstream.tools.ran.get(name) ?? 0;

/** A run whose tool server has been listed, so that its calls go the short way. */
async function openRun(tools: object[], more = {}): Promise<RunRow> {
  const run = await bench.openRun({ tools: tools as never, ...more });
  const [first] = tools as { tool: string }[];
  await bench.call(run, first?.tool ?? "", { text: "first", ms: 1 });
  return run;
}

const callFast = (run: RunRow, name: string, args = {}, more = {}) =>
  bench.call(run, name, args, { run, ...more });

const budgetOf = async (run: RunRow) =>
  (
    await bench.asAdmin(
      `select calls_used, reserved_usd::text, spent_usd::text from awooop.run_budgets where run_id = '${run.run_id}'`,
    )
  )[0];

describe("a call on the short way", () => {
  it("is recorded as any other: a read after it ended", async () => {
    const run = await openRun([read("echo")]);
    const before = await bench.runRow(run.run_id);
    const outcome = await callFast(
      run,
      "echo",
      { text: "hi", password: "hunter2" },
      { agentReason: "why" },
    );
    if (outcome.kind !== "result") throw new Error(JSON.stringify(outcome));
    expect(outcome.result).toMatchObject({ structuredContent: { said: "hi" } });
    const row = await bench.callRow(outcome.callId);
    expect(row).toMatchObject({
      result_status: "success",
      server: "shop",
      effect: "read",
      agent_reason: "why",
      call_key: "mcp",
      result_hash: expect.any(String),
      completed_at: expect.any(String),
    });
    expect(JSON.stringify(row.args)).not.toContain("hunter2");
    expect(row.verdicts as unknown[]).toHaveLength(5);
    expect(row.latency_ms).toBeGreaterThanOrEqual(0);
    expect(await budgetOf(run)).toMatchObject({ calls_used: 2 });
    expect((await bench.runRow(run.run_id)).state).toBe(before.state);
  });

  it("that writes is in the record before it is sent, is audited, and is paid for", async () => {
    const run = await openRun([write("echo", { cost_per_call: 0.25 })]);
    const outcome = await callFast(run, "echo", { text: "w" });
    expect(outcome).toMatchObject({ kind: "result" });
    expect(await bench.callRow(outcome.callId)).toMatchObject({
      result_status: "success",
      effect: "write",
      cost_usd: 0.25,
      deadline_at: expect.any(String),
    });
    const audit = await bench.asAdmin(
      `select details from awooop.audit_log where action = 'call.execute' and subject_id = '${outcome.callId}'`,
    );
    expect(audit).toHaveLength(1);
    expect(await budgetOf(run)).toMatchObject({
      calls_used: 2,
      reserved_usd: "0.000000",
      spent_usd: "0.500000",
    });
    expect((await bench.runRow(run.run_id)).cost_usd).toBe(0.5);
  });

  it("keeps a run's budget exactly, however many come at once", async () => {
    const run = await openRun([read("echo", { cost_per_call: 0.1 })], {
      limits: { calls: 20, cost_usd: 1 },
    });
    const before = ran("echo");
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, at) => callFast(run, "echo", { text: String(at) })),
    );
    const blocked = outcomes.filter(({ kind }) => kind === "blocked");
    expect(outcomes.filter(({ kind }) => kind === "result")).toHaveLength(9);
    expect(blocked).toHaveLength(31);
    expect(blocked[0]).toMatchObject({ gate: 4, code: "E-BUDGET-RUN" });
    expect(ran("echo") - before).toBe(9);
    const row = await bench.callRow(blocked[0]?.callId ?? "");
    expect(row).toMatchObject({
      result_status: "blocked",
      block_gate: 4,
      error_code: "E-BUDGET-RUN",
    });
    expect(await budgetOf(run)).toMatchObject({ calls_used: 10, spent_usd: "1.000000" });
  });

  it("is refused in a run that was cancelled, though it was read before", async () => {
    const run = await openRun([write("echo")]);
    await bench.asAdmin(
      `update awooop.runs set state = 'cancelled', completed_at = now() where run_id = '${run.run_id}'`,
    );
    const before = ran("echo");
    const outcome = await callFast(run, "echo", { text: "late" });
    expect(outcome).toMatchObject({ kind: "blocked", gate: 1, code: "E-RUN-NOT-RUNNING" });
    expect(ran("echo")).toBe(before);
  });

  it("shows as executing when it takes long, and is finished in its own row", async () => {
    const run = await openRun([read("slow"), read("echo")]);
    const pending = callFast(run, "slow", { ms: 700 });
    await expect
      .poll(() =>
        bench.asAdmin(
          `select 1 from awooop.mcp_calls where run_id = '${run.run_id}' and result_status = 'executing'`,
        ),
      )
      .toHaveLength(1);
    const outcome = await pending;
    expect(await bench.callRow(outcome.callId)).toMatchObject({
      result_status: expect.stringMatching(/success|error/),
    });
    const rows = await bench.asAdmin(
      `select call_id from awooop.mcp_calls where run_id = '${run.run_id}' and tool_name = 'slow'`,
    );
    expect(rows).toHaveLength(2);
  });

  it("asks a person all the same where one is needed", async () => {
    const run = await openRun([read("echo"), tool("fail")]);
    expect(await callFast(run, "fail")).toMatchObject({ kind: "waiting" });
  });
});

describe("limits beyond the run", () => {
  it("count all runs of an agent together, for a tool too, and come back with the next window", async () => {
    const limits = { calls_per_day: 3 };
    const first = await openRun([read("echo", { limits }), read("fail")]);
    for (let at = 0; at < 2; at++)
      expect(await callFast(first, "echo", { text: "x" })).toMatchObject({ kind: "result" });
    expect(await callFast(first, "echo", { text: "x" })).toMatchObject({
      kind: "blocked",
      code: "E-BUDGET-TOOL",
    });
    // The long way says the same.
    expect(await bench.call(first, "echo", { text: "x" })).toMatchObject({ code: "E-BUDGET-TOOL" });
    expect(await callFast(first, "fail")).toMatchObject({ kind: "result" });
    await bench.asAdmin(
      "update awooop.budget_windows set starts_at = starts_at - interval '1 day'",
    );
    expect(await callFast(first, "echo", { text: "x" })).toMatchObject({ kind: "result" });
  });

  it("hold a rate", async () => {
    const run = await openRun([read("echo")], { limits: { calls_per_minute: 1_000 } });
    await bench.asAdmin(
      `update awooop.budget_windows set calls_used = 1000, starts_at = awooop.awooop_window('minute') where run_id = '${run.run_id}'`,
    );
    // A minute may begin between the two statements; then the window is a new one.
    await expect
      .poll(async () => {
        await bench.asAdmin(
          `update awooop.budget_windows set calls_used = 1000, starts_at = awooop.awooop_window('minute') where run_id = '${run.run_id}'`,
        );
        return callFast(run, "echo", { text: "x" });
      })
      .toMatchObject({ kind: "blocked", gate: 4, code: "E-RATE" });
  });
});
