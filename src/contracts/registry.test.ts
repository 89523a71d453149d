import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ada,
  agent,
  type Bench,
  caller,
  channel,
  openBench,
  root,
  server,
} from "../../test/support/contracts-bench.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench?.close());

const of = (project: string, who: string) =>
  caller({ keyId: who, actor: { kind: "key", id: who }, projects: [project] });
const carol = of("careful", "Carol");
const dave = of("careful", "Dave");

type Api = ReturnType<Bench["api"]>;

async function draft(api: Api, document: object): Promise<string> {
  const { status, body } = await api.post("/contracts", document);
  expect(status, JSON.stringify(body)).toBe(201);
  return body.revision_id;
}

/** Does several things with a revision, one after the other; answers what the last was answered. */
async function go(api: Api, id: string, ...events: string[]) {
  let answer = await api.get(`/contracts/${id}`);
  for (const event of events) {
    answer = await api.post(`/contracts/${id}/${event}`, { reason: `because of ${event}` });
  }
  return answer;
}

describe("a revision's way", () => {
  it("leads from a draft to retirement, and is recorded step by step", async () => {
    const api = bench.api(ada);
    const made = await api.post("/contracts", agent("way"));
    expect(made).toMatchObject({
      status: 201,
      body: {
        contract_id: "way",
        lifecycle_status: "draft",
        version: "1.0",
        base_revision_id: null,
        change_level: "initial",
        change_reasons: [],
        is_approved: false,
        created_by: "Ada",
        permissions: { gained: [], lost: [], changed: [] },
        warnings: [],
      },
    });
    const id = made.body.revision_id;
    const ended = await go(api, id, "submit", "approve", "activate", "deprecate", "retire");
    expect(ended).toMatchObject({
      status: 200,
      body: { lifecycle_status: "retired", is_approved: true },
    });
    const { body } = await api.get(`/contracts/${id}`);
    expect(body.body).toEqual(agent("way").body);
    expect(
      body.transitions.map((of: Record<string, string>) => [
        of.event,
        of.from_status,
        of.to_status,
        of.actor_id,
        of.reason,
      ]),
    ).toEqual([
      ["create", null, "draft", "Ada", null],
      ["submit", "draft", "review", "Ada", "because of submit"],
      ["approve", "review", "review", "Ada", "because of approve"],
      ["activate", "review", "active", "Ada", "because of activate"],
      ["deprecate", "active", "deprecated", "Ada", "because of deprecate"],
      ["retire", "deprecated", "retired", "Ada", "because of retire"],
    ]);
  });

  it("is in the audit log, with the words in the part that can be erased", async () => {
    const api = bench.api(ada);
    const id = await draft(api, agent("audited"));
    await go(api, id, "submit", "approve", "activate", "deprecate", "retire");
    const audits = await bench.db.transaction({ role: "platform" }, (tx) =>
      tx
        .selectFrom("audit_log")
        .select(["action", "private_hash"])
        .where("subject_id", "=", "audited")
        .orderBy("audit_id")
        .execute(),
    );
    expect(audits.map((row) => row.action)).toEqual([
      "contract.create",
      "contract.submit",
      "contract.approve",
      "contract.activate",
      "contract.deprecate",
      "contract.retire",
    ]);
    expect(audits.map((row) => row.private_hash === null)).toEqual([
      true,
      ...Array.from({ length: 5 }, () => false),
    ]);
  });

  it("is refused where the table has none, naming the status and what is possible", async () => {
    const api = bench.api(ada);
    const id = await draft(api, agent("stuck"));
    expect(await go(api, id, "activate")).toMatchObject({
      status: 409,
      body: { code: "E-CONTRACT-STATE", lifecycle_status: "draft", possible: ["submit"] },
    });
    const early = await go(api, id, "submit", "activate");
    expect(early).toMatchObject({ status: 409, body: { code: "E-CONTRACT-APPROVAL" } });
    const rejected = await go(api, id, "reject");
    expect(rejected.body).toMatchObject({ lifecycle_status: "rejected" });
    const late = await go(api, id, "submit");
    expect(late.body).toMatchObject({ code: "E-CONTRACT-STATE", possible: [] });
    expect(late.body.detail).toContain("nothing more can be done");
    expect((await api.get(`/contracts/${id}`)).body.body.display_name).toBe("stuck");
    expect(await api.post(`/contracts/${id}/reject`, {})).toMatchObject({
      status: 422,
      body: { errors: [{ path: "body.reason" }] },
    });
  });

  it("is an admin's to go; a viewer reads, an operator validates", async () => {
    const id = await draft(bench.api(ada), agent("roles"));
    for (const role of ["viewer", "operator", "agent"] as const) {
      const api = bench.api(caller({ role }));
      for (const event of ["submit", "approve", "reject", "activate", "deprecate", "retire"]) {
        expect((await go(api, id, event)).status).toBe(403);
      }
      expect((await api.post("/contracts", agent("roles"))).status).toBe(403);
      const validated = await api.post("/contracts/validate", agent("roles"));
      expect(validated.status).toBe(role === "operator" ? 200 : 403);
      expect((await api.get(`/contracts/${id}`)).status).toBe(role === "agent" ? 403 : 200);
    }
  });

  it("needs another person than the author where the project says so, and not their second yes", async () => {
    const [author, other] = [bench.api(carol), bench.api(dave)];
    const id = await draft(author, agent("pair"));
    expect(await go(author, id, "submit", "approve")).toMatchObject({
      status: 403,
      body: { code: "E-CONTRACT-AUTHOR" },
    });
    expect((await go(author, id, "activate")).body.code).toBe("E-CONTRACT-APPROVAL");
    expect((await go(other, id, "approve")).body).toMatchObject({ is_approved: true });
    expect((await go(other, id, "approve")).status).toBe(200);
    const events = (await other.get(`/contracts/${id}`)).body.transitions;
    expect(events.filter((of: { event: string }) => of.event === "approve")).toHaveLength(1);
    expect((await go(author, id, "activate")).body.lifecycle_status).toBe("active");
  });

  it("does not take the author's own approval from before the project asked for a second person", async () => {
    const api = bench.api(ada);
    const id = await draft(api, agent("before"));
    expect((await go(api, id, "submit", "approve")).body.is_approved).toBe(true);
    const ask = (separate_approver: boolean) =>
      bench.db.transaction({ role: "platform" }, (tx) =>
        tx
          .updateTable("projects")
          .set({ separate_approver })
          .where("project_id", "=", "acme")
          .execute(),
      );
    await ask(true);
    const refused = await go(api, id, "activate");
    const again = await go(api, id, "approve");
    await ask(false);
    expect(again.body.code).toBe("E-CONTRACT-AUTHOR");
    expect(refused.body.code).toBe("E-CONTRACT-APPROVAL");
    expect((await go(api, id, "activate")).status).toBe(200);
  });
});

describe("a policy where a second person has to approve", () => {
  const rules = (cedar: string) => ({
    contract_family: "policy",
    contract_id: "rules",
    body: { cedar },
  });

  it("is lifted by an approved revision, and not by taking it out of use", async () => {
    const [author, other] = [bench.api(carol), bench.api(dave)];
    const id = await draft(author, rules("forbid (principal, action, resource);"));
    await go(author, id, "submit");
    await go(other, id, "approve", "activate");
    for (const api of [author, other]) {
      expect(await go(api, id, "deprecate")).toMatchObject({
        status: 409,
        body: { code: "E-CONTRACT-APPROVAL" },
      });
    }
    const pruned = await author.apply([channel("bell")], { prune: true });
    expect(pruned.body.code).toBe("E-CONTRACT-APPROVAL");
    const next = await draft(author, rules("permit (principal, action, resource);"));
    await go(author, next, "submit");
    expect((await go(other, next, "approve", "activate")).body).toMatchObject({
      version: "2.0",
      change_reasons: [{ key: "permit_added" }, { key: "forbid_removed" }],
    });
    expect((await author.get(`/contracts/${id}`)).body.lifecycle_status).toBe("deprecated");
  });
});

describe("activating", () => {
  it("leaves exactly one active revision when twenty are activated at once", async () => {
    const api = bench.api(ada);
    const ids: string[] = [];
    for (let at = 0; at < 20; at++) {
      ids.push(await draft(api, agent("crowd", { description: `${at}` })));
    }
    await Promise.all(ids.map((id) => go(api, id, "submit", "approve")));
    const answers = await Promise.all(ids.map((id) => go(api, id, "activate")));
    expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 200));
    const rows = await bench.revisions("acme", "crowd");
    expect(rows.filter((row) => row.lifecycle_status === "active")).toHaveLength(1);
    expect(rows.filter((row) => row.lifecycle_status === "deprecated")).toHaveLength(19);
    const moves = await bench.db.transaction({ role: "platform" }, (tx) =>
      tx
        .selectFrom("contract_transitions")
        .select(["event"])
        .where("revision_id", "in", ids)
        .where("event", "in", ["activate", "deprecate"])
        .orderBy("at")
        .execute(),
    );
    const inTurn = Array.from({ length: 19 }, () => ["deprecate", "activate"]).flat();
    expect(moves.map((move) => move.event)).toEqual(["activate", ...inTurn]);
  });

  it("happens once when twenty ask for the same", async () => {
    const api = bench.api(ada);
    const id = await draft(api, agent("same"));
    await go(api, id, "submit", "approve");
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => api.post(`/contracts/${id}/activate`)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === "E-CONTRACT-STATE")).toHaveLength(19);
  });

  it("gives twenty drafts at once twenty numbers", async () => {
    const api = bench.api(ada);
    const made = await Promise.all(
      Array.from({ length: 20 }, () => api.post("/contracts", agent("numbers"))),
    );
    expect(made.map(({ status }) => status)).toEqual(made.map(() => 201));
    const versions = made.map(({ body }) => body.version_minor).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 20 }, (_, at) => at));
  });

  it("never makes a wider permission active under a minor number", async () => {
    const api = bench.api(ada);
    await api.apply([server("kit")]);
    const narrow = await draft(api, agent("stale", { limits: { calls: 5 } }));
    const wide = await draft(api, agent("stale", { limits: { calls: 9 } }));
    await go(api, narrow, "submit", "approve", "activate");
    const refused = await go(api, wide, "submit", "approve", "activate");
    expect(refused).toMatchObject({
      status: 409,
      body: { code: "E-CONTRACT-STALE", active_revision_id: narrow, change_level: "major" },
    });
    const again = await api.post("/contracts", agent("stale", { limits: { calls: 9 } }));
    expect(again.body).toMatchObject({
      version: "2.0",
      base_revision_id: narrow,
      change_level: "major",
      change_reasons: [
        {
          key: "limit_raised",
          params: { field: "limits.calls", before: 5, after: 9 },
          widens: true,
          text: "limits.calls rises from 5 to 9.",
        },
      ],
    });
    const { revision_id: id } = again.body;
    expect((await go(api, id, "submit", "approve", "activate")).status).toBe(200);
    await go(api, id, "deprecate");
    const behind = await go(api, wide, "activate");
    expect(behind.body.code).toBe("E-CONTRACT-STALE");
    const anew = await api.post("/contracts/validate", agent("stale"));
    expect(anew.body).toMatchObject({ version: "3.0", change_reasons: [{ key: "all_new" }] });
  });

  it("checks again what was valid as a draft", async () => {
    const api = bench.api(ada);
    await api.apply([channel("bell")]);
    const id = await draft(api, agent("ringer", { notify: ["bell"] }));
    await go(api, id, "submit", "approve");
    const { body: bells } = await api.get("/contracts?contract_id=bell");
    await go(api, bells.contracts[0].revision_id, "deprecate");
    const refused = await go(api, id, "activate");
    expect(refused).toMatchObject({
      status: 422,
      body: { code: "E-CONTRACT-INVALID", errors: [{ path: "body.notify.0" }] },
    });
    expect((await api.get(`/contracts/${id}`)).body.lifecycle_status).toBe("review");
    await api.apply([channel("bell")]);
    expect((await go(api, id, "activate")).status).toBe(200);
  });

  it("keeps programs on this machine to platform admins, from the draft on", async () => {
    const program = { ...server("shell", { transport: "stdio" }), project_id: "acme" };
    const refused = await bench.api(ada).post("/contracts", program);
    expect(refused).toMatchObject({ status: 403, body: { code: "E-STDIO-OFF" } });
    const id = await draft(bench.api(root), program);
    await go(bench.api(root), id, "submit", "approve");
    expect((await go(bench.api(ada), id, "activate")).body.code).toBe("E-STDIO-OFF");
    expect((await go(bench.api(root), id, "activate")).status).toBe(200);
  });
});
