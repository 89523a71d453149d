import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openShopBench, PROJECT, type ShopBench, waiting } from "../../test/support/calls.ts";
import { ask, caller } from "../../test/support/fixtures.ts";
import { canonicalHash } from "../platform/canonical.ts";
import type { RunRow } from "../runs/index.ts";
import { decideRoutes } from "./index.ts";

/** What follows from the answers that are neither yes nor no, for a client's agent. */

let bench: ShopBench;

beforeAll(async () => {
  bench = await openShopBench();
});
afterAll(() => bench?.close());

const openRun = (grant?: object) => bench.openEchoRun(grant);
const say = (run: RunRow, text: unknown = "x") => bench.call(run, "echo", { text });
const asked = (run: RunRow, text: unknown = "x") => waiting(say(run, text));
const person = (id: string) => ({ approver: { kind: "key", id } as const });
const edit = (run: RunRow, args: Record<string, unknown>, more: object = {}) =>
  bench.decide(run, "edit", "", { args, ...more });

/** What the run's journal and audit log say of decisions, oldest first. */
const recorded = (run: RunRow) =>
  bench.asTenant(async (tx) => ({
    steps: await tx
      .selectFrom("run_steps")
      .select(["tool_name", "result_status", "block_reason"])
      .where("run_id", "=", run.run_id)
      .orderBy("step_seq")
      .execute(),
    audits: await tx
      .selectFrom("audit_log")
      .select(["action", "details"])
      .where("subject_id", "=", run.run_id)
      .where("action", "like", "run.approval.%")
      .orderBy("audit_id")
      .execute(),
    events: (
      await tx
        .selectFrom("run_transitions")
        .select("event")
        .where("run_id", "=", run.run_id)
        .orderBy("transition_id")
        .execute()
    ).map(({ event }) => event),
  }));

describe("a wish for changes", () => {
  it("lets the run go on, and reaches the agent once as the answer to the same call", async () => {
    const run = await openRun({ on_reject: "cancel" });
    const { approvalId, callId } = await asked(run);
    const words = "only the replica, please";
    expect(await bench.decide(run, "request_changes", words)).toEqual({
      run_id: run.run_id,
      decision: "request_changes",
      new_state: "running",
      approval_token_jti: null,
    });
    expect(await bench.approvalRow(approvalId)).toMatchObject({
      status: "changes_requested",
      decided_at: expect.any(String),
      token: null,
      answered_at: null,
    });
    expect(await bench.callRow(callId)).toMatchObject({
      result_status: "blocked",
      block_gate: 5,
      block_code: "E-APPR-CHANGES",
      block_reason: `Asked a person: changes requested by op-2: ${words}.`,
    });
    expect(await recorded(run)).toMatchObject({
      steps: [
        {
          tool_name: "operator_console.request_changes",
          result_status: "success",
          block_reason: `approver=op-2; decision=request_changes; reason=${words}`,
        },
      ],
      audits: [{ action: "run.approval.request_changes", details: { approval_id: approvalId } }],
      events: ["create", "wait", "resume"],
    });

    const before = bench.upstream.tools.ran.get("echo") ?? 0;
    const told = await say(run);
    expect(told).toMatchObject({ kind: "blocked", gate: 5, code: "E-APPR-CHANGES" });
    expect((told as { reason: string }).reason).toContain(`op-2, “${words}”`);
    // Delivered; from now on the agent may ask for the same or for another call.
    const again = await asked(run);
    expect(again.approvalId).not.toBe(approvalId);
    await asked(run, "y");
    expect(bench.upstream.tools.ran.get("echo") ?? 0).toBe(before);
    expect((await bench.runRow(run.run_id)).state).toBe("waiting_approval");
  });

  it("ends a question that wants two people, whatever the first of them said", async () => {
    const run = await openRun({ quorum: 2 });
    const { approvalId } = await asked(run);
    await bench.decide(run, "approve", "fine", person("ada"));
    await bench.decide(run, "request_changes", "not all of it", person("eve"));
    expect((await bench.approvalRow(approvalId)).status).toBe("changes_requested");
    const told = (await say(run)) as { reason: string };
    expect(told.reason).toContain("eve, “not all of it”");
    expect(told.reason).not.toContain("ada");
    await expect(bench.decide(run, "approve", "", { approvalId })).rejects.toMatchObject({
      code: "E-APPR-DECIDED",
      extra: { state: "running", standing: { actor: "eve", decision: "request_changes" } },
    });
  });

  it("keeps the run waiting while another question is open", async () => {
    const run = await openRun();
    const { approvalId } = await asked(run, "a");
    await asked(run, "b");
    const first = await bench.decide(run, "request_changes", "no", { approvalId });
    expect(first.new_state).toBe("waiting_approval");
    expect(await bench.decide(run, "approve")).toMatchObject({ new_state: "running" });
    expect((await recorded(run)).events).toEqual(["create", "wait", "resume"]);
  });
});

describe("an approval with edited arguments", () => {
  it("is matched on the asked call and executes the edited one, once", async () => {
    const run = await openRun();
    const { approvalId } = await asked(run, "everything");
    const args = { text: "half", token: "hunter2" };
    const answer = await edit(run, args);
    expect(answer).toMatchObject({ decision: "edit", new_state: "running" });
    expect(answer.approval_token_jti).toEqual(expect.any(String));
    const hashes = {
      args_hash: canonicalHash({ text: "everything" }),
      approved_hash: canonicalHash(args),
    };
    expect(await bench.approvalRow(approvalId)).toMatchObject({
      status: "approved",
      asked_hash: hashes.args_hash,
      approved_hash: hashes.approved_hash,
      args_display: { text: "everything" },
      approved_args_display: { text: "half", token: "[redacted]" },
    });
    expect(await recorded(run)).toMatchObject({
      steps: [{ tool_name: "operator_console.edit", result_status: "success" }],
      audits: [{ action: "run.approval.edit", details: { approval_id: approvalId, ...hashes } }],
      events: ["create", "wait", "resume"],
    });

    const outcome = await say(run, "everything");
    expect(outcome).toMatchObject({
      kind: "result",
      result: { structuredContent: { said: "half" } },
      editedArgs: args,
    });
    const call = await bench.callRow((outcome as { callId: string }).callId);
    expect(call).toMatchObject({
      result_status: "success",
      args: { text: "half", token: "[redacted]" },
      args_hash: hashes.approved_hash,
      approval_id: approvalId,
    });
    expect(call.verdicts).toMatchObject([{}, {}, {}, {}, { key: "approved_edited" }]);
    expect((await bench.approvalRow(approvalId)).redeemed_at).toEqual(expect.any(String));
    // Used up: the same call is asked about anew, as it is asked for.
    const next = await asked(run, "everything");
    expect((await bench.approvalRow(next.approvalId)).approved_hash).toBeNull();
  });

  it("does not let pass the call that was edited away, nor the edited one by itself", async () => {
    const run = await openRun();
    await asked(run, "everything");
    await edit(run, { text: "half" });
    await asked(run, "half");
    expect(await say(run, "everything")).toMatchObject({ kind: "result" });
  });

  it("seals the edited arguments: swapped for the asked ones they open no more", async () => {
    const run = await openRun();
    const { approvalId } = await asked(run, "everything");
    await edit(run, { text: "half" });
    await bench.asAdmin(
      `update approvals set approved_args_ciphertext = args_ciphertext where approval_id = '${approvalId}'`,
    );
    expect(await say(run, "everything")).toMatchObject({ gate: 5, code: "E-APPR-MISMATCH" });
  });

  it("to the very same arguments is an approval", async () => {
    const run = await openRun();
    const { approvalId } = await asked(run, "same");
    expect(await edit(run, { text: "same" })).toMatchObject({ new_state: "running" });
    const row = await bench.approvalRow(approvalId);
    expect(row).toMatchObject({ status: "approved", approved_args_ciphertext: null, round: 1 });
    expect(row.approved_hash).toBe(row.asked_hash);
    const outcome = await say(run, "same");
    expect(outcome).toMatchObject({
      kind: "result",
      result: { structuredContent: { said: "same" } },
    });
    expect(outcome).not.toHaveProperty("editedArgs");
  });

  it("has to pass the gates, now and when it is executed; refused, it leaves nothing behind", async () => {
    const run = await openRun({ args: { properties: { text: { maxLength: 5 } } } });
    const { approvalId } = await asked(run);
    for (const args of [{ text: 7 }, {}, { text: "longer" }, { text: "x".repeat(300_000) }]) {
      await expect(edit(run, args)).rejects.toMatchObject({
        code: "E-POLICY-ARGS",
        errors: [{ path: "body.arguments" }],
      });
    }
    expect(await bench.approvalRow(approvalId)).toMatchObject({ status: "open", round: 1 });
    expect(await recorded(run)).toMatchObject({
      steps: [],
      audits: [],
      events: ["create", "wait"],
    });
    await edit(run, { text: "fits" });
    const other = await openRun();
    await asked(other);
    await bench.asAdmin(`update tool_pins set changed_hash = 'x', changed_definition = definition,
      changed_at = clock_timestamp() where tool_name = 'echo'`);
    expect(await say(run)).toMatchObject({ kind: "blocked", gate: 2, code: "E-TOOL-CHANGED" });
    await expect(edit(other, { text: "y" })).rejects.toMatchObject({ code: "E-RUN-STATE" });
    await bench.asAdmin(`update tool_pins set changed_hash = null, changed_definition = null,
      changed_at = null where tool_name = 'echo'`);
  });

  it("is asked of the gates as it is, whatever was answered to a call like it", async () => {
    const run = await openRun({ args: { properties: { text: { maxLength: 5 } } } });
    const first = await asked(run, "good");
    const second = await asked(run, "other");
    await edit(run, { text: "fine" }, { approvalId: first.approvalId });
    await edit(run, { text: "good" }, { approvalId: second.approvalId });
    expect(await bench.approvalRow(second.approvalId)).toMatchObject({
      approved_hash: canonicalHash({ text: "good" }),
    });
    expect(await say(run, "other")).toMatchObject({
      result: { structuredContent: { said: "good" } },
    });
    expect(await say(run, "good")).toMatchObject({
      result: { structuredContent: { said: "fine" } },
    });
  });

  it("lapses like any other; then the same call is asked about as it was", async () => {
    const run = await openRun();
    const { approvalId } = await asked(run, "everything");
    await edit(run, { text: "half" });
    await bench.asAdmin(
      `update approvals set redeem_by = clock_timestamp() where approval_id = '${approvalId}'`,
    );
    expect(await say(run, "everything")).toMatchObject({ kind: "blocked", code: "E-APPR-EXPIRED" });
    const next = await asked(run, "everything");
    expect((await bench.approvalRow(next.approvalId)).args_display).toEqual({ text: "everything" });
  });
});

describe("an edit where two people have to agree", () => {
  const headline = { en: { $cel: '"Say " + args.text' } };

  it("asks anew: approvals of other arguments count no more, and the question says what it is now", async () => {
    const run = await openRun({ quorum: 2, ask: { headline } });
    const { approvalId } = await asked(run, "all");
    await bench.decide(run, "approve", "", person("ada"));
    const first = await edit(run, { text: "half" }, person("eve"));
    expect(first).toMatchObject({ new_state: "waiting_approval", approval_token_jti: null });
    expect(await bench.approvalRow(approvalId)).toMatchObject({
      status: "open",
      round: 2,
      headline: { en: "Say half" },
    });
    await expect(bench.decide(run, "approve", "", person("eve"))).rejects.toMatchObject({
      code: "E-APPR-DECIDED",
      extra: { standing: { actor: "eve", decision: "edit" } },
    });
    const second = await bench.decide(run, "approve", "", person("ada"));
    expect(second).toMatchObject({ new_state: "running", approval_token_jti: expect.any(String) });
    expect(await say(run, "all")).toMatchObject({
      result: { structuredContent: { said: "half" } },
    });
  });

  it("completes what another has edited alike, and begins again for what differs", async () => {
    const run = await openRun({ quorum: 2 });
    const { approvalId } = await asked(run, "all");
    await edit(run, { text: "half" }, person("eve"));
    await edit(run, { text: "third" }, person("ada"));
    expect((await edit(run, { text: "half" }, person("eve"))).new_state).toBe("waiting_approval");
    expect((await edit(run, { text: "half" }, person("bob"))).new_state).toBe("running");
    expect(await bench.approvalRow(approvalId)).toMatchObject({ status: "approved", round: 4 });
    const verdict = (await say(run, "all")) as { callId: string };
    const [, , , , said] = (await bench.callRow(verdict.callId)).verdicts as { reason: string }[];
    expect(said?.reason).toBe("Approved with edited arguments by eve; bob: these are executed");
  });

  it("back to the asked arguments executes those", async () => {
    const run = await openRun({ quorum: 2 });
    const { approvalId } = await asked(run, "all");
    await edit(run, { text: "half" }, person("eve"));
    await edit(run, { text: "all" }, person("ada"));
    await bench.decide(run, "approve", "", person("bob"));
    expect((await bench.approvalRow(approvalId)).approved_args_ciphertext).toBeNull();
    const outcome = await say(run, "all");
    expect(outcome).toMatchObject({ result: { structuredContent: { said: "all" } } });
    expect(outcome).not.toHaveProperty("editedArgs");
  });

  it("is not approved by somebody who has seen other arguments, where they say which", async () => {
    const run = await openRun({ quorum: 2 });
    await asked(run, "all");
    const seen = canonicalHash({ text: "all" });
    await edit(run, { text: "half" }, person("eve"));
    const half = canonicalHash({ text: "half" });
    await expect(
      bench.decide(run, "approve", "", { ...person("ada"), argsHash: seen }),
    ).rejects.toMatchObject({
      code: "E-APPR-CHANGED",
      extra: { state: "waiting_approval", args_hash: half },
    });
    const now = await bench.decide(run, "approve", "", { ...person("ada"), argsHash: half });
    expect(now.new_state).toBe("running");
  });
});

describe("the body of a decision", () => {
  const post = (run: RunRow, members: string) =>
    ask(decideRoutes(bench.deps), `/approvals/${run.run_id}/decide`, {
      caller: caller({ role: "operator" }),
      body: `{"project_id":"${PROJECT}",${members.slice(1)}`,
    });
  const deep = `${'{"a":'.repeat(70)}1${"}".repeat(70)}`;

  it.each([
    ["no arguments for an edit", '{"decision":"edit"}', "body.arguments"],
    ["arguments for an approval", '{"decision":"approve","arguments":{}}', "body.arguments"],
    ["arguments for a rejection", '{"decision":"reject","arguments":{}}', "body.arguments"],
    ["a list as arguments", '{"decision":"edit","arguments":[]}', "body.arguments"],
    ["null as arguments", '{"decision":"edit","arguments":null}', "body.arguments"],
    ["a text as arguments", '{"decision":"edit","arguments":"x"}', "body.arguments"],
    [
      "NUL in the arguments",
      '{"decision":"edit","arguments":{"text":"\\u0000"}}',
      "body.arguments",
    ],
    ["half a character", '{"decision":"edit","arguments":{"\\ud800":1}}', "body.arguments"],
    ["a number too large", '{"decision":"edit","arguments":{"n":1e999}}', "body.arguments"],
    ["arguments too deep", `{"decision":"edit","arguments":${deep}}`, "body.arguments"],
    ["no reason for changes", '{"decision":"request_changes"}', "body.reason"],
    ["a blank reason for changes", '{"decision":"request_changes","reason":" \\n"}', "body.reason"],
    ["a reason too long", `{"decision":"reject","reason":"${"天".repeat(4_001)}"}`, "body.reason"],
    ["an unknown decision", '{"decision":"maybe"}', "body.decision"],
    ["a bad hash", '{"decision":"approve","args_hash":"X"}', "body.args_hash"],
  ])("is refused with %s", async (_what, body, path) => {
    const run = await openRun();
    await asked(run);
    const answer = await post(run, body);
    expect(answer).toMatchObject({ status: 422, body: { code: "E-INPUT", errors: [{ path }] } });
    expect(await recorded(run)).toMatchObject({ steps: [], audits: [] });
  });

  it("takes a reason of 4,000 characters, however they are encoded", async () => {
    const run = await openRun();
    await asked(run);
    const reason = "😀".repeat(4_000);
    expect(await post(run, JSON.stringify({ decision: "request_changes", reason }))).toMatchObject({
      status: 200,
    });
    expect(((await say(run)) as { reason: string }).reason).toContain(reason);
  });

  it("passes the edited arguments on as they were written, also under odd names", async () => {
    const run = await openRun();
    await asked(run);
    const args = '{"text":"x","__proto__":{"polluted":true}}';
    const answer = await post(run, `{"decision":"edit","arguments":${args}}`);
    expect(answer).toMatchObject({ status: 200 });
    const outcome = (await say(run)) as { editedArgs: object };
    expect(JSON.stringify(outcome.editedArgs)).toContain('"__proto__":{"polluted":true}');
  });
});
