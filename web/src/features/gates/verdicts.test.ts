import { describe, expect, test } from "vitest";
import type { GateNumber, GateOutcome, Verdict } from "../../app/api.ts";
import { marksOf, sayingOf } from "./verdicts.ts";

const NAMES = ["tenant", "contract", "policy", "budget", "approval"];
const verdicts = (...outcomes: GateOutcome[]): Verdict[] =>
  outcomes.map((outcome, i) => ({
    gate: (i + 1) as GateNumber,
    name: NAMES[i] ?? "",
    outcome,
    code: null,
    reason: "",
  }));

describe("five marks and their words", () => {
  test.each([
    [["pass", "pass", "pass", "pass", "pass"], { kind: "passed" }],
    [["pass", "block"], { kind: "blocked", gate: 2 }],
    [["pass", "pass", "pass", "pass", "ask"], { kind: "asks", gate: 5 }],
    [["pass", "pass", "pass", "pass", "approved"], { kind: "approved", gate: 5 }],
    [["pass", "pass", "pass", "pass", "would_ask"], { kind: "would_ask", gate: 5 }],
    [["pass", "pass"], { kind: "reached", gate: 2 }],
    [[], { kind: "none" }],
  ] as [GateOutcome[], object][])("%j", (outcomes, saying) => {
    expect(sayingOf(verdicts(...outcomes))).toEqual(saying);
    expect(marksOf(verdicts(...outcomes))).toHaveLength(5);
  });
});

test("a person's no is told apart from a rule's", () => {
  const [verdict] = verdicts("block");
  expect(sayingOf([{ ...verdict, gate: 5, code: "E-APPR-REJECTED" } as Verdict])).toEqual({
    kind: "rejected",
    gate: 5,
  });
});

test("a call that has ended asked a person and waits for nobody", () => {
  const asks = verdicts("pass", "pass", "pass", "pass", "ask");
  expect(sayingOf(asks, true)).toEqual({ kind: "asked", gate: 5 });
});

test("a gate that was not reached is a dot", () => {
  expect(marksOf(verdicts("pass", "block"))).toEqual(["pass", "block", "off", "off", "off"]);
});

test("verdicts may come in any order", () => {
  expect(marksOf(verdicts("pass", "block").reverse())[1]).toBe("block");
});
