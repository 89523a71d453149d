import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isNarrower } from "./narrower.ts";

const object = (properties: object, more: object = {}) => ({ type: "object", properties, ...more });

describe("a stricter constraint", () => {
  it.each([
    ["a shorter list of values", { enum: [1, 2, 3] }, { enum: [3, 1] }],
    ["one value of a list", { enum: ["24h", "48h"] }, { const: "24h" }],
    ["a lower maximum", { type: "number", maximum: 10 }, { type: "number", maximum: 9 }],
    ["a higher minimum", { minimum: 1 }, { minimum: 1.5 }],
    ["shorter texts", { type: "string", maxLength: 9 }, { type: "string", maxLength: 8 }],
    ["integers among numbers", { type: ["number", "null"] }, { type: "integer" }],
    ["one more field that is required", { required: ["a"] }, { required: ["b", "a"] }],
    ["a stricter property", object({ a: {} }), object({ a: { type: "string" } })],
    ["one more property that is limited", object({}), object({ a: { enum: [1] } })],
    [
      "no others any more",
      object({ a: { type: "string" } }),
      object({ a: { type: "string" } }, { additionalProperties: false }),
    ],
    [
      "fewer properties of a closed list",
      object({ a: {}, b: {} }, { additionalProperties: false }),
      object({ a: {} }, { additionalProperties: false }),
    ],
    ["stricter items", { items: { type: "number" } }, { items: { type: "integer" } }],
    ["a further rule", { type: "string" }, { type: "string", pattern: "^a", not: { const: "ab" } }],
    ["other words", { type: "string" }, { type: "string", description: "a path" }],
    ["nothing at all", { type: "string" }, false],
    ["anything less than everything", { title: "any" }, { type: "string" }],
  ])("is %s", (_, before, after) => {
    expect(isNarrower(before, after)).toBe(true);
  });

  it.each([
    ["a longer list of values", { enum: [1] }, { enum: [1, 2] }],
    ["no list any more", { enum: [1] }, {}],
    ["a list where nothing fitted", { enum: [1], const: 2 }, { enum: [1, 2], const: 2 }],
    ["a higher maximum", { maximum: 1 }, { maximum: 2 }],
    ["another type", { type: "string" }, { type: ["string", "number"] }],
    ["null on top", { type: "string" }, { type: "string", nullable: true }],
    ["a property that is free again", object({ a: { enum: [1] } }), object({})],
    ["another pattern", { pattern: "^a" }, { pattern: "^ab" }],
    ["a field that is no longer required", { required: ["a"] }, { required: [] }],
    [
      "one more property in a closed list",
      object({}, { additionalProperties: false }),
      object({ a: {} }, { additionalProperties: false }),
    ],
    [
      "names that a pattern opens in a closed list",
      object({}, { additionalProperties: false }),
      object({}, { additionalProperties: false, patternProperties: { "^a": {} } }),
    ],
    [
      "first items that go by a rule of their own",
      { items: { type: "string" } },
      { items: { type: "string" }, prefixItems: [{}] },
    ],
    ["an empty list where one was wanted", { contains: {} }, { contains: {}, minContains: 0 }],
    [
      "properties that are known now, where the unknown were refused",
      { unevaluatedProperties: false },
      { unevaluatedProperties: false, properties: { a: {} } },
    ],
    [
      "a reference",
      { not: { $ref: "#/properties/a" }, properties: { a: { maximum: 9 } } },
      { not: { $ref: "#/properties/a" }, properties: { a: { maximum: 1 } } },
    ],
    ["another dialect", { items: {} }, { $schema: "http://json-schema.org/draft-07/schema#" }],
    ["no answer at all", { type: "string" }, { type: "string", $async: true }],
    ["no schema", { type: "string" }, "string"],
  ])("is not %s", (_, before, after) => {
    expect(isNarrower(before, after)).toBe(false);
  });

  it("takes nothing that the one before refused, whatever the two are", () => {
    const ajv = new Ajv2020({ strict: false, addUsedSchema: false });
    const compiled = (schema: unknown) => {
      try {
        return ajv.compile(schema as object);
      } catch {
        // No schema that could be applied.
        return undefined;
      }
    };
    /** Undefined where Ajv breaks down on a schema, as it does on some with unevaluatedProperties. */
    const fits = (validate: ValidateFunction, value: unknown) => {
      try {
        return validate(value);
      } catch {
        return undefined;
      }
    };
    let proven = 0;
    fc.assert(
      fc.property(anySchema, anySchema, fc.array(anyValue, { maxLength: 12 }), (a, b, values) => {
        // Two schemas of chance seldom have to do with each other; one and a part of it more often do.
        const before = a;
        const after = typeof a === "object" && typeof b === "object" ? { ...a, ...b } : b;
        if (!isNarrower(before, after)) return;
        proven += 1;
        const [earlier, later] = [compiled(before), compiled(after)];
        if (!earlier || !later) return;
        for (const value of values) {
          if (fits(later, value))
            expect(fits(earlier, value), JSON.stringify(value)).not.toBe(false);
        }
      }),
      { numRuns: 2_000 },
    );
    expect(proven).toBeGreaterThan(300);
  });
});

const name = fc.constantFrom("a", "b", "ab");
const scalar = fc.constantFrom<unknown>(null, true, 0, 1, 2, 1.5, "a", "ab", "b");
const anyValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { weight: 3, arbitrary: scalar },
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(name, tie("value"), { maxKeys: 3 }),
  ),
})).value;
const limit = fc.integer({ min: 0, max: 2 });
const anyType = fc.constantFrom("string", "number", "integer", "object", "array", "null");
/** A few keywords at a time, or nothing would fit any more. */
const anySchema = fc.letrec<{ schema: unknown }>((tie) => {
  const keywords: Record<string, fc.Arbitrary<unknown>> = {
    type: fc.oneof(anyType, fc.uniqueArray(anyType, { minLength: 1, maxLength: 3 })),
    enum: fc.uniqueArray(scalar, { minLength: 1, maxLength: 4 }),
    const: scalar,
    minimum: limit,
    maximum: limit,
    exclusiveMaximum: limit,
    maxLength: limit,
    minLength: limit,
    pattern: fc.constantFrom("^a", "b$"),
    maxItems: limit,
    minItems: limit,
    uniqueItems: fc.boolean(),
    required: fc.uniqueArray(name, { maxLength: 2 }),
    properties: fc.dictionary(name, tie("schema"), { maxKeys: 2 }),
    patternProperties: fc.dictionary(fc.constantFrom("^a", "b$"), tie("schema"), { maxKeys: 1 }),
    additionalProperties: tie("schema"),
    items: tie("schema"),
    prefixItems: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }),
    contains: tie("schema"),
    minContains: limit,
    not: tie("schema"),
    anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }),
    unevaluatedProperties: fc.boolean(),
    nullable: fc.constant(true),
    title: fc.constant("words"),
  };
  const some = fc
    .uniqueArray(fc.constantFrom(...Object.keys(keywords)), { minLength: 1, maxLength: 3 })
    .chain((chosen) =>
      fc.record(Object.fromEntries(chosen.map((key) => [key, keywords[key] ?? fc.constant(0)]))),
    );
  return {
    schema: fc.oneof(
      { maxDepth: 2 },
      { weight: 1, arbitrary: fc.boolean() },
      { weight: 4, arbitrary: some },
    ),
  };
}).schema;
