import { describe, expect, it } from "vitest";
import {
  type ApproverRule,
  type Decider,
  deciderOf,
  excludedBy,
  isSeparated,
  type Lent,
  neededOf,
  type People,
  type Person,
  rightOf,
  type Yes,
} from "./approvers.ts";

const RULE: ApproverRule = {
  groups: null,
  quorum: 1,
  twoPerson: false,
  editorCounts: false,
  requestedBy: null,
  contractAuthor: null,
  editedBy: null,
};

const person = (member_id: string, more: Partial<Person> = {}): Person => ({
  member_id,
  role: "operator",
  groups: [],
  is_active: true,
  ...more,
});

function peopleOf(members: readonly Person[], lent: readonly Lent[] = []): People {
  const deciders = members.filter(({ is_active, role }) => is_active && role !== "viewer").length;
  return { deciders, members: new Map(members.map((of) => [of.member_id, of])), lent };
}

const lends = (by: string, to: string, group_name: string | null = null): Lent => ({
  delegation_id: `${by}>${to}`,
  delegated_by: by,
  delegated_to: to,
  group_name,
});

const as = (id: string, role: Decider["role"] = "operator"): Decider => ({ id, role });
const yes = (actor_id: string, counts_for = actor_id): Yes => ({ actor_id, counts_for });

const ADA = person("ada", { groups: ["dba"] });
const BOB = person("bob");
const CID = person("cid", { groups: ["dba", "ops"] });

describe("rules that need a second person", () => {
  it("are off until two members may decide, and on from then", () => {
    const rule = { ...RULE, twoPerson: true, requestedBy: "ada", contractAuthor: "ada" };
    const alone = peopleOf([
      ADA,
      person("vic", { role: "viewer" }),
      person("gone", { is_active: false }),
    ]);
    expect([isSeparated(alone), neededOf(rule, alone)]).toEqual([false, 1]);
    expect(rightOf(rule, alone, [], as("ada"))).toMatchObject({ countsFor: "ada" });
    const both = peopleOf([ADA, BOB]);
    expect([isSeparated(both), neededOf(rule, both)]).toEqual([true, 2]);
    expect(rightOf(rule, both, [], as("ada"))).toMatchObject({ key: "is_requester" });
    expect(rightOf(rule, both, [], as("bob"))).toMatchObject({ countsFor: "bob" });
  });

  it("leave a quorum as the contract says it", () => {
    for (const twoPerson of [false, true]) {
      expect(neededOf({ ...RULE, quorum: 3, twoPerson }, peopleOf([ADA]))).toBe(3);
      expect(neededOf({ ...RULE, quorum: 3, twoPerson }, peopleOf([ADA, BOB]))).toBe(3);
    }
    expect(neededOf({ ...RULE, quorum: 1, twoPerson: true }, peopleOf([ADA, BOB]))).toBe(2);
  });

  it("leave out who asked, who wrote the contract and who edited, each by name", () => {
    const people = peopleOf([ADA, BOB, CID]);
    const rule = { ...RULE, requestedBy: "ada", contractAuthor: "bob", editedBy: "cid" };
    const names = (of: ApproverRule) => Object.fromEntries(excludedBy(of, people));
    expect(names(rule)).toEqual({ ada: "is_requester", bob: "is_author", cid: "is_editor" });
    expect(names({ ...rule, editorCounts: true })).not.toHaveProperty("cid");
    for (const { member_id } of people.members.values())
      expect(rightOf(rule, people, [], as(member_id))).toMatchObject({
        params: { person: member_id },
      });
  });
});

describe("a group", () => {
  const rule = { ...RULE, groups: ["dba"] };

  it("lets its active members approve, and nobody else, whatever their role", () => {
    const gone = person("gone", { groups: ["dba"], is_active: false });
    const people = peopleOf([ADA, BOB, gone]);
    expect(rightOf(rule, people, [], as("ada"))).toMatchObject({ group: "dba", countsFor: "ada" });
    expect(rightOf(rule, people, [], as("bob", "admin"))).toEqual({
      key: "not_in_group",
      params: { person: "bob", group: "dba" },
    });
    expect(rightOf(rule, people, [], as("root", "admin"))).toMatchObject({ key: "not_in_group" });
    expect(rightOf(rule, people, [], as("gone"))).toMatchObject({ key: "member_inactive" });
  });

  it("may be lent: the yes is then the lender's", () => {
    const people = peopleOf([ADA, BOB, CID], [lends("ada", "bob")]);
    expect(rightOf(rule, people, [], as("bob"))).toMatchObject({
      countsFor: "ada",
      delegationId: "ada>bob",
    });
    const ofOps = peopleOf([ADA, BOB, CID], [lends("cid", "bob", "ops")]);
    expect(rightOf(rule, ofOps, [], as("bob"))).toMatchObject({ key: "not_in_group" });
    expect(rightOf({ ...rule, groups: ["ops"] }, ofOps, [], as("bob"))).toMatchObject({
      countsFor: "cid",
    });
  });

  it("is joined by those that a question was escalated to", () => {
    const dan = person("dan", { groups: ["ops"] });
    const people = peopleOf([ADA, BOB, dan], [lends("dan", "bob", "ops")]);
    const escalated = { ...rule, groups: ["dba", "ops"] };
    expect(rightOf(rule, people, [], as("dan"))).toMatchObject({ key: "not_in_group" });
    expect(rightOf(escalated, people, [], as("dan"))).toMatchObject({ group: "ops" });
    expect(rightOf(escalated, people, [], as("bob"))).toMatchObject({
      group: "ops",
      countsFor: "dan",
    });
  });

  it("can't be lent on, nor by who has no right any more", () => {
    const chain = peopleOf([ADA, BOB, CID], [lends("ada", "bob"), lends("bob", "eve")]);
    expect(rightOf(rule, chain, [], as("eve"))).toMatchObject({ key: "not_in_group" });
    for (const more of [{ is_active: false }, { role: "viewer" as const }, { groups: [] }]) {
      const people = peopleOf([{ ...ADA, ...more }, BOB, CID], [lends("ada", "bob")]);
      expect(rightOf(rule, people, [], as("bob"))).toMatchObject({ key: "not_in_group" });
    }
  });

  it("counts nobody twice, neither by hand nor by name", () => {
    const people = peopleOf([ADA, BOB, CID], [lends("ada", "bob"), lends("cid", "ada")]);
    const ask = (given: Yes[], id: string) => rightOf(rule, people, given, as(id));
    expect(ask([yes("ada")], "bob")).toEqual({
      key: "lender_counted",
      params: { person: "bob", by: "ada" },
    });
    expect(ask([yes("bob", "ada")], "ada")).toEqual({
      key: "was_counted",
      params: { person: "ada", by: "bob" },
    });
    expect(ask([yes("ada")], "ada")).toMatchObject({ key: "has_decided" });
    expect(ask([yes("bob", "ada")], "cid")).toMatchObject({ countsFor: "cid" });
    // Ada has said yes for cid already; what she lent to bob is her second hand.
    expect(ask([yes("ada", "cid")], "bob")).toMatchObject({ key: "lender_counted" });
  });

  it("is no way round the separation: who is left out lends nothing", () => {
    const people = peopleOf([ADA, BOB, CID], [lends("ada", "bob"), lends("cid", "bob")]);
    const excluded = { ...rule, requestedBy: "ada" };
    expect(rightOf(excluded, people, [], as("bob"))).toMatchObject({ countsFor: "cid" });
    expect(rightOf({ ...excluded, contractAuthor: "cid" }, people, [], as("bob"))).toEqual({
      key: "lent_by_excluded",
      params: { person: "bob", by: "ada" },
    });
    // Who is left out has no use of what others lend either.
    const lentToAsker = peopleOf([ADA, BOB, CID], [lends("cid", "bob")]);
    expect(rightOf({ ...rule, requestedBy: "bob" }, lentToAsker, [], as("bob"))).toMatchObject({
      key: "is_requester",
    });
  });
});

describe("who decides at all", () => {
  const people = peopleOf([ADA, BOB, person("vic", { role: "viewer" })]);

  it("is by the key's role and the member's, the lesser of which counts", () => {
    expect(deciderOf(people, as("ada", "admin"))).toBe("admin");
    expect(deciderOf(people, as("ada", "viewer"))).toMatchObject({ key: "key_viewer" });
    expect(deciderOf(people, as("vic", "admin"))).toMatchObject({ key: "member_viewer" });
    expect(deciderOf(people, as("root", "admin"))).toBe("admin");
  });

  it("is a member, where another's key speaks for them and two members may decide", () => {
    const spoken = (id: string) => ({ id, role: undefined });
    expect(deciderOf(people, spoken("bob"))).toBe("operator");
    expect(deciderOf(people, spoken("Bob Builder"))).toMatchObject({ key: "not_a_member" });
    expect(deciderOf(peopleOf([ADA]), spoken("Bob Builder"))).toBe("operator");
  });
});
