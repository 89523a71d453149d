import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { workOnBulks } from "../../test/support/bulk.ts";
import { openShopBench, PROJECT, type ShopBench, waiting } from "../../test/support/calls.ts";
import { ask, caller } from "../../test/support/fixtures.ts";
import { waitFor } from "../../test/support/wait.ts";
import { AppError } from "../platform/errors.ts";
import { createCursors } from "../platform/http/index.ts";
import { type RunRow, runRoutes, startBulkOfDeactivated } from "../runs/index.ts";
import { createTenants } from "../tenants/index.ts";
import { expireQuestions } from "./expire.ts";

/** A decision and what else ends a question, at the same time: one of them does, never both. */

const ROUNDS = 25;

let bench: ShopBench;

beforeAll(async () => {
  bench = await openShopBench();
});
afterAll(() => bench?.close());

/** A refusal that it may meet is its answer. */
async function attempt(work: () => Promise<unknown>): Promise<"done" | string> {
  try {
    await work();
    return "done";
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

/**
 * Lets both happen at once; in the first round one after the other, in the last the other way round, in between with the
 * one or the other a little ahead.
 *
 * @returns what the decision came to
 */
async function race(round: number, decide: () => Promise<unknown>, other: () => Promise<unknown>) {
  if (round === 0) {
    const answer = await attempt(decide);
    await other();
    return answer;
  }
  if (round === ROUNDS - 1) {
    await other();
    return attempt(decide);
  }
  const soon = (most: number) => pause(Math.random() * most);
  const [answer] = await Promise.all([
    soon(8).then(() => attempt(decide)),
    soon(4).then(() => other()),
  ]);
  return answer;
}

interface Asked {
  run: RunRow;
  approvalId: string;
}

async function askedRun(): Promise<Asked> {
  const run = await bench.openEchoRun();
  const { approvalId } = await waiting(bench.call(run, "echo", { text: "x" }));
  return { run, approvalId };
}

/** How the question ended, by all that was written of it. */
async function endingOf({ run, approvalId }: Asked) {
  const { status, token } = await bench.approvalRow(approvalId);
  return bench.asTenant(async (tx) => ({
    status,
    hasToken: token !== null,
    decisions: (
      await tx
        .selectFrom("approval_decisions")
        .select("decision")
        .where("approval_id", "=", approvalId)
        .execute()
    ).map(({ decision }) => decision),
    endings: (
      await tx
        .selectFrom("audit_log")
        .select("action")
        .where("subject_id", "in", [run.run_id, approvalId])
        .where("action", "like", "run.approval.%")
        .where("action", "<>", "run.approval.ask")
        .execute()
    ).map(({ action }) => action.replace("run.approval.", "")),
    resumes: (
      await tx
        .selectFrom("run_transitions")
        .select("event")
        .where("run_id", "=", run.run_id)
        .where("event", "=", "resume")
        .execute()
    ).length,
  }));
}

const APPROVED = {
  status: "approved",
  hasToken: true,
  decisions: ["approve"],
  endings: ["approve"],
  resumes: 1,
};

/** Who comes first wins, where one does. */
function expectEnds(round: number, answer: string): void {
  if (round === 0) expect(answer).toBe("done");
  if (round === ROUNDS - 1) expect(answer).not.toBe("done");
}

describe("a decision", () => {
  it("and its question's expiry", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const asked = await askedRun();
      // In the first round long after, in the last one at once, else just about now.
      const seconds = round === 0 ? 1 : round === ROUNDS - 1 ? 0 : Math.random() * 0.012;
      await bench.asAdmin(`update approvals set expires_at = clock_timestamp()
        + make_interval(secs => ${seconds}) where approval_id = '${asked.approvalId}'`);
      const sweep = () => expireQuestions(bench.deps.db, bench.deps.effects);
      const decide = () => bench.decide(asked.run, "approve");
      const answer = await race(round, decide, () => Promise.all([sweep(), sweep()]));
      await waitFor(
        async () => {
          await sweep();
          return (await bench.approvalRow(asked.approvalId)).status !== "open";
        },
        { timeoutMs: 5_000, what: "the question to end" },
      );
      const expired = { status: "expired", hasToken: false, decisions: [], endings: ["expire"] };
      expect(await endingOf(asked)).toEqual(
        answer === "done" ? APPROVED : { ...expired, resumes: 1 },
      );
      expect(["done", "E-APPR-EXPIRED"]).toContain(answer);
      expectEnds(round, answer);
    }
  });

  it("and the end of its run", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const asked = await askedRun();
      const cancel = () =>
        ask(runRoutes(bench.deps), `/runs/${asked.run.run_id}/cancel`, {
          caller: caller({ role: "operator" }),
          body: { reason: "enough" },
        });
      const answer = await race(round, () => bench.decide(asked.run, "approve"), cancel);
      const voided = { status: "voided", hasToken: false, decisions: [], endings: ["void"] };
      expect(await endingOf(asked)).toEqual(
        answer === "done" ? APPROVED : { ...voided, resumes: 0 },
      );
      expectEnds(round, answer);
      expect((await bench.runRow(asked.run.run_id)).state).toBe("cancelled");
    }
  });

  it("and the deactivation of its project", async () => {
    const tenants = createTenants({
      db: bench.deps.db,
      cursors: createCursors(Buffer.alloc(32)),
      onDeactivated: [(tx, project) => startBulkOfDeactivated(tx, bench.deps.effects, project)],
    });
    const root = caller({ role: "admin" });
    for (let round = 0; round < ROUNDS; round++) {
      const asked = await askedRun();
      const deactivate = async () => {
        await tenants.change(root, PROJECT, { is_active: false, running_runs: "finish" });
        await workOnBulks(bench.deps);
      };
      const answer = await race(round, () => bench.decide(asked.run, "approve"), deactivate);
      const voided = { status: "voided", hasToken: false, decisions: [], endings: ["void"] };
      expect(await endingOf(asked)).toEqual(
        answer === "done" ? APPROVED : { ...voided, resumes: 1 },
      );
      expectEnds(round, answer);
      await tenants.change(root, PROJECT, { is_active: true });
    }
  });

  it("and another one", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const asked = await askedRun();
      const person = (id: string) => ({ approver: { kind: "key", id } as const });
      const edited = { ...person("eve"), args: { text: "y" } };
      let other = "";
      const answer = await race(
        round,
        () => bench.decide(asked.run, "approve", "", person("ada")),
        async () => {
          other = await attempt(() => bench.decide(asked.run, "edit", "", edited));
        },
      );
      expect([answer, other].toSorted()).toEqual(["E-APPR-DECIDED", "done"]);
      const decision = answer === "done" ? "approve" : "edit";
      expect(await endingOf(asked)).toEqual({
        ...APPROVED,
        decisions: [decision],
        endings: [decision],
      });
    }
  });
});
