import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { KEY_ID, openShopBench, PROJECT, type ShopBench } from "../../test/support/calls.ts";
import { as, decidersOn, lockWaiters, refusedWith } from "../../test/support/deciders.ts";
import { ask, caller } from "../../test/support/fixtures.ts";
import { waitFor } from "../../test/support/wait.ts";
import { newId } from "../platform/ids.ts";
import type { RunRow } from "../runs/index.ts";
import { decideRoutes } from "./index.ts";

/** Who may decide about a question, from the contract to the row that a decision leaves. */

let bench: ShopBench;
let deciders: ReturnType<typeof decidersOn>;

beforeAll(async () => {
  bench = await openShopBench();
  deciders = decidersOn(bench);
});
afterAll(() => bench?.close());
beforeEach(() => deciders.nobody());

describe("a group", () => {
  it("approves by its members and those they have lent it to; the row says by what right", async () => {
    await deciders.people("ada operator dba", "bob", "cid admin dba", "dan operator ops");
    const delegation_id = await deciders.lend("ada", "bob", "dba");
    const run = await bench.openEchoRun({ approvers: { group: "dba" }, quorum: 2 });
    const { approvalId } = await deciders.asked(run);
    await expect(bench.decide(run, "approve", "", as("dan"))).rejects.toMatchObject(
      refusedWith("E-APPR-NOT-APPROVER", "not_in_group"),
    );
    await bench.decide(run, "approve", "", as("bob"));
    await expect(bench.decide(run, "approve", "", as("ada"))).rejects.toMatchObject(
      refusedWith("E-APPR-DECIDED", "was_counted"),
    );
    expect(await deciders.listed(run.run_id, "dan")).toMatchObject({
      approvers: {
        group: "dba",
        needed: 2,
        counted: [{ person: "ada", by: "bob", delegation_id }],
        available: 1,
      },
      may_decide: { yes: false, may_refuse: true, code: "E-APPR-NOT-APPROVER", for: null },
    });
    const answer = await bench.decide(run, "approve", "", as("cid", { role: "admin" }));
    expect(answer).toMatchObject({ new_state: "running" });
    const plain = { group: "dba", separation: true };
    expect(await deciders.rowsOf(approvalId)).toEqual([
      {
        actor_id: "bob",
        counts_for: "ada",
        role: "operator",
        delegated_by: "ada",
        delegation_id,
        ...plain,
      },
      {
        actor_id: "cid",
        counts_for: "cid",
        role: "admin",
        delegated_by: null,
        delegation_id: null,
        ...plain,
      },
    ]);
  });

  it("is not needed for a no: whoever may decide at all may stop a call", async () => {
    await deciders.people("ada operator dba", "bob", "vic viewer");
    const run = await bench.openEchoRun({ approvers: { group: "dba" }, on_reject: "return" });
    const { approvalId } = await deciders.asked(run);
    for (const decision of ["approve", "reject"] as const) {
      await expect(bench.decide(run, decision, "", as("vic"))).rejects.toMatchObject(
        refusedWith("E-APPR-NOT-APPROVER", "member_viewer"),
      );
    }
    await bench.decide(run, "reject", "not now", as("bob"));
    expect(await deciders.rowsOf(approvalId)).toMatchObject([
      { actor_id: "bob", counts_for: null, group: null },
    ]);
  });
});

describe("who has a hand in a call", () => {
  it("approves it as long as nobody else could, and not any more from then on", async () => {
    await deciders.people("test");
    const run = await bench.openEchoRun();
    await deciders.asked(run);
    // Contracts of this bench are written by `test`.
    expect(await deciders.listed(run.run_id, "test")).toMatchObject({
      approvers: { separation: { is_on: false, key: "separation_off" }, excluded: [] },
      may_decide: { yes: true },
    });
    await deciders.people("eve");
    const seen = await deciders.listed(run.run_id, "test");
    expect(seen).toMatchObject({
      approvers: {
        separation: { is_on: true, key: "separation_on" },
        excluded: [{ person: "test", key: "is_author" }],
        available: 1,
      },
      may_decide: { yes: false, may_refuse: true, code: "E-APPR-SELF", key: "is_author" },
    });
    for (const decision of ["approve", "edit"] as const) {
      const more = as("test", decision === "edit" ? { args: { text: "y" } } : {});
      await expect(bench.decide(run, decision, "", more)).rejects.toMatchObject(
        refusedWith("E-APPR-SELF", "is_author"),
      );
    }
    expect(await bench.decide(run, "approve", "", as("eve"))).toMatchObject({
      new_state: "running",
    });
    // 403 comes before 410 and 409, whatever has become of the question.
    await expect(bench.decide(run, "approve", "", as("test"))).rejects.toMatchObject({
      status: 403,
    });
    await expect(bench.decide(run, "approve", "", as("eve"))).rejects.toMatchObject({
      status: 409,
    });
  });

  it("is also who had the run started, and who works through the agent's key", async () => {
    await deciders.people("ada", "bob", "hal");
    const retried = await bench.openEchoRun();
    await bench.asAdmin(`update run_transitions set actor_kind = 'key', actor_id = 'ada'
      where run_id = '${retried.run_id}' and from_state is null`);
    await deciders.asked(retried);
    await expect(bench.decide(retried, "approve", "", as("ada"))).rejects.toMatchObject(
      refusedWith("E-APPR-SELF", "is_requester"),
    );
    await bench.asAdmin(`insert into api_keys
      (key_id, name, role, projects, agent_id, secret_hash, created_by, held_by)
      values ('${KEY_ID}', 'helper', 'agent', '{${PROJECT}}', 'helper', '', 'test', 'hal')`);
    const driven = await bench.openEchoRun();
    await deciders.asked(driven);
    await expect(bench.decide(driven, "approve", "", as("hal"))).rejects.toMatchObject(
      refusedWith("E-APPR-SELF", "is_requester"),
    );
    await bench.asAdmin(`delete from api_keys where key_id = '${KEY_ID}'`);
    expect(await bench.decide(driven, "approve", "", as("ada"))).toMatchObject({
      new_state: "running",
    });
  });
});

describe("an edit", () => {
  it("puts the arguments before another person, unless its contract counts it as a yes", async () => {
    await deciders.people("ada", "bob");
    const run = await bench.openEchoRun();
    const { approvalId } = await deciders.asked(run);
    const edited = await bench.decide(run, "edit", "", as("ada", { args: { text: "half" } }));
    expect(edited).toMatchObject({ new_state: "waiting_approval", approval_token_jti: null });
    expect(await deciders.listed(run.run_id, "ada")).toMatchObject({
      decisions: [{ actor: "ada", decision: "edit", counts: false }],
      approvers: {
        counted: [],
        excluded: [{ person: "ada", key: "is_editor" }, { person: "test" }],
      },
      may_decide: { yes: false, may_refuse: false, key: "has_decided" },
    });
    await expect(bench.decide(run, "approve", "", as("ada"))).rejects.toMatchObject(
      refusedWith("E-APPR-SELF", "is_editor"),
    );
    expect(await bench.decide(run, "approve", "", as("bob"))).toMatchObject({
      new_state: "running",
    });
    expect(await deciders.rowsOf(approvalId)).toMatchObject([
      { counts_for: null },
      { counts_for: "bob" },
    ]);
    const counted = await bench.openEchoRun({ approvers: { editor_counts: true } });
    await deciders.asked(counted);
    expect(
      await bench.decide(counted, "edit", "", as("ada", { args: { text: "half" } })),
    ).toMatchObject({ new_state: "running" });
  });
});

describe("the two-person rule", () => {
  it("wants two people where there are two, and one where there is one", async () => {
    await deciders.people("ada");
    const alone = await bench.openEchoRun({ two_person: true });
    await deciders.asked(alone);
    expect(await deciders.listed(alone.run_id)).toMatchObject({
      approvers: { two_person: true, needed: 1 },
    });
    expect(await bench.decide(alone, "approve", "", as("ada"))).toMatchObject({
      new_state: "running",
    });
    await deciders.people("bob");
    const run = await bench.openEchoRun({ two_person: true });
    await deciders.asked(run);
    expect(await deciders.listed(run.run_id)).toMatchObject({
      quorum: 1,
      approvers: { needed: 2 },
    });
    const states = [];
    for (const who of ["ada", "bob"])
      states.push((await bench.decide(run, "approve", "", as(who))).new_state);
    expect(states).toEqual(["waiting_approval", "running"]);
  });

  it("has no place with a read", async () => {
    const grant = { effect: "read", approval: "always", two_person: true };
    await expect(bench.openEchoRun(grant)).rejects.toThrow("is for effect: write only");
  });
});

describe("who a key speaks for", () => {
  it("is a member, once two of them may decide: a name in another spelling is no other person", async () => {
    const post = (run: RunRow, approver_id: string) =>
      ask(decideRoutes(bench.deps), `/approvals/${run.run_id}/decide`, {
        caller: caller({ role: "operator", mayActForOthers: true }),
        body: { project_id: PROJECT, decision: "approve", approver_id },
      });
    await deciders.people("ada", "bob");
    const run = await bench.openEchoRun({ quorum: 2 });
    await deciders.asked(run);
    expect(await post(run, "ada")).toMatchObject({ status: 200 });
    expect(await post(run, "Ada")).toMatchObject({
      status: 403,
      body: { code: "E-APPR-NOT-APPROVER", why: { key: "not_a_member" } },
    });
    expect(await post(run, "bob")).toMatchObject({ status: 200, body: { new_state: "running" } });
  });
});

describe("at the same moment", () => {
  const change = (member: string, body: object) =>
    ask(deciders.members, `/members/${member}`, {
      caller: caller({ role: "admin" }),
      method: "PATCH",
      body: { project_id: PROJECT, ...body },
    });

  it("a decision waits for a deactivation that came first, and is refused", async () => {
    await deciders.people("ada", "bob");
    const run = await bench.openEchoRun();
    const { approvalId } = await deciders.asked(run);
    const deciding = await bench.asTenant(async (tx) => {
      await tx
        .updateTable("members")
        .set({ is_active: false })
        .where("member_id", "=", "bob")
        .execute();
      const attempt = Promise.allSettled([bench.decide(run, "approve", "", as("bob"))]);
      await waitFor(async () => (await lockWaiters(bench)) === 1, {
        timeoutMs: 5_000,
        what: "the decision",
      });
      return { attempt };
    });
    expect(await deciding.attempt).toMatchObject([
      { status: "rejected", reason: refusedWith("E-APPR-NOT-APPROVER", "member_inactive") },
    ]);
    expect(await deciders.rowsOf(approvalId)).toEqual([]);
  });

  it("a deactivation waits for a decision that came first, which then stands", async () => {
    await deciders.people("ada", "bob");
    const changing = await bench.asTenant(async (tx) => {
      await tx
        .selectNoFrom((of) => of.fn("awooop_hold_people", [of.val(PROJECT)]).as("held"))
        .execute();
      const attempt = change("bob", { is_active: false });
      await waitFor(async () => (await lockWaiters(bench)) === 1, {
        timeoutMs: 5_000,
        what: "the change",
      });
      return { attempt };
    });
    expect(await changing.attempt).toMatchObject({ status: 200, body: { is_active: false } });
  });

  it("who lent a right and who was lent it count once together", async () => {
    await deciders.people("ada operator dba", "bob", "cid operator dba");
    await deciders.lend("ada", "bob");
    const run = await bench.openEchoRun({ approvers: { group: "dba" }, quorum: 2 });
    const { approvalId } = await deciders.asked(run);
    const both = ["ada", "bob", "ada", "bob"].map((who) =>
      bench.decide(run, "approve", "", as(who)),
    );
    const answers = await Promise.allSettled(both);
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await deciders.rowsOf(approvalId)).toMatchObject([{ counts_for: "ada" }]);
  });
});

describe("the database, asked past all code,", () => {
  /** What becomes of a decision that is written straight into the table; nothing of it stays. */
  async function write(approvalId: string, row: object, before = ""): Promise<string> {
    const decision = {
      ...{
        decision_id: newId(),
        project_id: PROJECT,
        approval_id: approvalId,
        decision: "approve",
      },
      ...{ actor_kind: "key", via_key_id: "k", surface: "sql", round: 1, allowed_by: {} },
      ...{ run_id: newId(), created_at: "2026-11-01T00:00:00Z" },
      ...row,
    };
    const written =
      bench.asAdmin(`begin; set local role awooop_app; set local awooop.projects = '${PROJECT}';
      ${before};
      insert into approval_decisions select * from jsonb_populate_record(null::approval_decisions,
        '${JSON.stringify(decision)}'); rollback`);
    return written.then(
      () => "written",
      (error: { constraint?: string }) => error.constraint ?? String(error),
    );
  }

  it("lets nobody count who may not, nobody twice, and nothing once the question is closed", async () => {
    await deciders.people(
      "ada operator dba",
      "bob",
      "cid operator dba",
      "vic viewer dba",
      "test operator dba",
    );
    const lent = await deciders.lend("ada", "bob", "dba");
    const run = await bench.openEchoRun({ approvers: { group: "dba" }, quorum: 3 });
    const { approvalId } = await deciders.asked(run);
    const bobForAda = { actor_id: "bob", counts_for: "ada", delegation_id: lent };
    const update = (what: string) =>
      `update approvals set ${what} where approval_id = '${approvalId}'`;
    // Without `counts_for`, as a release writes it that does not know of it: whose yes it is, is filled in.
    const cases: [string, object, string?][] = [
      ["written", { actor_id: "cid" }],
      ["written", bobForAda],
      ["approval_decisions_separation", { actor_id: "test" }],
      ["approval_decisions_separation", { actor_id: "cid" }, update("requested_by = 'cid'")],
      ["approval_decisions_separation", { actor_id: "cid" }, update("edited_by = 'cid'")],
      ["written", { actor_id: "cid" }, update("edited_by = 'cid', editor_counts = true")],
      ["approval_decisions_separation", bobForAda, update("requested_by = 'ada'")],
      ["approval_decisions_group", { actor_id: "bob" }],
      ["approval_decisions_member", { actor_id: "vic" }],
      [
        "approval_decisions_member",
        { actor_id: "cid" },
        "update members set is_active = false where member_id = 'cid'",
      ],
      ["approval_decisions_lent", { actor_id: "bob", counts_for: "ada" }],
      [
        "approval_decisions_delegation",
        { actor_id: "bob", counts_for: "cid", delegation_id: lent },
      ],
      [
        "approval_decisions_delegation",
        bobForAda,
        "update delegations set revoked_at = now(), revoked_by = 'x'",
      ],
      ["approval_decisions_delegation", bobForAda, update("approver_group = null")],
      ["approval_decisions_round", { actor_id: "cid", round: 2 }],
      ["approval_decisions_open", { actor_id: "cid" }, update("status = 'voided'")],
      ["approval_decisions_open", { actor_id: "cid" }, update("expires_at = now()")],
      ["approval_decisions_yes", { actor_id: "cid", counts_for: "cid", decision: "reject" }],
      ["approvals_enough", { actor_id: "cid" }, update("status = 'approved', token = 't'")],
    ];
    const came: string[] = [];
    for (const [, row, before] of cases) came.push(await write(approvalId, row, before));
    expect(came).toEqual(cases.map(([wanted]) => wanted));
    await bench.decide(run, "approve", "", as("bob"));
    expect(await write(approvalId, { actor_id: "ada" })).toBe("approval_decisions_one_right");
    expect(await write(approvalId, { actor_id: "bob" })).toBe("approval_decisions_group");
  });
});
