import fc from "fast-check";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ada,
  agent,
  type Bench,
  caller,
  channel,
  openBench,
  server,
} from "../../test/support/contracts-bench.ts";
import { canonicalHash } from "../platform/canonical.ts";
import { plainJsonErrors } from "./plain-json.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench?.close());

describe("applying", () => {
  it("stores the body as given under the hash of its canonical form, in any order of keys", async () => {
    const body = { display_name: "Hash", driver: "client", limits: { calls: 3, cost_usd: 0.1 } };
    const first = await bench.api(ada).apply([agent("hash", body)]);
    expect(first).toMatchObject({
      status: 200,
      body: { results: [{ project_id: "acme", version: "1.0", status: "created", warnings: [] }] },
    });
    const [row] = await bench.revisions("acme", "hash");
    expect(row?.body).toEqual(body);
    expect(row?.body_hash).toBe(canonicalHash(row?.body));
    const reordered = {
      limits: { cost_usd: 0.1, calls: 3 },
      driver: "client",
      display_name: "Hash",
    };
    const second = await bench.api(ada).apply([agent("hash", reordered)]);
    expect(second.body.results[0]).toEqual({
      ...first.body.results[0],
      status: "unchanged",
      change_level: null,
    });
    expect(await bench.revisions("acme", "hash")).toHaveLength(1);
  });

  it("gets every body back from the database exactly as it was hashed", async () => {
    const bodies = fc
      .sample(fc.jsonValue({ maxDepth: 4 }), { numRuns: 150, seed: 4600 })
      .map((value) => ({ type: "webhook", value: JSON.parse(JSON.stringify(value)) as unknown }))
      .filter((body) => plainJsonErrors(body, "").length === 0);
    expect(bodies.length).toBeGreaterThan(100);
    const documents = bodies.map((body, at) => channel(`any-${at}`, body));
    expect((await bench.api(ada).apply(documents)).status).toBe(200);
    for (const [at, body] of bodies.entries()) {
      const [row] = await bench.revisions("acme", `any-${at}`);
      expect(row?.body).toEqual(body);
      expect(row?.body_hash).toBe(canonicalHash(row?.body));
    }
  });

  it("gives a changed body the next minor version and deprecates the one before", async () => {
    await bench.api(ada).apply([agent("steps")]);
    const changed = await bench.api(ada).apply([agent("steps", { description: "now with words" })]);
    expect(changed.body.results[0]).toMatchObject({ version: "1.1", status: "changed" });
    const back = await bench.api(ada).apply([agent("steps")]);
    expect(back.body.results[0]).toMatchObject({ version: "1.2", status: "changed" });
    const rows = await bench.revisions("acme", "steps");
    expect(rows.map((row) => row.lifecycle_status)).toEqual(["deprecated", "deprecated", "active"]);
    expect(rows[0]?.body_hash).toBe(rows[2]?.body_hash);
    const audits = await bench.db.transaction({ role: "platform" }, (tx) =>
      tx
        .selectFrom("audit_log")
        .selectAll()
        .where("subject_id", "=", "steps")
        .where("action", "=", "contract.activate")
        .orderBy("audit_id")
        .execute(),
    );
    expect(audits.map((row) => [row.action, row.actor_id, row.details])).toMatchObject([
      ["contract.activate", "Ada", { version: "1.0", replaced_revision_id: null }],
      ["contract.activate", "Ada", { version: "1.1", replaced_revision_id: rows[0]?.revision_id }],
      ["contract.activate", "Ada", { version: "1.2", replaced_revision_id: rows[1]?.revision_id }],
    ]);
  });

  it("applies all documents or none", async () => {
    const count = () => bench.revisions("acme", "whole").then((rows) => rows.length);
    const refused = await bench
      .api(ada)
      .apply([server("whole"), agent("half", { driver: "robot" })]);
    expect(refused).toMatchObject({ status: 422, body: { code: "E-CONTRACT-INVALID" } });
    expect(await count()).toBe(0);
    const late = await bench
      .api(ada, false)
      .apply([server("whole"), server("program", { transport: "stdio" })]);
    expect(late).toMatchObject({ status: 403, body: { code: "E-STDIO-OFF" } });
    expect(await count()).toBe(0);
  });

  it("writes nothing in a dry run and answers as if it had", async () => {
    const dry = await bench.api(ada).apply([agent("dry")], { dry_run: true });
    expect(dry.body.results).toEqual([
      {
        project_id: "acme",
        contract_id: "dry",
        contract_family: "agent",
        revision_id: null,
        version: "1.0",
        status: "created",
        change_level: "initial",
        reasons: [],
        permissions: { gained: [], lost: [], changed: [] },
        warnings: [],
      },
    ]);
    expect(await bench.revisions("acme", "dry")).toEqual([]);
  });

  it("leaves exactly one active revision when many apply at once", async () => {
    const busy = caller({ projects: ["busy"] });
    const ids = ["one", "two", "three"];
    const applied = await Promise.all(
      Array.from({ length: 12 }, (_, at) => {
        const documents = ids.map((id) => agent(id, { description: `by ${at}` }));
        return bench.api(busy).apply(at % 2 ? documents : documents.toReversed());
      }),
    );
    expect(applied.map((answer) => answer.status)).toEqual(applied.map(() => 200));
    for (const id of ids) {
      const rows = await bench.revisions("busy", id);
      expect(rows.map((row) => row.version_minor)).toEqual(rows.map((_, at) => at));
      expect(rows).toHaveLength(12);
      expect(rows.filter((row) => row.lifecycle_status === "active")).toHaveLength(1);
      expect(rows.at(-1)?.lifecycle_status).toBe("active");
    }
  });

  it("announces what it activated", async () => {
    const client = new Client({ connectionString: bench.url });
    await client.connect();
    const heard = new Promise((hear) => client.on("notification", ({ payload }) => hear(payload)));
    await client.query("listen awooop_changes");
    await bench.api(ada).apply([channel("loud")]);
    expect(await heard).toBe("acme contract loud");
    await client.end();
  });
});
