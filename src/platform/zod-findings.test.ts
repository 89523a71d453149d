import { describe, expect, it } from "vitest";
import { z } from "zod";
import { asIssue, type Finding, says } from "./findings-contract.ts";
import { findingOf } from "./zod-findings.ts";

function found(schema: z.ZodType, value: unknown): Finding | undefined {
  const [issue] = schema.safeParse(value).error?.issues ?? [];
  return issue && findingOf(issue);
}

describe("what zod finds", () => {
  it.each<[string, z.ZodType, unknown, Partial<Finding>]>([
    ["a text", z.string(), 1, { code: "no_text", message: "must be a text" }],
    ["a number", z.number(), "1", { code: "no_number" }],
    ["a whole number", z.number().int(), 1.5, { code: "no_whole_number" }],
    ["a list", z.array(z.string()), {}, { code: "no_list" }],
    ["an object", z.strictObject({}), [], { code: "no_object" }],
    ["a record", z.record(z.string(), z.string()), 5, { code: "no_object" }],
    ["yes or no", z.boolean(), "yes", { code: "no_boolean" }],
    ["something", z.string().min(1), "", { code: "empty" }],
    ["more characters", z.string().min(3), "ab", { code: "too_short", params: { min: 3 } }],
    ["fewer characters", z.string().max(3), "abcd", { code: "too_long", params: { max: 3 } }],
    ["an entry", z.array(z.string()).min(1), [], { code: "empty" }],
    ["more entries", z.array(z.string()).min(2), ["a"], { code: "too_few", params: { min: 2 } }],
    ["fewer entries", z.array(z.string()).max(1), ["a", "b"], { code: "too_many" }],
    ["more", z.number().min(2), 1, { code: "too_small", params: { min: 2 } }],
    ["less", z.number().max(2), 3, { code: "too_large", params: { max: 2 } }],
    ["more than", z.number().gt(2), 2, { code: "not_above", params: { min: 2 } }],
    ["less than", z.number().lt(2), 2, { code: "not_below", params: { max: 2 } }],
    ["a multiple", z.number().multipleOf(5), 7, { code: "no_multiple", params: { step: 5 } }],
    ["one of", z.enum(["a", "b"]), "c", { code: "not_one_of", params: { values: '"a"|"b"' } }],
    ["just this", z.literal("a"), "b", { code: "not_exactly", params: { value: '"a"' } }],
    ["a pattern", z.string().regex(/^a+$/), "b", { code: "no_match" }],
    ["a format", z.iso.datetime(), "b", { code: "no_format", params: { format: "datetime" } }],
    ["no other field", z.strictObject({}), { a: 1 }, { code: "unknown_field" }],
    ["an alternative", z.union([z.string(), z.number()]), true, { code: "no_alternative" }],
  ])("wants %s", (_, schema, value, expected) => {
    expect(found(schema, value)).toMatchObject(expected);
  });

  it("names what a union knows its alternatives by", () => {
    const by = z.discriminatedUnion("by", [
      z.object({ by: z.literal("mail") }),
      z.object({ by: z.literal("post") }),
    ]);
    expect(found(by, { by: "pigeon" })).toMatchObject({
      code: "not_one_of",
      params: { values: '"mail"|"post"' },
    });
  });

  it("is what the schema says itself, declared or depending on the value", () => {
    const slug = z.string().regex(/^[a-z]+$/, says("no_slug"));
    expect(found(slug, "A")).toMatchObject({ code: "no_slug", params: {} });
    const list = z.array(z.string()).superRefine(([name = ""], context) => {
      context.addIssue(asIssue("listed_twice", { name }));
    });
    expect(found(list, ["a", "a"])).toMatchObject({ code: "listed_twice", params: { name: "a" } });
  });

  it("is told in its own words where nothing else is known", () => {
    const odd = z.string().refine(() => false, "is odd");
    expect(found(odd, "x")).toEqual({
      code: "other",
      params: { said: "is odd" },
      message: "is odd",
    });
  });
});
