import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createArgumentChecker } from "../gates/index.ts";
import { redact } from "../platform/redact.ts";
import { shapeOf } from "./shapes.ts";

const times = (count: number, args: (at: number) => Record<string, unknown>) =>
  Array.from({ length: count }, (_, at) => args(at));

describe("the shape of recorded arguments", () => {
  it("names their types, the values that came again and again, and allows no others", () => {
    const shape = shapeOf(
      times(6, (at) => ({
        path: `/srv/${at}`,
        age: at % 2 ? "24h" : "48h",
        dry_run: false,
        depth: at,
        ratio: at / 2,
        ...(at > 2 ? { tags: ["a"] } : {}),
      })),
    );
    expect(shape).toEqual({
      type: "object",
      required: ["age", "dry_run"],
      properties: {
        age: { enum: ["24h", "48h"] },
        depth: { type: "integer" },
        dry_run: { const: false },
        path: { type: "string" },
        ratio: { type: "number" },
        tags: { type: "array" },
      },
      additionalProperties: false,
    });
  });

  it.each([
    ["too few calls", times(4, () => ({ a: 1 }))],
    ["calls that were not recorded whole", [...times(9, () => ({ a: 1 })), undefined]],
    [
      "more arguments than anybody would read",
      times(9, (at) => ({ [`a${at}`]: 1, [`b${at}`]: 1, [`c${at}`]: 1, [`d${at}`]: 1 })),
    ],
  ])("is not drawn from %s", (_, samples) => {
    expect(shapeOf(samples)).toBeUndefined();
  });

  it.each([
    ["a masked value", "[redacted]", {}],
    ["a masked part", "Bearer [redacted]", { type: "string" }],
    ["a key nobody masked", "zq8Hc0vT1mWd4sKf9aPx2b", { type: "string" }],
    ["an id", "0190b2a4-5c1e-7b3a-9f00-2d1c3b4a5e6f", { type: "string" }],
  ])("never shows %s as what is always sent", (_, value, schema) => {
    const shape = shapeOf(times(20, () => ({ value: redact(value) })));
    expect(shape).toMatchObject({ properties: { value: schema } });
    expect(JSON.stringify(shape)).not.toContain(value);
  });

  it("is one that all of them fit, whatever they were", () => {
    const checker = createArgumentChecker();
    const args = fc.dictionary(
      fc.constantFrom("a", "b", "password", "__proto__", "constructor", "token"),
      fc.oneof(fc.constantFrom("x", "y", 1, true, null), fc.jsonValue({ maxDepth: 2 })),
      { maxKeys: 4 },
    );
    fc.assert(
      fc.property(fc.array(args, { minLength: 5, maxLength: 12 }), (all) => {
        const shape = shapeOf(all.map((each) => redact(each) as Record<string, unknown>));
        if (shape === undefined) return;
        for (const each of all)
          expect(checker.problems(shape, each, { en: "the shape", "zh-TW": "形狀" })).toEqual([]);
      }),
    );
  });
});
