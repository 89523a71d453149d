import { expect, it } from "vitest";
import type { OpenApproval } from "../approvals/list-contract.ts";
import { approversOf, separationOf, whyNotYou } from "./approvers-words.ts";

const APPROVERS: OpenApproval["approvers"] = {
  group: null,
  escalated_groups: [],
  needed: 1,
  two_person: false,
  editor_counts: false,
  counted: [],
  available: 2,
  excluded: [],
  separation: { is_on: true, key: "separation_on", params: {}, text: "on" },
};

const asked = (more: object, may: object | null = null) =>
  ({ approvers: { ...APPROVERS, ...more }, may_decide: may }) as OpenApproval;

it("says who has to agree, who has, and that too few could", () => {
  expect(approversOf(asked({}))).toBe("1 of who may decide, nobody so far");
  const counted = [
    { person: "ada", by: "eve", delegation_id: "d" },
    { person: "bob", by: "bob", delegation_id: null },
  ];
  const more = { group: "dba", escalated_groups: ["ops"], needed: 4, counted, available: 1 };
  expect(approversOf(asked(more))).toBe(
    "4 of dba or ops, so far eve for ada, bob; only 1 members still could",
  );
});

it("says what keeps who asks from deciding, and when rules are off", () => {
  const may = { yes: true, may_refuse: true, for: null, text: null };
  expect(whyNotYou(asked({}, may))).toBeNull();
  expect(whyNotYou(asked({}))).toBeNull();
  expect(whyNotYou(asked({}, { ...may, for: "ada" }))).toBe("approve for ada");
  const not = { yes: false, may_refuse: true, for: null, text: "You wrote it." };
  expect(whyNotYou(asked({}, not))).toBe("You wrote it. You may still say no.");
  expect(whyNotYou(asked({}, { ...not, may_refuse: false }))).toBe("You wrote it.");
  expect(separationOf(asked({}))).toBeNull();
  const off = { is_on: false, key: "separation_off", params: {}, text: "off" };
  expect(separationOf(asked({ separation: off }))).toBe("off");
});
