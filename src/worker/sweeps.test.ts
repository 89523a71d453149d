import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  KEY_ID,
  openShopBench,
  PROJECT,
  type ShopBench,
  waiting,
} from "../../test/support/calls.ts";
import { seedCall } from "../../test/support/fixtures.ts";
import { expireQuestions } from "../approvals/index.ts";
import { claimRun, type RunRow } from "../runs/index.ts";
import { sweep, sweepSlowly } from "./sweeps.ts";

let bench: ShopBench;

beforeAll(async () => {
  bench = await openShopBench();
});
afterAll(() => bench?.close());

/** Runs with a holder, as workers take them. */
async function claimed(limits: object = {}): Promise<RunRow> {
  const { run_id } = await bench.openWorkerRun(limits);
  const claim = { projectId: PROJECT, runId: run_id, workerId: "worker-1" };
  const run = await bench.asTenant((tx) => claimRun(tx, claim));
  if (!run) throw new Error("the run could not be claimed");
  return run;
}

/** Lets time pass for one row: its column is moved into the past. */
async function age(
  table: "runs" | "approvals" | "idempotency_keys",
  column: string,
  seconds: number,
  where: Record<string, string>,
): Promise<void> {
  const [[name, value] = ["", ""]] = Object.entries(where);
  await bench.asAdmin(`update awooop.${table} set ${column} = now() - make_interval(secs => ${seconds})
    where ${name}::text = '${value}'`);
}

const rounds = async () => {
  await expireQuestions(bench.deps.db, bench.deps.effects);
  await sweep(bench.deps);
  await sweepSlowly(bench.deps);
};

const ask = (run: RunRow, text = "x") => waiting(bench.call(run, "echo", { text }));

/** How many wake-ups of a run wait in the queue. */
async function queued(runId: string): Promise<number> {
  const [row] = await bench.asAdmin(`select count(*)::int as n from pgboss.job
    where name = 'run.execute' and state = 'created' and data->>'run_id' = '${runId}'`);
  return Number(row?.n);
}

describe("a worker without a heartbeat", () => {
  it("loses its run to another while attempts are left; its read failed, its write is unknown", async () => {
    const run = await claimed();
    const executing = { result_status: "executing" } as const;
    const read = await bench.asTenant((tx) => seedCall(tx, run, { ...executing, effect: "read" }));
    const write = await bench.asTenant((tx) =>
      seedCall(tx, run, { ...executing, effect: "write" }),
    );
    await age("runs", "lease_until", 1, { run_id: run.run_id });
    const before = await queued(run.run_id);
    await rounds();
    expect(await bench.runRow(run.run_id)).toMatchObject({
      state: "pending",
      worker_id: null,
      lease_until: null,
      attempt_count: 1,
      completed_at: null,
      error_code: null,
    });
    expect(await queued(run.run_id)).toBe(before + 1);
    const lost = [await bench.callRow(read.call_id), await bench.callRow(write.call_id)];
    expect(lost).toMatchObject([
      { result_status: "error", error_code: "E-CALL-LOST" },
      { result_status: "unknown", error_code: "E-CALL-UNKNOWN" },
    ]);
  });

  it("has lost it for good when that was the last attempt", async () => {
    const run = await claimed({ max_attempts: 1 });
    await age("runs", "lease_until", 1, { run_id: run.run_id });
    await rounds();
    const after = await bench.runRow(run.run_id);
    expect(after).toMatchObject({ state: "failed", error_code: "E-RUN-LOST", worker_id: null });
    expect(after.error_detail).toContain("worker-1 was lost in attempt 1 of 1");
  });

  it("keeps it until the lease is over", async () => {
    const run = await claimed();
    await rounds();
    expect(await bench.runRow(run.run_id)).toMatchObject({
      state: "running",
      worker_id: "worker-1",
      fence: run.fence,
    });
  });

  it("loses it also when another run can't be put right", async () => {
    const [stuck, fine] = [await claimed(), await claimed()];
    await age("runs", "lease_until", 2, { run_id: stuck.run_id });
    await age("runs", "lease_until", 1, { run_id: fine.run_id });
    const late = await bench.openWorkerRun();
    await age("runs", "timeout_at", 1, { run_id: late.run_id });
    await poison(stuck.run_id, async () => {
      await expect(sweep(bench.deps)).rejects.toThrow(AggregateError);
      expect((await bench.runRow(fine.run_id)).state).toBe("pending");
      expect((await bench.runRow(late.run_id)).state).toBe("timed_out");
      expect((await bench.runRow(stuck.run_id)).state).toBe("running");
    });
    await rounds();
    expect((await bench.runRow(stuck.run_id)).state).toBe("pending");
  });
});

/** Makes the database refuse every change of one run while something happens. */
async function poison(runId: string, meanwhile: () => Promise<void>): Promise<void> {
  await bench.asAdmin(`create function awooop.refuse() returns trigger language plpgsql
    as $$ begin raise exception 'refused'; end $$`);
  await bench.asAdmin(`create trigger refuse before update on awooop.runs for each row
    when (old.run_id = '${runId}') execute function awooop.refuse()`);
  try {
    await meanwhile();
  } finally {
    await bench.asAdmin("drop trigger refuse on awooop.runs");
    await bench.asAdmin("drop function awooop.refuse()");
  }
}

describe("a run that is not over in time", () => {
  it("is timed out, whether it waits for a worker or has one", async () => {
    const runs = [await bench.openWorkerRun(), await claimed()];
    for (const { run_id } of runs) await age("runs", "timeout_at", 1, { run_id });
    await rounds();
    for (const { run_id } of runs) {
      expect(await bench.runRow(run_id)).toMatchObject({
        state: "timed_out",
        error_code: "E-RUN-TIMEOUT",
        worker_id: null,
        completed_at: expect.any(String),
      });
    }
  });

  it("takes its open question and the call that asked with it", async () => {
    const run = await bench.openEchoRun();
    const { approvalId, callId } = await ask(run);
    await age("runs", "timeout_at", 1, { run_id: run.run_id });
    await rounds();
    expect((await bench.runRow(run.run_id)).state).toBe("timed_out");
    expect(await bench.approvalRow(approvalId)).toMatchObject({
      status: "voided",
      void_reason: "the run was timed_out",
    });
    expect(await bench.callRow(callId)).toMatchObject({
      result_status: "blocked",
      block_gate: 5,
      block_code: "E-APPR-VOIDED",
    });
  });
});

describe("a client that is silent for half an hour", () => {
  const HALF_AN_HOUR = 30 * 60 + 1;

  it("has its run ended", async () => {
    const [idle, busy] = [await bench.openEchoRun(), await bench.openEchoRun()];
    await age("runs", "heartbeat_at", HALF_AN_HOUR, { run_id: idle.run_id });
    await age("runs", "heartbeat_at", HALF_AN_HOUR - 60, { run_id: busy.run_id });
    await rounds();
    expect(await bench.runRow(idle.run_id)).toMatchObject({
      state: "timed_out",
      error_code: "E-RUN-IDLE",
    });
    expect((await bench.runRow(busy.run_id)).state).toBe("running");
  });

  it("keeps it while a person is asked, and has as long again once they decided", async () => {
    const run = await bench.openEchoRun();
    await ask(run);
    await age("runs", "heartbeat_at", HALF_AN_HOUR, { run_id: run.run_id });
    await rounds();
    expect((await bench.runRow(run.run_id)).state).toBe("waiting_approval");
    await bench.decide(run, "approve");
    await rounds();
    expect((await bench.runRow(run.run_id)).state).toBe("running");
    expect(await bench.call(run, "echo", { text: "x" })).toMatchObject({ kind: "result" });
  });
});

describe("a run that nobody claims", () => {
  const forgetJobs = (runId: string) =>
    bench.asAdmin(`delete from pgboss.job where data->>'run_id' = '${runId}'`);

  it("is woken again when its job was lost, with one job however long it queues", async () => {
    const run = await bench.openWorkerRun();
    await forgetJobs(run.run_id);
    await rounds();
    expect(await queued(run.run_id)).toBe(0); // it is only just there
    await age("runs", "created_at", 11, { run_id: run.run_id });
    for (let round = 0; round < 3; round++) await rounds();
    expect(await queued(run.run_id)).toBe(1);
    await forgetJobs(run.run_id);
    await rounds();
    expect(await queued(run.run_id)).toBe(1);
  });

  it("is woken by every decision all the same", async () => {
    const run = await bench.openWorkerRun();
    await age("runs", "created_at", 11, { run_id: run.run_id });
    await rounds();
    expect(await queued(run.run_id)).toBe(2); // its own and the wake-up
    const other = await bench.openWorkerRun();
    expect(await queued(other.run_id)).toBe(1);
  });
});

describe("what is kept for a while", () => {
  it("is forgotten after it: the answer under an Idempotency-Key, after two days", async () => {
    const run = await bench.openEchoRun();
    await ask(run);
    await bench.decide(run, "approve", "", { idempotencyKey: "once" });
    const kept = () =>
      bench.asTenant((tx) =>
        tx.selectFrom("idempotency_keys").select("key").where("key", "=", "once").execute(),
      );
    await age("idempotency_keys", "created_at", 47 * 3600, { key: "once" });
    await rounds();
    expect(await kept()).toHaveLength(1);
    await age("idempotency_keys", "created_at", 49 * 3600, { key: "once" });
    await rounds();
    expect(await kept()).toHaveLength(0);
  });

  it("is forgotten after it: a session that is over", async () => {
    const count = () =>
      bench.asAdmin("select count(*)::int as n from awooop.sessions").then(([row]) => row?.n);
    await bench.asAdmin(`insert into awooop.api_keys (key_id, name, role, secret_hash, created_by)
      values ('${KEY_ID}', 'ada', 'admin', 'x', 'test')`);
    await bench.asAdmin(`insert into awooop.sessions (session_hash, key_id, expires_at) values
      ('over', '${KEY_ID}', now() - interval '1 second'), ('lasts', '${KEY_ID}', now() + interval '1 hour')`);
    expect(await count()).toBe(2);
    await rounds();
    expect(await count()).toBe(1);
  });
});

describe("a question that nobody answers", () => {
  it.each([
    ["cancel", "cancelled", "E-APPR-EXPIRED"],
    ["fail", "failed", "E-APPR-EXPIRED"],
    ["return", "running", null],
  ] as const)("expires; on_expire: %s leaves the run %s", async (on_expire, state, error_code) => {
    const run = await bench.openEchoRun({ on_expire });
    const { approvalId, callId } = await ask(run);
    await rounds();
    expect((await bench.approvalRow(approvalId)).status).toBe("open");
    await age("approvals", "expires_at", 1, { approval_id: approvalId });
    await rounds();
    expect(await bench.approvalRow(approvalId)).toMatchObject({ status: "expired", token: null });
    expect(await bench.runRow(run.run_id)).toMatchObject({ state, error_code });
    expect(await bench.callRow(callId)).toMatchObject({
      result_status: "blocked",
      block_code: "E-APPR-EXPIRED",
    });
    await expect(bench.decide(run, "approve")).rejects.toMatchObject({ code: "E-APPR-EXPIRED" });
  });

  it("is told once to an agent that may go on; then the same call asks anew", async () => {
    const run = await bench.openEchoRun();
    const { approvalId } = await ask(run);
    await age("approvals", "expires_at", 1, { approval_id: approvalId });
    await rounds();
    const told = await bench.call(run, "echo", { text: "x" });
    expect(told).toMatchObject({ kind: "blocked", gate: 5, code: "E-APPR-EXPIRED" });
    expect((await ask(run)).approvalId).not.toBe(approvalId);
  });
});
