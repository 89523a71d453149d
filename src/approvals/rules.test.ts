import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Decision } from "./contract.ts";
import { decisionLine, type ExactCall, firstDifference, outcomeOf } from "./rules.ts";

describe("the journal line of a decision", () => {
  it("is compact and escapes the signs it is made of", () => {
    expect(decisionLine("op-2", "approve", "cache  only;\n origin=healthy")).toBe(
      "approver=op-2; decision=approve; reason=cache only\\; origin\\=healthy",
    );
  });

  /** Signs that matter to the line, among all others. */
  const words = (maxLength: number) =>
    fc.string({
      unit: fc.oneof(
        fc.constantFrom(..."\\;= \n\t\u00a0\u3000", "; ", "decision="),
        fc.string({ unit: "grapheme", maxLength: 1 }),
      ),
      maxLength,
    });
  const DECISIONS = ["approve", "reject", "request_changes", "edit"] as const;

  /** The values of a line, found by going through it sign by sign. */
  function read(line: string): Record<string, string> {
    const fields: Record<string, string> = {};
    let name: string | undefined;
    let text = "";
    const points = [...line];
    for (let at = 0; at <= points.length; at++) {
      const sign = points[at];
      if (sign === "\\") text += points[++at] ?? "";
      else if (sign === "=") [name, text] = [text.trim(), ""];
      else if (sign === ";" || sign === undefined) {
        if (name !== undefined) fields[name] = text;
        [name, text] = [undefined, ""];
      } else text += sign;
    }
    return fields;
  }

  it("gives its values back when it is read, unless it was cut", () => {
    let cut = 0;
    fc.assert(
      fc.property(words(20), fc.constantFrom(...DECISIONS), words(80), (who, decision, why) => {
        const line = decisionLine(who, decision, why);
        const single = (value: string) => value.replace(/\s+/gu, " ").trim();
        const values = { approver: single(who), decision, reason: single(why) };
        if ([...line].length < 128) expect(read(line)).toEqual(values);
        else cut += 1;
        // Nobody can put a field into the line that is not theirs.
        expect(Object.keys(read(line)).every((name) => Object.hasOwn(values, name))).toBe(true);
        expect(read(line).approver).toBe(values.approver);
        expect(read(line).decision).toBe(decision);
      }),
      { numRuns: 2_000 },
    );
    expect(cut).toBeLessThan(1_000);
  });

  it("is never longer than 128 code points, and ends in an ellipsis when it would be", () => {
    fc.assert(
      fc.property(words(20), fc.constantFrom(...DECISIONS), words(200), (who, decision, why) => {
        const points = [...decisionLine(who, decision, why)];
        expect(points.length).toBeLessThanOrEqual(128);
        expect(points.join("")).not.toMatch(/\s\s|[^\S ]/);
        const whole = [...decisionLine(who, decision, "")].length + escapedLength(why);
        expect(points.length).toBe(Math.min(whole, 128));
        expect(points.at(-1) === "…" && points.length === 128).toBe(
          whole > 128 || isExact(why, whole),
        );
      }),
      { numRuns: 2_000 },
    );
    expect([...decisionLine("a", "approve", "x".repeat(500))]).toHaveLength(128);
    const whole = 128 - "approver=a; decision=approve; reason=".length;
    expect(decisionLine("a", "approve", "x".repeat(whole))).toMatch(/x$/);
    expect(decisionLine("a", "approve", "😀".repeat(whole))).toMatch(/😀$/u);
    expect(decisionLine("a", "approve", "😀".repeat(whole + 1))).toMatch(/😀…$/u);
  });

  const escapedLength = (why: string) => {
    const single = why.replace(/\s+/gu, " ").trim();
    return [...single].length + (single.match(/[\\;=]/g) ?? []).length;
  };
  /** A line of exactly 128 that ends in an ellipsis of its own. */
  const isExact = (why: string, whole: number) => whole === 128 && why.trim().endsWith("…");
});

describe("what decisions make of a question", () => {
  const anyDecisions = fc.array(
    fc.constantFrom("approve", "edit", "reject", "request_changes") as fc.Arbitrary<Decision>,
    { maxLength: 6 },
  );

  it("is ended by any refusal, approved by a full quorum of approvals and edits, else open", () => {
    fc.assert(
      fc.property(anyDecisions, fc.integer({ min: 1, max: 4 }), (decisions, quorum) => {
        const said = (...names: Decision[]) =>
          decisions.filter((one) => names.includes(one)).length;
        const rest = said("request_changes") > 0 ? "changes_requested" : undefined;
        const refused = said("reject") > 0 ? "rejected" : rest;
        const yes = said("approve", "edit") >= quorum ? "approved" : "open";
        expect(outcomeOf(decisions, quorum)).toBe(refused ?? yes);
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
    revisionId: "v",
    contractHash: "c".repeat(64),
  };

  it("is the same only when every field is", () => {
    expect(firstDifference(call, { ...call })).toBeUndefined();
    for (const field of Object.keys(call) as (keyof ExactCall)[]) {
      expect(firstDifference(call, { ...call, [field]: `${call[field]}x` })).toBeTypeOf("string");
    }
  });

  it("of the release before is bound to the contract by its hash alone", () => {
    const { revisionId: _, ...former } = call;
    expect(firstDifference(former, call)).toBeUndefined();
    expect(firstDifference(former, { ...call, contractHash: "d" })).toBe("contract");
  });
});
