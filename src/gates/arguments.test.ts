import { describe, expect, it } from "vitest";
import { createArgumentChecker } from "./arguments.ts";

const checker = createArgumentChecker();
/** In English; `whose` is the same in both languages here. */
const said = (schema: unknown, args: unknown, whose: string) =>
  checker.problems(schema, args, { en: whose, "zh-TW": whose }).map(({ en }) => en);

const schema = {
  type: "object",
  properties: { path: { type: "string", pattern: "^/var/cache/" }, level: { enum: [1, 2] } },
  required: ["path"],
  additionalProperties: false,
};

describe("arguments against a JSON Schema", () => {
  it("pass when they fit", () => {
    expect(said(schema, { path: "/var/cache/shop", level: 2 }, "the schema")).toEqual([]);
  });

  it("are those that were sent, not what every object has", () => {
    const named = (more: object) => ({
      type: "object",
      properties: { constructor: { type: "string" } },
      ...more,
    });
    expect(said(named({}), {}, "the schema")).toEqual([]);
    const [missing] = said(named({ required: ["constructor"] }), {}, "the schema");
    expect(missing).toContain("required property 'constructor'");
    const needs = { type: "object", dependentRequired: { toString: ["path"] } };
    expect(said(needs, {}, "the schema")).toEqual([]);
  });

  it.each([
    [{}, "required property 'path'"],
    [{ path: "/etc" }, 'path must match pattern "^/var/cache/"'],
    [{ path: "/var/cache/x", force: true }, "(force)"],
    [{ path: 5 }, "path must be string"],
  ])("say what does not fit in %j", (args, words) => {
    const [problem] = said(schema, args, "the schema");
    expect(problem).toContain(words);
    expect(problem).toContain("says the schema");
  });

  it.each([
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
  ])("are checked in the dialect that the schema declares: %s", ($schema) => {
    const declared = { $schema, ...schema };
    expect(said(declared, { path: "/var/cache/shop" }, "s")).toEqual([]);
    expect(said(declared, { path: "/etc" }, "s")).toHaveLength(1);
  });

  it("are checked by the schema that was asked, though others call themselves the same", () => {
    const called = (type: string) => ({
      $id: "https://a.example/args",
      properties: { a: { type } },
    });
    expect(said(called("string"), { a: "x" }, "s")).toEqual([]);
    expect(said(called("number"), { a: "x" }, "s")).toHaveLength(1);
    const nested = (type: string) => ({
      properties: { a: { $ref: "#part" } },
      $defs: { part: { $anchor: "part", type } },
    });
    expect(said(nested("string"), { a: "x" }, "s")).toEqual([]);
    expect(said(nested("number"), { a: "x" }, "s")).toHaveLength(1);
  });

  const text = { type: "string" };
  const one = { contains: { const: 1 } };
  it.each([
    ["", { prefixItems: [text, text], ...one }],
    ["https://json-schema.org/draft/2020-12/schema", { prefixItems: [text], items: true, ...one }],
    ["https://json-schema.org/draft/2019-09/schema", { items: [text], ...one }],
    ["http://json-schema.org/draft-07/schema#", { items: [text], additionalItems: {}, ...one }],
  ])(
    "are checked by every rule for a list, also when it has no first items: %s",
    ($schema, list) => {
      const declared = {
        ...($schema && { $schema }),
        properties: { list, lists: { contains: list } },
      };
      const problems = (args: unknown) => said(declared, args, "s");
      expect(problems({ list: [] })).toEqual([
        "list must contain at least 1 valid item(s), says s",
      ]);
      expect(problems({ list: ["a"] })).toHaveLength(1);
      expect(problems({ list: [5, 1] })).toEqual(["list.0 must be string, says s"]);
      expect(problems({ list: ["a", "b", 1] })).toEqual([]);
      // What was found of one list says nothing about the next.
      expect(problems({ lists: [[5, 1], []] })).toHaveLength(1);
      expect(problems({ lists: [[5, 1], [], ["a", "b", 1]] })).toEqual([]);
    },
  );

  it.each([
    ["https://json-schema.org/draft/2020-12/schema", {}],
    ["https://json-schema.org/draft/2020-12/schema", { minContains: 2 }],
    ["https://json-schema.org/draft/2020-12/schema", { maxContains: 2 }],
    ["https://json-schema.org/draft/2019-09/schema", { minContains: 1 }],
    ["http://json-schema.org/draft-07/schema#", { minContains: 2, maxContains: 0 }],
  ])("are checked list by list, also an empty one after another: %s %j", ($schema, more) => {
    const list = { contains: { const: 1 }, ...more };
    const declared = { $schema, properties: { lists: { items: list } } };
    expect(said(declared, { lists: [[1, 1], []] }, "s")).toHaveLength(1);
    expect(
      said(
        declared,
        {
          lists: [
            [1, 1],
            [0, 1, 1],
          ],
        },
        "s",
      ),
    ).toEqual([]);
  });

  it("are not checked by a schema that would take long to compile", () => {
    const many = (count: number) => ({
      properties: Object.fromEntries(
        Array.from({ length: count }, (_, at) => [`p${at}`, { type: "string" }]),
      ),
    });
    expect(checker.schemaProblem(many(1_000))).toBeUndefined();
    expect(checker.schemaProblem(many(2_000))).toBe("it has more than 1500 parts");
    expect(said(many(2_000), {}, "s")).toEqual(["s can't be used: it has more than 1500 parts"]);
    // Values are no parts.
    const values = Array.from({ length: 5_000 }, (_, at) => at);
    expect(said({ properties: { a: { enum: values } } }, { a: 4_999 }, "s")).toEqual([]);
  });

  it("are checked by hundreds of schemas, good and bad, each by its own", () => {
    for (let at = 0; at < 450; at++) {
      const one = { $defs: { a: { const: at } }, properties: { a: { $ref: "#/$defs/a" } } };
      expect(checker.schemaProblem(one)).toBeUndefined();
      expect(said(one, { a: at }, "s")).toEqual([]);
      expect(said(one, { a: at + 1 }, "s")).toHaveLength(1);
      expect(checker.schemaProblem({ type: `t${at}` })).toEqual(expect.any(String));
    }
  });

  it("fit no schema that would only promise an answer", () => {
    const promised = { $async: true, type: "object", required: ["path"] };
    expect(checker.schemaProblem(promised)).toContain("$async");
    expect(said(promised, {}, "s")).toHaveLength(1);
  });

  it("are checked by what a keyword means in that dialect", () => {
    const pair = { properties: { a: { items: [{ type: "string" }], additionalItems: false } } };
    const old = { $schema: "http://json-schema.org/draft-07/schema#", ...pair };
    expect(said(old, { a: ["x"] }, "s")).toEqual([]);
    expect(said(old, { a: ["x", "y"] }, "s")).toHaveLength(1);
  });

  it("tell two patterns of one schema apart", () => {
    const two = { properties: { a: { pattern: "^x$" }, b: { pattern: "^y$" } } };
    expect(said(two, { a: "x", b: "y" }, "s")).toEqual([]);
    expect(said(two, { a: "x", b: "x" }, "s")).toHaveLength(1);
  });

  it("run an evil pattern in linear time", () => {
    const evil = { properties: { a: { type: "string", pattern: "^(a+)+$" } } };
    expect(said(evil, { a: `${"a".repeat(50_000)}!` }, "s")).toHaveLength(1);
  });

  it("know look-around and large counts, which RE2 does not, and end them when they take too long", () => {
    const email = { properties: { a: { pattern: "^(?!\\.)[a-z.]{1,2000}@x$" } } };
    expect(said(email, { a: "me.you@x" }, "s")).toEqual([]);
    expect(said(email, { a: ".me@x" }, "s")).toHaveLength(1);
    const evil = { properties: { a: { pattern: "^(?!b)(a+)+$" } } };
    expect(said(evil, { a: `${"a".repeat(60)}!` }, "s")[0]).toContain("timed out");
  });

  it.each([
    ["that is no schema", { type: "nonsense" }],
    ["with a pattern that is none", { properties: { a: { pattern: "(" } } }],
    ["with a reference to nowhere", { $ref: "https://example.invalid/schema" }],
    ["that is too large", { description: "x".repeat(200_000) }],
  ])("let nothing pass a schema %s", (_, bad) => {
    expect(said(bad, { a: "y" }, "the schema")[0]).toContain("the schema can't be used");
  });
});
