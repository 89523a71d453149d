import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  KEY_ID,
  openShopBench,
  PROJECT,
  type ShopBench,
  waiting,
} from "../../test/support/calls.ts";
import { listenToChanges } from "../platform/database/changes.ts";
import { expireQuestions, waitForDecision } from "./index.ts";

/** What nobody has answered in time, with nobody sweeping and with two that sweep at once. */

let bench: ShopBench;

beforeAll(async () => {
  bench = await openShopBench();
});
afterAll(() => bench?.close());

const passTime = (where: string) =>
  bench.asAdmin(`update approvals set expires_at = clock_timestamp() where ${where}`);

async function askedRun(grant: object = {}) {
  const run = await bench.openEchoRun(grant);
  return { run, ...(await waiting(bench.call(run, "echo", { text: "x" }))) };
}

describe("with nobody sweeping, an expired question", () => {
  it("is told once, and the same call asks anew", async () => {
    const { run, approvalId } = await askedRun();
    await passTime(`approval_id = '${approvalId}'`);
    const told = await bench.call(run, "echo", { text: "x" });
    expect(told).toMatchObject({ kind: "blocked", gate: 5, code: "E-APPR-EXPIRED" });
    expect(await bench.approvalRow(approvalId)).toMatchObject({ status: "expired", token: null });
    expect(await bench.runRow(run.run_id)).toMatchObject({ state: "running" });
    const again = await waiting(bench.call(run, "echo", { text: "x" }));
    expect(again.approvalId).not.toBe(approvalId);
  });

  it.each([
    ["cancel", "cancelled"],
    ["fail", "failed"],
  ] as const)("takes its run the way its contract says: %s", async (on_expire, state) => {
    const { run, approvalId } = await askedRun({ on_expire });
    const other = await waiting(bench.call(run, "echo", { text: "y" }));
    await passTime(`run_id = '${run.run_id}'`);
    expect(await bench.call(run, "echo", { text: "z" })).toMatchObject({
      kind: "blocked",
      code: "E-RUN-NOT-RUNNING",
    });
    expect(await bench.runRow(run.run_id)).toMatchObject({ state, error_code: "E-APPR-EXPIRED" });
    for (const id of [approvalId, other.approvalId])
      expect(await bench.approvalRow(id)).toMatchObject({ status: "expired" });
  });

  it("ends the wait of whoever waits for it, at its expiry", async () => {
    const { approvalId } = await askedRun({ expires_seconds: 1 });
    const { db, log, whyVoid } = bench.deps;
    const url = bench.databaseUrl;
    const changes = await listenToChanges({ url, log });
    try {
      const question = { projectId: PROJECT, approvalId, keyId: KEY_ID };
      const standing = await waitForDecision({ db, changes, whyVoid }, question, {
        timeoutMs: 60_000,
      });
      expect(standing).toBe("decided");
      expect(await bench.approvalRow(approvalId)).toMatchObject({ status: "open" });
    } finally {
      await changes.close();
    }
  });
});

it("more of them than a sweep takes at once are all ended, each once, by two that sweep at the same time", async () => {
  const { run, approvalId } = await askedRun();
  const copies = 600;
  await copyRun(run.run_id, copies);
  await passTime("status = 'open'");
  // One that can't be ended keeps none of the others from it.
  await bench.asAdmin(`create function awooop.refuse_one() returns trigger language plpgsql
    as $$ begin raise exception 'refused'; end $$`);
  await bench.asAdmin(`create trigger refuse_one before update on awooop.approvals for each row
    when (old.approval_id = '${approvalId}') execute function awooop.refuse_one()`);
  const sweeps = () => expireQuestions(bench.deps.db, bench.deps.effects);
  const [one, other] = await Promise.allSettled([sweeps(), sweeps()]);
  expect([one?.status, other?.status]).toContain("rejected");
  const open = await bench.asAdmin("select approval_id from approvals where status = 'open'");
  expect(open).toEqual([{ approval_id: approvalId }]);
  const [audits] =
    await bench.asAdmin(`select count(*)::int as n, count(distinct subject_id)::int as questions
    from audit_log where action = 'run.approval.expire' and details ->> 'run_id' in (
      select run_id::text from runs where title = 'copy')`);
  expect(audits).toEqual({ n: copies, questions: copies });
  await bench.asAdmin("drop trigger refuse_one on awooop.approvals");
  await sweeps();
  expect(await bench.approvalRow(approvalId)).toMatchObject({ status: "expired" });
}, 60_000);

/** Runs that wait like this one, each with its question, written straight into the tables. */
async function copyRun(runId: string, count: number): Promise<void> {
  const copied = async (table: string, more: Record<string, string>) => {
    const columns = await bench.asAdmin(`select column_name from information_schema.columns
      where table_schema = 'awooop' and table_name = '${table}' and is_generated = 'NEVER'`);
    const names = columns.map(({ column_name }) => String(column_name));
    const values = names.map((name) => more[name] ?? `of.${name}`);
    await bench.asAdmin(`insert into awooop.${table} (${names.join(", ")})
      select ${values.join(", ")} from awooop.${table} of, awooop.copies c where of.run_id = '${runId}'`);
  };
  await bench.asAdmin(`create table awooop.copies as select gen_random_uuid() as run_id,
    gen_random_uuid() as approval_id, gen_random_uuid() as call_id from generate_series(1, ${count})`);
  await copied("runs", { run_id: "c.run_id", title: "'copy'" });
  await copied("mcp_calls", {
    run_id: "c.run_id",
    call_id: "c.call_id",
    approval_id: "c.approval_id",
  });
  await copied("approvals", {
    run_id: "c.run_id",
    call_id: "c.call_id",
    approval_id: "c.approval_id",
  });
  await bench.asAdmin("drop table awooop.copies");
}
