import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decisionLine, type ExactCall, firstDifference, outcomeOf } from "./rules.ts";

describe("the journal line of a decision", () => {
  it("is compact and escapes the signs it is made of", () => {
    expect(decisionLine("op-2", "approve", "cache  only;\n origin=healthy")).toBe(
      "approver=op-2; decision=approve; reason=cache only\\; origin\\=healthy",
    );
  });

  it("is never longer than 128 code points, and says so with an ellipsis", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }),
        fc.string({ unit: "grapheme", maxLength: 400 }),
        (who, why) => {
          const points = [...decisionLine(who, "reject", why)];
          expect(points.length).toBeLessThanOrEqual(128);
          expect(points.join("")).not.toMatch(/\s\s|\n/);
          if (points.length === 128 && why.length > 200) expect(points.at(-1)).toBe("…");
        },
      ),
    );
    expect([...decisionLine("a", "approve", "x".repeat(500))]).toHaveLength(128);
  });
});

describe("what decisions make of a question", () => {
  const anyDecisions = fc.array(fc.constantFrom("approve" as const, "reject" as const), {
    maxLength: 6,
  });

  it("is rejected by any rejection, approved by a full quorum, else open", () => {
    fc.assert(
      fc.property(anyDecisions, fc.integer({ min: 1, max: 4 }), (decisions, quorum) => {
        const yes = decisions.filter((decision) => decision === "approve").length;
        const expected = decisions.length > yes ? "rejected" : yes >= quorum ? "approved" : "open";
        expect(outcomeOf(decisions, quorum)).toBe(expected);
      }),
    );
  });
});

describe("the exact call", () => {
  const call: ExactCall = {
    projectId: "acme",
    runId: "r",
    callKey: "clear",
    server: "shop",
    tool: "clear_cache",
    argsHash: "a".repeat(64),
    contractHash: "c".repeat(64),
  };

  it("is the same only when every field is", () => {
    expect(firstDifference(call, { ...call })).toBeUndefined();
    for (const field of Object.keys(call) as (keyof ExactCall)[]) {
      expect(firstDifference(call, { ...call, [field]: `${call[field]}x` })).toBeTypeOf("string");
    }
  });
});
