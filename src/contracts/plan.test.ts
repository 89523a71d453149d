import fc from "fast-check";
import { applyPatch, type Operation } from "rfc6902";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ada,
  agent,
  type Bench,
  caller,
  channel,
  eve,
  openBench,
  root,
  server,
} from "../../test/support/contracts-bench.ts";
import { queryRows } from "../../test/support/server.ts";
import { waitFor } from "../../test/support/wait.ts";
import { patchOf } from "./diff.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench?.close());

const of = (project: string, who: string) =>
  caller({ keyId: who, actor: { kind: "key", id: who }, projects: [project] });
const carol = of("careful", "Carol");
const statuses = async (project: string, id: string) =>
  (await bench.revisions(project, id)).map((row) => row.lifecycle_status);

/** Holds the rows of a contract's revisions, and tells whether so many transactions wait for a lock. */
async function holdRevisionsOf(contractId: string) {
  const done = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const holding = bench.db.transaction({ role: "platform" }, async (tx) => {
    await tx
      .selectFrom("contract_revisions")
      .select("revision_id")
      .where("contract_id", "=", contractId)
      .forUpdate()
      .execute();
    held.resolve();
    await done.promise;
  });
  await held.promise;
  const isAwaitedBy = async (count: number) => {
    const [row] = await queryRows(
      bench.url,
      "select count(*)::int as waiting from pg_locks where not granted",
    );
    return row?.waiting === count;
  };
  const release = async () => {
    done.resolve();
    await holding;
  };
  return { release, isAwaitedBy };
}

describe("applying where a second person has to approve", () => {
  it("submits, and changes nothing when the same is in review already", async () => {
    const api = bench.api(carol);
    const first = await api.apply([agent("pair"), channel("bell")]);
    expect(first.body.results).toMatchObject([
      { status: "submitted", version: "1.0", change_level: "initial" },
      { status: "submitted" },
    ]);
    expect(await statuses("careful", "pair")).toEqual(["review"]);
    const again = await api.apply([agent("pair"), channel("bell")]);
    expect(again.body.results).toEqual(first.body.results);
    expect(await statuses("careful", "pair")).toEqual(["review"]);

    const { revision_id: id } = first.body.results[0];
    const dave = bench.api(of("careful", "Dave"));
    await dave.post(`/contracts/${id}/approve`);
    expect((await dave.post(`/contracts/${id}/activate`)).status).toBe(200);
    const active = await api.apply([agent("pair")]);
    expect(active.body.results).toMatchObject([
      { status: "unchanged", revision_id: id, change_level: null },
    ]);
    const wider = await api.apply([agent("pair", { notify: ["bell"] })]);
    expect(wider).toMatchObject({ status: 422, body: { code: "E-CONTRACT-INVALID" } });
    const changed = await api.apply([agent("pair", { description: "new" })]);
    expect(changed.body.results).toMatchObject([{ status: "submitted", version: "1.1" }]);
    expect(await statuses("careful", "pair")).toEqual(["active", "review"]);
  });
});

describe("a plan", () => {
  it("names exactly what is then done, and holds until something changes", async () => {
    const api = bench.api(ada);
    const documents = [server("kit"), agent("planned", { limits: { calls: 1 } })];
    const dry = await api.apply(documents, { dry_run: true });
    const done = await api.apply(documents, { expected_plan: dry.body.plan });
    expect(done).toMatchObject({ status: 200, body: { plan: dry.body.plan } });

    const next = [agent("planned", { limits: { calls: 1 }, description: "new" })];
    const before = await api.apply(next, { dry_run: true });
    expect(before.body.results).toMatchObject([{ version: "1.1", change_level: "minor" }]);
    await api.apply([agent("planned", { limits: { calls: 0 } })]);
    const late = await api.apply(next, { expected_plan: before.body.plan });
    expect(late).toMatchObject({ status: 409, body: { code: "E-CONTRACT-PLAN" } });
    expect(await statuses("acme", "planned")).toEqual(["deprecated", "active"]);
    const anew = await api.apply(next, { dry_run: true });
    expect(anew.body.results).toMatchObject([
      {
        status: "changed",
        version: "2.0",
        change_level: "major",
        reasons: [{ key: "limit_raised", params: { before: 0, after: 1 } }],
        permissions: { changed: [{ key: "limit_raised" }] },
      },
    ]);
    expect((await api.apply(next, { expected_plan: anew.body.plan })).status).toBe(200);
  });

  it("is about the whole project when it prunes", async () => {
    const busy = bench.api(of("busy", "Busy"));
    const kept = [server("kit"), agent("worker", { tools: [{ server: "kit", tool: "look" }] })];
    await busy.apply([...kept, channel("old"), agent("older", { notify: ["old"] })]);
    const dry = await busy.apply(kept, { dry_run: true, prune: true });
    expect(dry.body.pruned).toMatchObject([
      { contract_id: "old", contract_family: "channel", version: "1.0" },
      { contract_id: "older", contract_family: "agent", version: "1.0" },
    ]);
    expect(await statuses("busy", "old")).toEqual(["active"]);
    const without = await busy.apply(kept, { expected_plan: dry.body.plan });
    expect(without.body.code).toBe("E-CONTRACT-PLAN");
    const done = await busy.apply(kept, { prune: true, expected_plan: dry.body.plan });
    expect(done.body).toEqual(dry.body);
    expect(await statuses("busy", "old")).toEqual(["retired"]);
    expect(await statuses("busy", "worker")).toEqual(["active"]);
    const names = await busy.apply([kept[1]], { prune: true });
    expect(names).toMatchObject({
      status: 422,
      body: { errors: [{ path: "documents.0.body.tools.0.server" }] },
    });
    expect((await busy.apply(kept, { prune: true })).body.pruned).toEqual([]);
  });

  it("never lets a revision follow one that was retired meanwhile under a minor number", async () => {
    const api = bench.api(of("busy", "Busy"));
    await api.apply([channel("kept"), agent("raced", { limits: { calls: 9 } })]);
    const stricter = agent("raced", { limits: { calls: 8 } });
    const { body: draft } = await api.post("/contracts", stricter);
    expect(draft.version).toBe("1.1");
    const at = `/contracts/${draft.revision_id}`;
    await api.post(`${at}/submit`);
    await api.post(`${at}/approve`);
    const { release, isAwaitedBy } = await holdRevisionsOf("raced");
    const pruning = api.apply([channel("kept")], { prune: true, project_id: "busy" });
    await waitFor(() => isAwaitedBy(1), { timeoutMs: 9_000, what: "the pruning to wait" });
    const activating = api.post(`${at}/activate`);
    await waitFor(() => isAwaitedBy(2), { timeoutMs: 9_000, what: "the activation to wait" });
    await release();
    expect((await pruning).status).toBe(200);
    expect((await activating).body.code).toBe("E-CONTRACT-STALE");
    expect(await statuses("busy", "raced")).toEqual(["retired", "review"]);
  });

  it("does not retire half a company", async () => {
    const many = (from: number) =>
      Array.from({ length: 150 }, (_, at) => channel(`many-${from + at}`));
    const api = bench.api(eve);
    await api.apply(many(0));
    await api.apply(many(150));
    const refused = await api.apply([channel("one")], { prune: true });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: "body.prune" }] } });
    expect(await statuses("evil", "many-0")).toEqual(["active"]);
  });
});

describe("comparing two revisions", () => {
  const ids = async (api: ReturnType<Bench["api"]>, ...documents: object[]) => {
    const found: string[] = [];
    for (const document of documents) {
      found.push((await api.apply([document])).body.results[0].revision_id);
    }
    return found;
  };

  it("says which permissions differ, and how one body becomes the other", async () => {
    const api = bench.api(ada);
    await api.apply([server("kit")]);
    const look = { server: "kit", tool: "look", effect: "read" };
    const wipe = { server: "kit", tool: "wipe", quorum: 2 };
    const [a, b] = await ids(
      api,
      agent("compared", { tools: [look, wipe] }),
      agent("compared", { tools: [{ ...wipe, quorum: 1 }], mode: "shadow" }),
    );
    const { status, body } = await api.get(`/contracts/${a}/diff/${b}`);
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(["from", "to", "level", "permissions", "reasons", "patch"]);
    expect(body).toMatchObject({
      from: { revision_id: a, version: "1.0", lifecycle_status: "deprecated" },
      to: { revision_id: b, version: "2.0", lifecycle_status: "active", base_revision_id: a },
      level: "major",
      permissions: {
        gained: [],
        lost: [{ key: "tool_withdrawn", params: { tool: "kit/look" } }],
        changed: [
          { key: "quorum_lowered", widens: true },
          { key: "mode_lowered", widens: false },
        ],
      },
      reasons: [{ key: "quorum_lowered", text: "The quorum of kit/wipe is 1 instead of 2." }],
    });
    const bodies = await bench.revisions("acme", "compared");
    const before = structuredClone(bodies[0]?.body);
    applyPatch(before, body.patch as Operation[]);
    expect(before).toEqual(bodies[1]?.body);
    const back = await api.get(`/contracts/${b}/diff/${a}`);
    expect(back.body.permissions).toMatchObject({
      gained: [{ key: "tool_granted" }],
      changed: [{ key: "quorum_raised" }, { key: "mode_raised" }],
    });
    const same = await api.get(`/contracts/${a}/diff/${a}`);
    expect(same.body).toMatchObject({ level: "minor", reasons: [], patch: [] });
  });

  it("takes policies apart", async () => {
    const api = bench.api(ada);
    const policy = (cedar: string) => ({
      contract_family: "policy",
      contract_id: "rules",
      body: { cedar },
    });
    const reads = '@id("reads") permit (principal, action, resource);';
    const [a, b] = await ids(
      api,
      policy(reads),
      policy(`// said anew\n${reads.replace("(", "(\n")}\nforbid (principal, action, resource);`),
    );
    const { body } = await api.get(`/contracts/${a}/diff/${b}`);
    expect(body).toMatchObject({
      to: { version: "1.1" },
      level: "minor",
      permissions: { gained: [], lost: [{ key: "forbid_added" }], changed: [] },
    });
  });

  it("is possible within a family and a project, and tells nobody of others", async () => {
    const api = bench.api(root);
    const [a] = await ids(api, { ...agent("mine"), project_id: "acme" });
    const [b] = await ids(api, { ...channel("mine-too"), project_id: "acme" });
    const [c] = await ids(api, { ...agent("mine"), project_id: "evil" });
    for (const other of [b, c]) {
      expect(await api.get(`/contracts/${a}/diff/${other}`)).toMatchObject({
        status: 422,
        body: { code: "E-INPUT", errors: [{ path: "param.b" }] },
      });
    }
    const foreign = await bench.api(ada).get(`/contracts/${a}/diff/${c}`);
    const none = "01a1ff82-17a0-7c3e-9d2f-0123456789ab";
    const absent = await bench.api(ada).get(`/contracts/${a}/diff/${none}`);
    expect([foreign.status, absent.status]).toEqual([404, 404]);
    expect(foreign.body.detail.replace(c ?? "", none)).toBe(absent.body.detail);
  });

  it("makes any body out of any other, however long its lists", () => {
    const makes = (before: unknown, after: unknown) => {
      const held = { body: structuredClone(before) };
      const patch = patchOf({ body: before }, { body: after });
      expect(applyPatch(held, patch as Operation[])).toEqual(patch.map(() => null));
      expect(held.body).toEqual(after);
    };
    // What applies the patch here drops a field of this name; a contract has none.
    const json = fc
      .jsonValue({ maxDepth: 3 })
      .map((value) => JSON.parse(JSON.stringify(value).replaceAll("__proto__", "proto")));
    fc.assert(fc.property(json, json, makes));
    const long = Array.from({ length: 40_000 }, (_, at) => at);
    makes(long, long.toReversed());
    makes([], long);
    const nested = Array.from({ length: 90 }, (_, at) => long.slice(at, at + 90));
    makes(nested, nested.toReversed());
  });
});
