import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  KEY_ID,
  openShopBench,
  PROJECT,
  type ShopBench,
  waiting,
} from "../../test/support/calls.ts";
import { serveHttp } from "../../test/support/mcp/http-server.ts";
import { createCatalog, declareLost, makeCall } from "./index.ts";

let bench: ShopBench;

beforeAll(async () => {
  bench = await openShopBench();
});
afterAll(() => bench?.close());

const read = (tool: string, more = {}) => ({
  server: "shop",
  tool,
  effect: "read",
  cost_per_call: 0.1,
  ...more,
});
const write = (tool: string, more = {}) => ({ ...read(tool), effect: "write", ...more });
const ran = (tool: string) => bench.upstream.tools.ran.get(tool) ?? 0;

const asks = async (outcome: ReturnType<typeof bench.call>) => (await waiting(outcome)).approvalId;

describe("a call", () => {
  it("that passes all gates is sent once, recorded and paid for, its result as it came", async () => {
    const run = await bench.openRun({ tools: [read("echo")] as never });
    const outcome = await bench.call(run, "echo", { text: "hello" }, { agentReason: "to greet" });
    if (outcome.kind !== "result") throw new Error(JSON.stringify(outcome));
    expect(outcome.result).toMatchObject({ structuredContent: { said: "hello" }, "x-cost": 0.25 });
    const row = await bench.callRow(outcome.callId);
    expect(row).toMatchObject({
      result_status: "success",
      server: "shop",
      effect: "read",
      cost_usd: 0.1,
      agent_reason: "to greet",
    });
    expect((row.verdicts as { outcome: string }[]).map(({ outcome: said }) => said)).toEqual(
      Array(5).fill("pass"),
    );
    expect(await bench.runRow(run.run_id)).toMatchObject({ cost_usd: 0.1, state: "running" });
  });

  it("of a tool the contract does not list is blocked at gate 2, and never reaches the server", async () => {
    const run = await bench.openRun({ tools: [read("echo")] as never });
    const before = bench.upstream.requests.length;
    const outcome = await bench.call(run, "fail");
    expect(outcome).toMatchObject({ kind: "blocked", gate: 2, code: "E-CONTRACT-TOOL" });
    expect(await bench.callRow(outcome.callId)).toMatchObject({
      result_status: "blocked",
      block_gate: 2,
    });
    expect(bench.upstream.requests).toHaveLength(before);
  });

  it("with arguments that fit neither schema nor contract is blocked at gate 3", async () => {
    const args = { properties: { text: { enum: ["yes"] } } };
    const run = await bench.openRun({ tools: [read("echo", { args })] as never });
    expect(await bench.call(run, "echo", {})).toMatchObject({ gate: 3, code: "E-POLICY-ARGS" });
    expect(await bench.call(run, "echo", { text: "no" })).toMatchObject({
      gate: 3,
      code: "E-POLICY-ARGS",
    });
    expect(await bench.call(run, "echo", { text: "yes" })).toMatchObject({ kind: "result" });
  });

  it("whose tool answers isError is passed on and recorded as an error", async () => {
    const run = await bench.openRun({ tools: [read("fail")] as never });
    const outcome = await bench.call(run, "fail");
    expect(outcome).toMatchObject({ kind: "result", result: { isError: true } });
    expect(await bench.callRow(outcome.callId)).toMatchObject({
      result_status: "error",
      error_code: "E-UPSTREAM-TOOL",
    });
  });

  it("to a server that can't be reached says so and costs nothing", async () => {
    await bench.putContract("tool_server", "gone", {
      transport: "http",
      url: "http://127.0.0.1:9/mcp",
    });
    const run = await bench.openRun({ tools: [{ ...read("echo"), server: "gone" }] as never });
    const outcome = await bench.call(run, "echo", { text: "x" });
    expect(outcome).toMatchObject({ kind: "error", code: "E-UPSTREAM-CONNECT", sent: false });
    expect(await bench.callRow(outcome.callId)).toMatchObject({
      result_status: "error",
      error_code: "E-UPSTREAM-CONNECT",
    });
    expect((await bench.runRow(run.run_id)).cost_usd).toBe(0);
  });

  it("of another key's run is blocked at gate 1", async () => {
    const run = await bench.openRun({ tools: [read("echo")] as never });
    const outcome = await bench.call(run, "echo", { text: "x" }, { keyId: "someoneelse1" });
    expect(outcome).toMatchObject({ gate: 1, code: "E-RUN-NOT-RUNNING" });
  });
});

describe("the budget of a run", () => {
  it("holds exactly, whatever happens at the same time", async () => {
    const run = await bench.openRun({
      tools: [read("echo")] as never,
      limits: { calls: 4 } as never,
    });
    const before = ran("echo");
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, (_, at) => bench.call(run, "echo", { text: String(at) })),
    );
    expect(outcomes.filter(({ kind }) => kind === "result")).toHaveLength(4);
    expect(
      outcomes.filter((outcome) => outcome.kind === "blocked" && outcome.code === "E-BUDGET-RUN"),
    ).toHaveLength(8);
    expect(ran("echo") - before).toBe(4);
  });

  it("counts money too, to the last cent", async () => {
    const run = await bench.openRun({
      tools: [read("echo")] as never,
      limits: { cost_usd: 0.3 } as never,
    });
    for (let at = 0; at < 3; at++)
      expect(await bench.call(run, "echo", { text: "x" })).toMatchObject({ kind: "result" });
    expect(await bench.call(run, "echo", { text: "x" })).toMatchObject({
      gate: 4,
      code: "E-BUDGET-RUN",
    });
    expect((await bench.runRow(run.run_id)).cost_usd).toBe(0.3);
  });
});

describe("a write that needs a person", () => {
  const tools = [write("echo")] as never;

  it("waits, joins its question when repeated, runs once when approved, and then asks anew", async () => {
    const run = await bench.openRun({ tools });
    const before = ran("echo");
    const approval = await asks(bench.call(run, "echo", { text: "go" }));
    expect(await asks(bench.call(run, "echo", { text: "go" }))).toBe(approval);
    expect((await bench.runRow(run.run_id)).state).toBe("waiting_approval");
    const answer = await bench.decide(run, "approve", "fine");
    expect(answer).toMatchObject({ new_state: "running", approval_token_jti: expect.any(String) });
    expect(ran("echo")).toBe(before);
    expect(await bench.call(run, "echo", { text: "go" })).toMatchObject({ kind: "result" });
    expect(ran("echo")).toBe(before + 1);
    expect(await asks(bench.call(run, "echo", { text: "go" }))).not.toBe(approval);
    expect(ran("echo")).toBe(before + 1);
  });

  it("runs once however many repeats come at the same time", async () => {
    const run = await bench.openRun({ tools });
    const before = ran("echo");
    await asks(bench.call(run, "echo", { text: "race" }));
    await bench.decide(run, "approve");
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => bench.call(run, "echo", { text: "race" })),
    );
    const told = outcomes.filter(({ kind }) => kind === "result");
    expect(new Set(told.map(({ callId }) => callId)).size).toBe(1);
    for (const { kind, ...more } of outcomes)
      if (kind === "blocked") expect(more).toMatchObject({ code: "E-APPR-USED" });
      else expect(["result", "waiting"]).toContain(kind);
    expect(ran("echo")).toBe(before + 1);
  });

  it("with one changed byte is another question", async () => {
    const run = await bench.openRun({ tools });
    const approval = await asks(bench.call(run, "echo", { text: "delete a" }));
    await bench.decide(run, "approve");
    expect(await asks(bench.call(run, "echo", { text: "delete b" }))).not.toBe(approval);
  });

  it("is refused with the reason when a person says no, and stays refused", async () => {
    const run = await bench.openRun({ tools });
    const before = ran("echo");
    await asks(bench.call(run, "echo", { text: "no" }));
    const answer = await bench.decide(run, "reject", "Wait for the replica.");
    expect(answer).toMatchObject({ new_state: "running", approval_token_jti: null });
    for (let at = 0; at < 2; at++) {
      const outcome = await bench.call(run, "echo", { text: "no" });
      expect(outcome).toMatchObject({ kind: "blocked", gate: 5, code: "E-APPR-REJECTED" });
      expect(outcome.kind === "blocked" && outcome.reason).toContain("Wait for the replica.");
    }
    expect(ran("echo")).toBe(before);
  });

  it("is not run by an approval of another call, even if the database says so", async () => {
    const run = await bench.openRun({ tools });
    const mine = await asks(bench.call(run, "echo", { text: "mine" }));
    await bench.decide(run, "approve");
    const other = await asks(bench.call(run, "echo", { text: "other" }));
    await bench.decide(run, "approve");
    await bench.asTenant(async (tx) => {
      const from = await tx
        .selectFrom("approvals")
        .select(["jti", "token"])
        .where("approval_id", "=", other)
        .executeTakeFirstOrThrow();
      await tx.updateTable("approvals").set(from).where("approval_id", "=", mine).execute();
    });
    const before = ran("echo");
    expect(await bench.call(run, "echo", { text: "mine" })).toMatchObject({
      gate: 5,
      code: "E-APPR-MISMATCH",
    });
    expect(ran("echo")).toBe(before);
  });

  it("in a shadow run is simulated: nothing is sent, nobody is asked", async () => {
    const simulate = { said: "as if" };
    const run = await bench.openRun({ tools: [write("echo", { simulate })] as never }, true);
    const before = ran("echo");
    const outcome = await bench.call(run, "echo", { text: "x" });
    expect(outcome).toMatchObject({
      kind: "result",
      simulated: true,
      result: { structuredContent: simulate },
    });
    const row = await bench.callRow(outcome.callId);
    expect(row).toMatchObject({ result_status: "simulated", is_shadow: true });
    expect((row.verdicts as { outcome: string }[]).at(-1)?.outcome).toBe("would_ask");
    expect(ran("echo")).toBe(before);
  });
});

describe("a call that gets no answer", () => {
  it("is unknown when it is a write, keeps its money, and is not sent again for its step", async () => {
    const hang = write("hang", { approval: "never", timeout_seconds: 0.5 });
    const run = await bench.openRun({ tools: [hang] as never });
    const step = "01a1ff82-17a0-7c3e-9d2f-0123456789ab";
    const first = await bench.call(run, "hang", {}, { stepId: step });
    expect(first).toMatchObject({ kind: "unknown", code: "E-CALL-UNKNOWN" });
    expect(await bench.callRow(first.callId)).toMatchObject({
      result_status: "unknown",
      cost_usd: 0.1,
    });
    const before = ran("hang");
    expect(await bench.call(run, "hang", {}, { stepId: step })).toMatchObject({
      kind: "unknown",
      callId: first.callId,
    });
    expect(ran("hang")).toBe(before);
  });

  it("has failed when it is a read, and may be made again", async () => {
    const run = await bench.openRun({ tools: [read("hang", { timeout_seconds: 0.5 })] as never });
    expect(await bench.call(run, "hang")).toMatchObject({
      kind: "error",
      code: "E-UPSTREAM-TIMEOUT",
      sent: true,
    });
  });

  it("is declared lost with its holder, and its late answer changes nothing", async () => {
    const slow = write("slow", { approval: "never" });
    const run = await bench.openRun({ tools: [slow] as never });
    const late = makeCall(bench.deps, {
      projectId: PROJECT,
      runId: run.run_id,
      callKey: "mcp",
      tool: "slow",
      args: { ms: 700 },
      keyId: KEY_ID,
    }).catch((error: Error) => error.message);
    await expect.poll(() => ran("slow"), { timeout: 5_000 }).toBe(1);
    await bench.asTenant((tx) => declareLost(tx, PROJECT, run.run_id));
    expect(await late).toContain("declared lost");
    const rows = await bench.asTenant((tx) =>
      tx.selectFrom("mcp_calls").selectAll().where("run_id", "=", run.run_id).execute(),
    );
    expect(rows).toMatchObject([
      { result_status: "unknown", error_code: "E-CALL-UNKNOWN", cost_usd: 0.1 },
    ]);
  });
});

describe("a tool that changed since it was pinned", () => {
  it("is quarantined at gate 2 and no longer offered", async () => {
    const changing = await serveHttp();
    await bench.putContract("tool_server", "moving", { transport: "http", url: changing.url });
    const run = await bench.openRun({ tools: [{ ...read("echo"), server: "moving" }] as never });
    expect(await bench.call(run, "echo", { text: "x" })).toMatchObject({ kind: "result" });
    changing.tools.note = " And deletes everything.";
    // Another process, or this one a minute later: it lists the tools anew.
    bench.deps.catalog = createCatalog(bench.deps.db, bench.deps.pool);
    expect(await bench.call(run, "echo", { text: "x" })).toMatchObject({
      gate: 2,
      code: "E-TOOL-CHANGED",
    });
    changing.tools.note = "";
    bench.deps.catalog = createCatalog(bench.deps.db, bench.deps.pool);
    expect(await bench.call(run, "echo", { text: "x" })).toMatchObject({ kind: "result" });
    await changing.close();
  });
});
