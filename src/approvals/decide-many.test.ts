import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openShopBench, PROJECT, type ShopBench, waiting } from "../../test/support/calls.ts";
import { ask as askApi, caller } from "../../test/support/fixtures.ts";
import { canonicalHash } from "../platform/canonical.ts";
import type { RunRow } from "../runs/index.ts";
import { decideManyRoutes } from "./decide-many.ts";

/** Several open questions: decided together, and decided one by one in any order. */

let bench: ShopBench;
let routes: ReturnType<typeof decideManyRoutes>;
beforeAll(async () => {
  bench = await openShopBench();
  routes = decideManyRoutes(bench.deps);
});
afterAll(() => bench?.close());

const operator = caller({ role: "operator", projects: [PROJECT] });

interface Asked {
  run: RunRow;
  approvalId: string;
  args: { text: string };
}

async function ask(run: RunRow, text: string): Promise<Asked> {
  const args = { text };
  const { approvalId } = await waiting(bench.call(run, "echo", args));
  return { run, approvalId, args };
}

const named = ({ run, approvalId, args }: Asked) => ({
  run_id: run.run_id,
  approval_id: approvalId,
  args_hash: canonicalHash(args),
});

const decideMany = (body: object, more: Parameters<typeof askApi>[2] = {}) =>
  askApi(routes, "/approvals/decide-many", {
    caller: operator,
    body: { project_id: PROJECT, decision: "approve", ...body },
    ...more,
  });

const ranEcho = () => bench.upstream.tools.ran.get("echo") ?? 0;
const stateOf = async (run: RunRow) => (await bench.runRow(run.run_id)).state;

describe("decided together", () => {
  it("each is bound to its own call: all approved run once, with their own arguments", async () => {
    const first = await bench.openEchoRun();
    const second = await bench.openNext(first);
    const asked = [await ask(first, "a"), await ask(first, "b"), await ask(second, "c")];
    const { status, body } = await decideMany({ questions: asked.map(named), reason: "all fine" });
    expect([status, body.decided]).toEqual([200, 3]);
    expect(
      body.results.map((one: { answer: { new_state: string } }) => one.answer.new_state),
    ).toEqual(["waiting_approval", "running", "running"]);
    const before = ranEcho();
    for (const { run, args } of asked) {
      expect(await bench.call(run, "echo", args)).toMatchObject({
        kind: "result",
        result: { structuredContent: { said: args.text } },
      });
    }
    expect(ranEcho() - before).toBe(3);
    const tokens = await Promise.all(asked.map(({ approvalId }) => bench.approvalRow(approvalId)));
    expect(new Set(tokens.map(({ jti }) => jti)).size).toBe(3);
  });

  it("one that is refused keeps none of the others, and says why", async () => {
    const first = await bench.openEchoRun();
    const asked = [await ask(first, "a"), await ask(first, "b"), await ask(first, "c")];
    await bench.decide(first, "reject", "no", { approvalId: asked[0]?.approvalId });
    const questions = asked.map(named);
    questions[1] = { ...questions[1], args_hash: "0".repeat(64) } as (typeof questions)[number];
    const { body } = await decideMany({ questions });
    expect(body).toMatchObject({
      decided: 1,
      results: [
        { answer: null, problem: { status: 409, code: "E-APPR-DECIDED" } },
        { answer: null, problem: { status: 409, code: "E-APPR-CHANGED" } },
        { answer: { decision: "approve" }, problem: null },
      ],
    });
    expect((await bench.approvalRow(asked[1]?.approvalId ?? "")).status).toBe("open");
  });

  it("a rejection that cancels the run leaves nothing to decide about its other questions", async () => {
    const run = await bench.openEchoRun({ on_reject: "cancel" });
    const asked = [await ask(run, "a"), await ask(run, "b")];
    const { body } = await decideMany({
      ...{ questions: asked.map(named), decision: "reject", reason: "not now" },
    });
    expect(body.results).toMatchObject([
      { answer: { new_state: "cancelled" } },
      { problem: { status: 409 } },
    ]);
  });

  it("nothing is decided when they are of several tools or rules, or when one is not there", async () => {
    const run = await bench.openRun({
      tools: ["echo", "slow"].map((tool) => ({ server: "shop", tool, effect: "write" })),
    } as never);
    const echo = await ask(run, "a");
    const { approvalId } = await waiting(bench.call(run, "slow", {}));
    const slow = { run_id: run.run_id, approval_id: approvalId, args_hash: canonicalHash({}) };
    const other = await ask(await bench.openEchoRun(), "of another agent");
    for (const with_ of [slow, named(other)]) {
      const { status, body } = await decideMany({ questions: [named(echo), with_] });
      expect([status, body.code, body.errors[0].path]).toEqual([
        422,
        "E-APPR-MIXED",
        "body.questions.1",
      ]);
    }
    const wrongRun = { ...named(echo), run_id: other.run.run_id };
    for (const questions of [
      [wrongRun],
      [named(echo), wrongRun],
      [{ ...slow, approval_id: run.run_id }],
    ]) {
      const { status } = await decideMany({ questions });
      expect(status).toBe(questions.length === 2 ? 422 : 404);
    }
    const many = Array.from({ length: 101 }, () => named(echo));
    for (const questions of [[], many, [named(echo), named(echo)]]) {
      expect((await decideMany({ questions })).body.code).toBe("E-INPUT");
    }
    expect((await decideMany({ questions: [named(echo)], decision: "edit" })).status).toBe(422);
    const viewer = { caller: caller({ projects: [PROJECT] }) };
    expect((await decideMany({ questions: [named(echo)] }, viewer)).status).toBe(403);
    expect((await bench.approvalRow(echo.approvalId)).status).toBe("open");
  });

  it("sent again with the same Idempotency-Key, the first answers come, and what failed is tried again", async () => {
    const run = await bench.openEchoRun();
    const asked = [await ask(run, "a"), await ask(run, "b")];
    const questions = asked.map(named);
    const again = () => decideMany({ questions }, { headers: { "idempotency-key": "k" } } as never);
    const both = await Promise.all([again(), again()]);
    expect(both[0]?.body).toEqual(both[1]?.body);
    expect(both[0]?.body.decided).toBe(2);
    expect((await again()).body).toEqual(both[0]?.body);
  });
});

describe("decided one by one", () => {
  const ANSWERS = ["approve", "reject", "request_changes"] as const;

  it("in any order and any way, a run goes on when none of its questions is open, and not before", async () => {
    const question = fc.record({ of: fc.constantFrom(0, 1), answer: fc.constantFrom(...ANSWERS) });
    const plan = fc
      .array(question, { minLength: 3, maxLength: 5 })
      .chain((questions) =>
        fc.tuple(
          fc.constant(questions),
          fc.shuffledSubarray([...questions.keys()], { minLength: questions.length }),
        ),
      );
    const agent = await bench.openEchoRun();
    await fc.assert(
      fc.asyncProperty(plan, async ([questions, order]) => {
        const runs = [await bench.openNext(agent), await bench.openNext(agent)];
        const asked = await Promise.all(
          questions.map(({ of }, at) => ask(runs[of] as RunRow, `${at}`)),
        );
        const open = new Set(order);
        for (const at of order) {
          const { run, approvalId } = asked[at] as Asked;
          const { answer, of } = questions[at] as (typeof questions)[number];
          open.delete(at);
          const waits = [...open].some((other) => questions[other]?.of === of);
          const wanted = waits ? "waiting_approval" : "running";
          const { new_state } = await bench.decide(run, answer, "because", { approvalId });
          expect([new_state, await stateOf(run)]).toEqual([wanted, wanted]);
        }
        const before = ranEcho();
        for (const { run, args } of asked) await bench.call(run, "echo", args);
        const approved = questions.filter(({ answer }) => answer === "approve").length;
        expect(ranEcho() - before).toBe(approved);
      }),
      { numRuns: 8, seed: 7 },
    );
  });
});
