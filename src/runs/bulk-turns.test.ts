import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BulkBench, OVER, openBulkBench } from "../../test/support/bulk.ts";

let bench: BulkBench;

beforeAll(async () => {
  bench = await openBulkBench();
});
afterAll(() => bench?.close());

describe("a run that another worker holds", () => {
  it("is passed by, and found again by the next job if that worker dies", async () => {
    const [first = ""] = (await bench.runsOf("held", 120)).toSorted();
    const { bulk_id } = (await bench.post({ filter: { agent_id: "held" } })).body;
    const dying = bench.asTenant(async (tx) => {
      const ofFirst = tx.selectFrom("run_bulk_results").select("run_id");
      await ofFirst
        .where("bulk_id", "=", bulk_id)
        .where("run_id", "=", first)
        .forUpdate()
        .execute();
      await bench.work(bulk_id);
      throw new Error("killed");
    });
    await expect(dying).rejects.toThrow("killed");
    expect((await bench.get(`/runs/bulk/${bulk_id}`)).body).toMatchObject({
      status: "running",
      changed_count: 119,
      remaining_count: 1,
    });
    await bench.work(bulk_id);
    expect((await bench.get(`/runs/bulk/${bulk_id}`)).body).toMatchObject({
      status: "done",
      changed_count: 120,
    });
  });
});

describe("many runs at once", () => {
  it("let another bulk action have its turn", async () => {
    await bench.runsOf("long", 150);
    await bench.runsOf("short", 1);
    const long = (await bench.post({ filter: { agent_id: "long" } })).body.bulk_id;
    const workInTurns = (bulkId: string) => bench.work(bulkId, { turnMs: 0 });
    const short = (await bench.post({ filter: { agent_id: "short" } })).body.bulk_id;
    await bench.asAdmin(`update run_bulk_actions set created_at = now() - interval '1 minute'
      where bulk_id = '${short}'`);
    await bench.asAdmin(`delete from pgboss.job where name = 'runs.bulk'`);
    await workInTurns(long);
    const after = (await bench.get(`/runs/bulk/${long}`)).body;
    expect(after).toMatchObject({ status: "running", changed_count: 50 });
    expect(await bench.queued(long)).toHaveLength(1);
    await workInTurns(short);
    expect((await bench.get(`/runs/bulk/${short}`)).body).toMatchObject({ status: "done" });
    await workInTurns(long);
    expect((await bench.get(`/runs/bulk/${long}`)).body).toMatchObject({ status: "done" });
  });

  it("let a single one's jobs go first, and its own too", async () => {
    await bench.runsOf("cancelled", 2);
    await bench.runsOf("anew", 2, OVER);
    const cancel = (await bench.post({ filter: { agent_id: "cancelled" } })).body.bulk_id;
    const retry = (await bench.post({ action: "retry", filter: { agent_id: "anew" } })).body
      .bulk_id;
    await bench.work(cancel);
    await bench.work(retry);
    const alone = await bench.openWorkerRun();
    const jobs =
      await bench.asAdmin(`select j.name, r.agent_id = '${alone.agent_id}' as is_alone, j.priority
      from pgboss.job j join runs r on r.run_id::text = j.data->>'run_id'
      where r.agent_id = '${alone.agent_id}' or r.state = 'cancelled' and r.agent_id = 'cancelled'
        or r.retry_of in (select run_id from runs where agent_id = 'anew')`);
    const behind = (name: string) => ({ name, is_alone: false, priority: -1 });
    expect(jobs).toHaveLength(5);
    expect(jobs).toEqual(
      expect.arrayContaining([
        behind("run.ended"),
        behind("run.execute"),
        { name: "run.execute", is_alone: true, priority: 0 },
      ]),
    );
  });
});
