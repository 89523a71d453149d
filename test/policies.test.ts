import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { verdictText } from "../src/gates/contract.ts";
import { createCursors } from "../src/platform/http/index.ts";
import { timelineRoutes } from "../src/timeline/index.ts";
import { openShopBench, PROJECT, type ShopBench, waiting } from "./support/calls.ts";
import { ask, caller } from "./support/fixtures.ts";

let bench: ShopBench;
beforeAll(async () => {
  bench = await openShopBench();
});
afterAll(() => bench?.close());
afterEach(() => deprecate());

const put = (cedar: string, id = "guardrails") => bench.putContract("policy", id, { cedar });
const deprecate = () =>
  bench.asTenant((tx) =>
    tx
      .updateTable("contract_revisions")
      .set({ lifecycle_status: "deprecated" })
      .where("contract_family", "=", "policy")
      .where("lifecycle_status", "=", "active")
      .execute(),
  );
const free = () => bench.openEchoRun({ approval: "never" });
const ran = () => bench.upstream.tools.ran.get("echo") ?? 0;
const DENIED = { kind: "blocked", gate: 3, code: "E-POLICY-DENIED" };

const NO_DELETES = `
  @id("all") permit (principal, action, resource);
  @id("no-deletes") forbid (principal, action == Action::"write", resource in Server::"shop")
  when { context.args.text like "delete *" };`;

describe("a project's policies", () => {
  it("stop a call before it reaches the tool server, and say which of them did", async () => {
    await put(NO_DELETES);
    const run = await free();
    const before = ran();
    const outcome = await bench.call(run, "echo", { text: "delete it" });
    expect(outcome).toMatchObject({
      ...DENIED,
      reason: expect.stringMatching(/^guardrails 1\.\d+ @no-deletes forbids this call\.$/),
    });
    expect(ran()).toBe(before);
    expect(await bench.callRow(outcome.callId)).toMatchObject({
      result_status: "blocked",
      block_gate: 3,
      block_code: "E-POLICY-DENIED",
      error_code: "E-POLICY-DENIED",
    });
    expect(await bench.call(run, "echo", { text: "hello" })).toMatchObject({ kind: "result" });
    expect(ran()).toBe(before + 1);
  });

  it("stand on the timeline and in the verdicts, in both languages", async () => {
    await put(NO_DELETES);
    const run = await free();
    const stopped = await bench.call(run, "echo", { text: "delete it" });
    const passed = await bench.call(run, "echo", { text: "hello" });
    const routes = timelineRoutes({ db: bench.deps.db, cursors: createCursors(randomBytes(32)) });
    const { body } = await ask(routes, `/runs/${run.run_id}`, {
      caller: caller({ projects: [PROJECT] }),
    });
    const item = body.timeline.find((of: { id: string }) => of.id.includes(stopped.callId));
    expect(item).toMatchObject({
      kind: "mcp",
      status: "blocked",
      summary: expect.stringContaining("@no-deletes forbids this call"),
      metadata: { block_gate: 3 },
    });
    const words = async (callId: string, language: "en" | "zh-TW") => {
      const { verdicts } = await bench.callRow(callId);
      const third = (verdicts as { gate: number; reason: string }[])[2];
      return third && verdictText(third, language);
    };
    expect(await words(stopped.callId, "zh-TW")).toMatch(
      /^guardrails 1\.\d+ @no-deletes 禁止這個呼叫。$/,
    );
    expect(await words(passed.callId, "en")).toMatch(
      /^Arguments fit, and guardrails 1\.\d+ @all permits this call$/,
    );
    expect(await words(passed.callId, "zh-TW")).toMatch(
      /^參數相符，且 guardrails 1\.\d+ @all 允許/,
    );
  });

  it("deny by default once there is one", async () => {
    const run = await free();
    expect(await bench.call(run, "echo", { text: "x" })).toMatchObject({ kind: "result" });
    await put('permit (principal == Agent::"somebody-else", action, resource);');
    expect(await bench.call(run, "echo", { text: "x" })).toMatchObject({
      ...DENIED,
      reason: "No policy of acme permits this call.",
    });
  });

  it("know the agent, its tool and its run", async () => {
    const run = await bench.openRun({
      mode: "canary",
      tools: [{ server: "shop", tool: "echo", effect: "read" }],
    } as never);
    await put(`
      permit (principal == Agent::"${run.agent_id}", action == Action::"read", resource == Tool::"shop/echo")
      when {
        context.driver == "client" && context.agent_mode == "canary" && context.trigger_type == "client" &&
        !context.is_shadow && context.args == { text: "x" }
      };`);
    expect(await bench.call(run, "echo", { text: "x" })).toMatchObject({ kind: "result" });
    expect(await bench.call(run, "echo", { text: "y" })).toMatchObject(DENIED);
  });

  it("deny where a forbid can't be evaluated", async () => {
    await put(`
      permit (principal, action, resource);
      @id("cheap") forbid (principal, action, resource) when { context.args.amount > 100 };`);
    const run = await free();
    const before = ran();
    const outcome = await bench.call(run, "echo", { text: "x" });
    expect(outcome).toMatchObject({
      ...DENIED,
      reason: expect.stringMatching(
        /^guardrails 1\.\d+ @cheap forbids some calls and could not be evaluated for this one: .*amount/,
      ),
    });
    expect(ran()).toBe(before);
  });

  it("deny arguments that would pose as something else to them", async () => {
    await put("permit (principal, action, resource);");
    const run = await free();
    const outcome = await bench.call(run, "echo", { text: "x", by: { __entity: "a" } });
    expect(outcome).toMatchObject({ ...DENIED, reason: expect.stringContaining("__entity") });
  });

  it("are not asked about arguments that don't fit or are too large", async () => {
    await put("permit (principal, action, resource);");
    const run = await free();
    expect(await bench.call(run, "echo", {})).toMatchObject({ gate: 3, code: "E-POLICY-ARGS" });
    const large = { text: "x".repeat(300_000) };
    expect(await bench.call(run, "echo", large)).toMatchObject({ gate: 3, code: "E-POLICY-ARGS" });
  });

  it("count together, contract by contract", async () => {
    await put("permit (principal, action, resource);", "wide");
    await put('forbid (principal, action, resource) when { context.args.text == "no" };', "strict");
    const run = await free();
    expect(await bench.call(run, "echo", { text: "yes" })).toMatchObject({ kind: "result" });
    expect(await bench.call(run, "echo", { text: "no" })).toMatchObject({
      ...DENIED,
      reason: expect.stringMatching(/^strict 1\.\d+ #1 forbids/),
    });
  });

  it("are those of another project to nobody", async () => {
    await bench.asAdmin(`
      insert into awooop.projects (project_id, display_name, migration_mode) values ('evil', 'evil', 'active');
      insert into awooop.contract_revisions (revision_id, project_id, contract_id, contract_family, lifecycle_status,
        body, body_hash, version_major, version_minor, created_by)
      values (gen_random_uuid(), 'evil', 'guardrails', 'policy', 'active',
        '{"cedar": "forbid (principal, action, resource);"}', repeat('0', 64), 1, 0, 'test')`);
    expect(await bench.call(await free(), "echo", { text: "x" })).toMatchObject({ kind: "result" });
  });
});

describe("a policy contract's active revision", () => {
  it("is the one that counts, from the next call on, also in a run that is under way", async () => {
    const run = await free();
    await put('permit (principal, action, resource) when { context.args.text == "one" };');
    expect(await bench.call(run, "echo", { text: "one" })).toMatchObject({ kind: "result" });
    expect(await bench.call(run, "echo", { text: "two" })).toMatchObject(DENIED);
    await put('permit (principal, action, resource) when { context.args.text == "two" };');
    expect(await bench.call(run, "echo", { text: "one" })).toMatchObject(DENIED);
    expect(await bench.call(run, "echo", { text: "two" })).toMatchObject({ kind: "result" });
    await deprecate();
    expect(await bench.call(run, "echo", { text: "one" })).toMatchObject({ kind: "result" });
  });

  it("is named by a question about a call that it permitted", async () => {
    const run = await bench.openEchoRun();
    const hashOf = async (text: string) => {
      const { approvalId } = await waiting(bench.call(run, "echo", { text }));
      return (await bench.approvalRow(approvalId)).policy_hash;
    };
    expect(await hashOf("one")).toBeNull();
    await put("permit (principal, action, resource);");
    expect(await hashOf("two")).toMatch(/^[0-9a-f]{64}$/);
  });

  it("counts for a call that was approved under another", async () => {
    const run = await bench.openEchoRun();
    const before = ran();
    await waiting(bench.call(run, "echo", { text: "delete it" }));
    await put(NO_DELETES);
    await bench.decide(run, "approve");
    expect(await bench.call(run, "echo", { text: "delete it" })).toMatchObject(DENIED);
    expect(ran()).toBe(before);
    await deprecate();
    expect(await bench.call(run, "echo", { text: "delete it" })).toMatchObject({ kind: "result" });
  });

  it("stops a call before a person is asked about it", async () => {
    await put(NO_DELETES);
    const run = await bench.openEchoRun();
    expect(await bench.call(run, "echo", { text: "delete it" })).toMatchObject(DENIED);
    expect((await bench.runRow(run.run_id)).state).toBe("running");
  });

  it("is asked about the arguments that a person puts in", async () => {
    await put(NO_DELETES);
    const run = await bench.openEchoRun();
    await waiting(bench.call(run, "echo", { text: "look" }));
    const edit = bench.decide(run, "edit", "", { args: { text: "delete it" } });
    await expect(edit).rejects.toMatchObject({ code: "E-POLICY-DENIED" });
  });
});

describe("a shadow run", () => {
  it("is stopped by the same policies, and may be told apart by them", async () => {
    await put(`
      permit (principal, action, resource);
      forbid (principal, action, resource) when { context.is_shadow && context.args.text == "no" };`);
    const tools = [{ server: "shop", tool: "echo", effect: "write", simulate: { said: "as if" } }];
    const shadow = await bench.openRun({ tools } as never, true);
    expect(await bench.call(shadow, "echo", { text: "no" })).toMatchObject(DENIED);
    expect(await bench.call(shadow, "echo", { text: "yes" })).toMatchObject({ simulated: true });
    const live = await free();
    expect(await bench.call(live, "echo", { text: "no" })).toMatchObject({ kind: "result" });
  });
});

describe("a policy that demands a person's yes", () => {
  const ASK_FOR_MANY = `
    @id("all") permit (principal, action, resource);
    @id("many") @approval("required") @reason("Many at once.") @reason_zh_tw("一次很多。")
    permit (principal, action, resource) when { context.args.text like "many *" };`;

  it("asks about a tool that the contract never asks about, and says why", async () => {
    await put(ASK_FOR_MANY);
    const run = await free();
    expect(await bench.call(run, "echo", { text: "one" })).toMatchObject({ kind: "result" });
    const before = ran();
    const { approvalId } = await waiting(bench.call(run, "echo", { text: "many things" }));
    expect(await bench.approvalRow(approvalId)).toMatchObject({
      rule: expect.stringMatching(
        /^guardrails 1\.\d+ @many permits this call only with a person's yes: Many at once\.$/,
      ),
    });
    await bench.decide(run, "approve");
    const outcome = await bench.call(run, "echo", { text: "many things" });
    expect(outcome).toMatchObject({ kind: "result" });
    expect(ran()).toBe(before + 1);
    const { verdicts } = await bench.callRow(outcome.callId);
    expect(verdicts).toMatchObject([{}, {}, { outcome: "pass" }, {}, { outcome: "approved" }]);
  });

  it("runs a call that was asked about as soon as no policy demands it any more", async () => {
    await put(ASK_FOR_MANY);
    const run = await free();
    await waiting(bench.call(run, "echo", { text: "many more" }));
    await deprecate();
    expect(await bench.call(run, "echo", { text: "many more" })).toMatchObject({ kind: "result" });
  });

  it("is noted in a shadow run, and asks nobody", async () => {
    await put(ASK_FOR_MANY);
    const tools = [{ server: "shop", tool: "echo", effect: "write", approval: "never" }];
    const run = await bench.openRun({ tools } as never, true);
    const outcome = await bench.call(run, "echo", { text: "many things" });
    expect(outcome).toMatchObject({ kind: "result", simulated: true });
    const { verdicts } = await bench.callRow(outcome.callId);
    expect(verdicts).toMatchObject([
      {},
      {},
      {},
      {},
      { outcome: "would_ask", key: "would_ask_by_policy_because" },
    ]);
  });
});
