import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openShopBench, type ShopBench, waiting } from "../../test/support/calls.ts";
import { takeDueSteps } from "./index.ts";

/** What happens while nobody decides. */

const STEPS = [
  { after_seconds: 60 },
  { after_seconds: 120, to_group: "leads", channels: ["pager"] },
  { after_seconds: 180, to_group: "leads" },
];

let bench: ShopBench;

beforeAll(async () => {
  bench = await openShopBench();
});
afterAll(() => bench?.close());

async function askedRun() {
  const run = await bench.openEchoRun({ ask: { escalate: STEPS } });
  return { run, ...(await waiting(bench.call(run, "echo", { text: "x" }))) };
}

/** Lets time pass for one question. */
const pass = (approvalId: string, seconds: number) =>
  bench.asAdmin(`update approvals set created_at = created_at - make_interval(secs => ${seconds}),
    next_step_at = next_step_at - make_interval(secs => ${seconds}) where approval_id = '${approvalId}'`);

const sweep = () => takeDueSteps(bench.deps.db, bench.deps.effects);

/** The steps taken about a question: their audit entries, and the jobs that tell people. */
async function taken(approvalId: string) {
  const audits = await bench.asAdmin(`select action, details -> 'step' as step from audit_log
    where subject_id = '${approvalId}' and action in ('run.approval.remind', 'run.approval.escalate') order by audit_id`);
  const jobs = await bench.asAdmin(`select data -> 'step' as step from pgboss.job
    where name = 'approval.reminder' and data ->> 'approval_id' = '${approvalId}' order by 1`);
  return {
    audits: audits.map(({ action, step }) => `${String(action).split(".").at(-1)} ${step}`),
    jobs: jobs.map(({ step }) => step),
  };
}

describe("the steps of a question", () => {
  it("are taken when their time has come, each once, and widen who may decide", async () => {
    const { approvalId } = await askedRun();
    await sweep();
    expect(await taken(approvalId)).toEqual({ audits: [], jobs: [] });
    await pass(approvalId, 61);
    await Promise.all([sweep(), sweep(), sweep()]);
    expect(await taken(approvalId)).toEqual({ audits: ["remind 1"], jobs: [0] });
    expect(await bench.approvalRow(approvalId)).toMatchObject({ escalated_groups: [] });
    await pass(approvalId, 60);
    await Promise.all([sweep(), sweep(), sweep()]);
    expect(await taken(approvalId)).toEqual({ audits: ["remind 1", "escalate 2"], jobs: [0, 1] });
    await pass(approvalId, 60);
    for (let round = 0; round < 3; round++) await sweep();
    expect(await taken(approvalId)).toEqual({
      audits: ["remind 1", "escalate 2", "escalate 3"],
      jobs: [0, 1, 2],
    });
    expect(await bench.approvalRow(approvalId)).toMatchObject({
      escalated_groups: ["leads"],
      steps_done: 3,
      next_step_at: null,
      status: "open",
    });
  });

  it("that came while nobody swept are all taken", async () => {
    const { approvalId } = await askedRun();
    await pass(approvalId, 600);
    await sweep();
    await sweep();
    await sweep();
    expect((await taken(approvalId)).jobs).toEqual([0, 1, 2]);
  });

  it("end with the decision, and with the expiry", async () => {
    const { run, approvalId } = await askedRun();
    await bench.decide(run, "reject", "no");
    const late = await askedRun();
    await pass(approvalId, 61);
    await pass(late.approvalId, 61);
    await bench.asAdmin(
      `update approvals set expires_at = clock_timestamp() where approval_id = '${late.approvalId}'`,
    );
    await sweep();
    for (const id of [approvalId, late.approvalId])
      expect(await taken(id)).toEqual({ audits: [], jobs: [] });
  });

  it("leave nothing behind when the transaction that takes one fails", async () => {
    const { approvalId } = await askedRun();
    await pass(approvalId, 61);
    const send = async () => {
      throw new Error("the job can't be sent");
    };
    const failing = takeDueSteps(bench.deps.db, { ...bench.deps.effects, send });
    await expect(failing).rejects.toThrow(AggregateError);
    expect(await taken(approvalId)).toEqual({ audits: [], jobs: [] });
    await sweep();
    expect(await taken(approvalId)).toEqual({ audits: ["remind 1"], jobs: [0] });
  });
});
