import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  KEY_ID,
  openShopBench,
  PROJECT,
  type ShopBench,
  waiting,
} from "../../test/support/calls.ts";
import { listenToChanges } from "../platform/database/changes.ts";
import type { RunRow } from "../runs/index.ts";
import { type VoidDeps, voidQuestionsAbout, waitForDecision, workOnVoids } from "./index.ts";

/** What makes questions void, and what their runs and agents see of it. */

let bench: ShopBench;
let deps: VoidDeps;

beforeAll(async () => {
  bench = await openShopBench();
  deps = bench.deps;
});
afterAll(() => bench?.close());

async function askedRun() {
  const run = await bench.openEchoRun({});
  return { run, ...(await waiting(bench.call(run, "echo", { text: "x" }))) };
}

/** Lets the tool's pin say that it was another tool, as if that had been pinned; the review of it comes with the listing. */
async function changeTool(): Promise<void> {
  await bench.asAdmin("update tool_pins set pin_hash = 'another' where tool_name = 'echo'");
  await relist();
}

async function restoreTool(): Promise<void> {
  await bench.asAdmin(`update tool_pins set pin_hash = changed_hash, changed_hash = null, changed_definition = null,
    changed_at = null where changed_hash is not null`);
}

const relist = () => bench.deps.catalog.relist([{ project_id: PROJECT, server_id: "shop" }]);

const revise = (run: RunRow, status: string) =>
  bench.asAdmin(
    `update contract_revisions set lifecycle_status = '${status}' where revision_id = '${run.revision_id}'`,
  );

const again = (run: RunRow) => bench.call(run, "echo", { text: "x" });

describe("a tool that is no longer what was pinned", () => {
  it("voids the questions about it in the moment that is found, and the agent is told", async () => {
    const { run, approvalId, callId } = await askedRun();
    await changeTool();
    expect(await bench.approvalRow(approvalId)).toMatchObject({
      status: "voided",
      void_reason: "shop/echo is no longer what was pinned",
    });
    expect(await bench.runRow(run.run_id)).toMatchObject({ state: "running" });
    expect(await bench.callRow(callId)).toMatchObject({
      result_status: "blocked",
      block_code: "E-TOOL-CHANGED",
    });
    await expect(bench.decide(run, "approve")).rejects.toMatchObject({ code: "E-RUN-STATE" });
    expect(await again(run)).toMatchObject({ kind: "blocked", gate: 2, code: "E-TOOL-CHANGED" });
    await restoreTool();
    expect((await waiting(again(run))).approvalId).not.toBe(approvalId);
  });

  it("is no longer decided about, and waited for, before the questions say so themselves", async () => {
    const { run, approvalId } = await askedRun();
    const { db, log, whyVoid } = bench.deps;
    const changes = await listenToChanges({ url: bench.databaseUrl, log });
    try {
      const question = { projectId: PROJECT, approvalId, keyId: KEY_ID };
      const wait = waitForDecision({ db, changes, whyVoid }, question, { timeoutMs: 60_000 });
      await bench.asAdmin(`update tool_pins set changed_hash = 'x', changed_definition = definition, changed_at = now()
        where tool_name = 'echo'`);
      await bench.asAdmin(`select pg_notify('awooop_changes', '${PROJECT} tool shop')`);
      expect(await wait).toBe("decided");
      expect(await bench.approvalRow(approvalId)).toMatchObject({ status: "open" });
      await expect(bench.decide(run, "approve")).rejects.toMatchObject({
        code: "E-RUN-STATE",
        message: expect.stringContaining("shop/echo is no longer what was pinned"),
      });
    } finally {
      await changes.close();
      await bench.asAdmin(
        "update tool_pins set changed_hash = null, changed_definition = null, changed_at = null",
      );
    }
  });

  it("is not executed though it was approved before", async () => {
    const { run, approvalId } = await askedRun();
    await bench.decide(run, "approve");
    await changeTool();
    expect(await again(run)).toMatchObject({ kind: "blocked", gate: 2, code: "E-TOOL-CHANGED" });
    expect(await bench.approvalRow(approvalId)).toMatchObject({
      status: "approved",
      redeemed_at: null,
    });
    await restoreTool();
  });
});

describe("a contract", () => {
  it("that is retired voids what its runs asked; they go on, and nobody is asked again", async () => {
    const { run, approvalId } = await askedRun();
    const about = { project_id: PROJECT, revision_id: run.revision_id };
    await revise(run, "retired");
    await expect(bench.decide(run, "approve")).rejects.toMatchObject({ code: "E-RUN-STATE" });
    await bench.asTenant((tx) => voidQuestionsAbout(tx, deps, about));
    expect(await bench.approvalRow(approvalId)).toMatchObject({
      status: "voided",
      void_reason: expect.stringMatching(/^the contract agent-\S+ \d+\.\d+ was retired$/),
    });
    expect(await bench.runRow(run.run_id)).toMatchObject({ state: "running" });
    expect(await again(run)).toMatchObject({ kind: "blocked", gate: 5, code: "E-CONTRACT-NONE" });
  });

  it("that is deprecated goes on, for that is what each replacement does", async () => {
    const { run, approvalId } = await askedRun();
    await revise(run, "deprecated");
    const about = { project_id: PROJECT, revision_id: run.revision_id };
    await bench.asTenant((tx) => voidQuestionsAbout(tx, deps, about));
    expect(await bench.approvalRow(approvalId)).toMatchObject({ status: "open" });
    await bench.decide(run, "approve");
    expect(await again(run)).toMatchObject({ kind: "result" });
  });
});

it("many questions are voided by a job, some at a time; those whose time is over have expired", async () => {
  const { run } = await askedRun();
  for (let n = 0; n < 55; n++) await waiting(bench.call(run, "echo", { text: `${n}` }));
  await bench.asAdmin(`update approvals set expires_at = clock_timestamp() where approval_id = (
    select approval_id from approvals where run_id = '${run.run_id}' and status = 'open' order by 1 limit 1)`);
  const about = { project_id: PROJECT, revision_id: run.revision_id };
  await revise(run, "retired");
  await bench.asTenant((tx) => voidQuestionsAbout(tx, deps, about));
  const count = (status: string) =>
    bench
      .asAdmin(
        `select count(*)::int as n from approvals where run_id = '${run.run_id}' and status = '${status}'`,
      )
      .then(([row]) => row?.n);
  expect(await count("open")).toBe(56);
  const [job] =
    await bench.asAdmin(`select data from pgboss.job where name = 'approvals.void' order by created_on desc
    limit 1`);
  expect(job?.data).toEqual(about);
  const work = () =>
    workOnVoids({ ...deps, db: bench.deps.db }, about, new AbortController().signal);
  await Promise.all([work(), work()]);
  expect([await count("open"), await count("voided"), await count("expired")]).toEqual([0, 55, 1]);
  expect(await bench.runRow(run.run_id)).toMatchObject({ state: "running" });
});
