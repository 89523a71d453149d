import { describe, expect, test } from "vitest";
import { LIFECYCLE_STATUSES } from "../../../../src/contracts/contract.ts";
import { offersOf } from "./offers.ts";

const revision = {
  lifecycle_status: "review",
  contract_family: "agent",
  created_by: "ada",
  is_approved: false,
} as const;
const bob = { isAdmin: true, id: "bob" };
const ada = { isAdmin: true, id: "ada" };

describe("the steps that are offered", () => {
  test("are those of the revision's status", () => {
    const offered = LIFECYCLE_STATUSES.map((lifecycle_status) =>
      offersOf({ ...revision, lifecycle_status }, bob, false).map(({ event }) => event),
    );
    expect(offered).toEqual([
      ["submit"],
      ["approve", "reject", "activate"],
      ["deprecate"],
      ["retire"],
      [],
      [],
    ]);
  });

  test("say what is missing: a right, another person, an approval", () => {
    const hindrances = (reader: typeof bob, needsSecond: boolean, more = {}) =>
      offersOf({ ...revision, ...more }, reader, needsSecond).map(({ hindrance }) => hindrance);
    expect(hindrances({ isAdmin: false, id: "eve" }, false)).toEqual(["role", "role", "role"]);
    expect(hindrances(ada, true)).toEqual(["author", undefined, "unapproved"]);
    expect(hindrances(ada, false)).toEqual([undefined, undefined, "unapproved"]);
    expect(hindrances(bob, true, { is_approved: true })).toEqual([undefined, undefined]);
    const policy = { lifecycle_status: "active", contract_family: "policy" };
    expect(hindrances(bob, true, policy)).toEqual(["second_person"]);
    expect(hindrances(bob, false, policy)).toEqual([undefined]);
  });
});
