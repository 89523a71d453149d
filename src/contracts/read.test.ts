import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ada,
  agent,
  type Bench,
  channel,
  eve,
  openBench,
  root,
  server,
} from "../../test/support/contracts-bench.ts";
import { activeRevision, activeRevisions, readAgent, readRevision } from "./index.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
  for (let round = 0; round < 12; round++) {
    const documents = ["one", "two", "three"].map((id) => agent(id, { description: `${round}` }));
    await bench.api(root).apply(documents, { project_id: "busy" });
  }
  await bench.api(ada).apply([channel("settled"), server("hammer")]);
});
afterAll(() => bench?.close());

describe("reading", () => {
  it("hides another tenant's contracts, in the list and one by one", async () => {
    const applied = await bench.api(ada).apply([agent("private", { description: "between us" })]);
    const id = applied.body.results[0].revision_id;
    expect((await bench.api(ada).get(`/contracts/${id.toUpperCase()}`)).body).toMatchObject({
      revision_id: id,
      contract_id: "private",
      created_by: "Ada",
      body: { description: "between us" },
    });
    const foreign = await bench.api(eve).get(`/contracts/${id}`);
    expect(foreign).toMatchObject({ status: 404, body: { code: "E-NOT-FOUND" } });
    expect((await bench.api(eve).get("/contracts?contract_id=private")).body.contracts).toEqual([]);
    expect((await bench.api(eve).get("/contracts?project_id=acme")).body.total).toBe(0);
  });

  it("lists newest first, by pages that miss and repeat nothing", async () => {
    const seen: string[] = [];
    let query = "?project_id=busy&limit=7";
    for (;;) {
      const { status, body } = await bench.api(root).get(`/contracts${query}`);
      expect(status).toBe(200);
      expect(body).toMatchObject({ total: 36, total_is_exact: true });
      seen.push(...body.contracts.map((item: { revision_id: string }) => item.revision_id));
      if (body.next_cursor === null) break;
      query = `?project_id=busy&limit=7&cursor=${body.next_cursor}`;
    }
    const { body } = await bench.api(root).get("/contracts?project_id=busy");
    expect(seen).toEqual(body.contracts.map((item: { revision_id: string }) => item.revision_id));
    const times = body.contracts.map((item: { created_at: string }) => item.created_at);
    expect(times).toEqual(times.toSorted().toReversed());
    expect(Object.keys(body.contracts[0])).toEqual([
      "revision_id",
      "contract_id",
      "contract_family",
      "lifecycle_status",
      "body_hash",
      "version_major",
      "version_minor",
      "created_at",
      "project_id",
    ]);
  });

  it("filters, and takes a cursor only with the filters it was made for", async () => {
    const { body } = await bench.api(root).get("/contracts?lifecycle_status=deprecated&limit=1");
    expect(body.contracts[0].lifecycle_status).toBe("deprecated");
    const moved = await bench
      .api(root)
      .get(`/contracts?lifecycle_status=active&limit=1&cursor=${body.next_cursor}`);
    expect(moved).toMatchObject({ status: 422, body: { code: "E-CURSOR" } });
    const channels = await bench
      .api(ada)
      .get("/contracts?contract_family=channel&contract_id=settled");
    expect(channels.body).toMatchObject({ total: 1, contracts: [{ contract_id: "settled" }] });
    expect((await bench.api(ada).get("/contracts?contract_id=SETTLED")).body.total).toBe(0);
  });

  it.each([
    "/contracts?lifecycle_status=Active",
    "/contracts?contract_family=robot",
    "/contracts?limit=0",
    "/contracts?limit=201",
    "/contracts?cursor=x",
    "/contracts?contract_id=%00",
    "/contracts/not-a-uuid",
    "/contracts/%7B01a1ff82-17a0-7c3e-9d2f-0123456789ab%7D",
  ])("answers 422 to %s", async (path) => {
    expect(await bench.api(ada).get(path)).toMatchObject({ status: 422 });
  });

  it("names the allowed values of an unknown status", async () => {
    const { body } = await bench.api(ada).get("/contracts?lifecycle_status=Active");
    expect(body.errors[0]).toMatchObject({ path: "query.lifecycle_status" });
    expect(body.errors[0].message).toContain('"draft"|"review"|"active"');
  });

  it("estimates a total above 10,000 and says so", async () => {
    await bench.db.transaction({ role: "platform" }, (tx) =>
      sql`insert into contract_revisions (revision_id, project_id, contract_id, contract_family, lifecycle_status, body,
        body_hash, version_major, version_minor, created_by)
        select gen_random_uuid(), 'evil', 'many', 'channel', 'deprecated', '{}', repeat('0', 64), 1, n, 'test'
        from generate_series(1, 10001) n`.execute(tx),
    );
    const { body } = await bench.api(eve).get("/contracts");
    expect(body.total).toBeGreaterThanOrEqual(10_001);
    expect(body.total_is_exact).toBe(false);
    expect(body.contracts).toHaveLength(200);
  });

  it("serves other features: the active ones of a family, a pinned one, an agent with its defaults", async () => {
    await bench.api(ada).apply([agent("served"), channel("served-channel")]);
    await bench.db.transaction({ role: "app", projects: ["acme"] }, async (tx) => {
      const active = await activeRevision(tx, "acme", "served", "agent");
      expect(active?.contract_id).toBe("served");
      expect(await activeRevision(tx, "acme", "served", "channel")).toBeUndefined();
      expect(await activeRevision(tx, "evil", "served", "agent")).toBeUndefined();
      const names = (await activeRevisions(tx, "acme", "channel")).map((of) => of.contract_id);
      expect(names).toContain("served-channel");
      expect(names).toEqual(names.toSorted());
      if (!active) throw new Error("unreachable");
      expect(await readRevision(tx, "acme", active.revision_id)).toEqual(active);
      expect(readAgent(active).body.limits.max_attempts).toBe(3);
    });
  });
});
