import { describe, expect, test } from "vitest";
import { parseDecision } from "./parse-decision.ts";

describe("parseDecision", () => {
  test("escaped separators belong to the value", () => {
    expect(
      parseDecision(String.raw`approver=op\=2; decision=reject; reason=wait\; replica \\ first`),
    ).toEqual({
      approver: "op=2",
      decision: "reject",
      reason: String.raw`wait; replica \ first`,
    });
  });

  test("what is missing or cut off is null", () => {
    expect(parseDecision("approver=op-2; decision=approve; reason=")).toEqual({
      approver: "op-2",
      decision: "approve",
      reason: null,
    });
    expect(parseDecision(null).approver).toBeNull();
  });
});
