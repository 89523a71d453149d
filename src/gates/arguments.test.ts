import { describe, expect, it } from "vitest";
import { createArgumentChecker } from "./arguments.ts";

const checker = createArgumentChecker();
const schema = {
  type: "object",
  properties: { path: { type: "string", pattern: "^/var/cache/" }, level: { enum: [1, 2] } },
  required: ["path"],
  additionalProperties: false,
};

describe("arguments against a JSON Schema", () => {
  it("pass when they fit", () => {
    expect(checker.problems(schema, { path: "/var/cache/shop", level: 2 }, "the schema")).toEqual(
      [],
    );
  });

  it.each([
    [{}, "required property 'path'"],
    [{ path: "/etc" }, 'path must match pattern "^/var/cache/"'],
    [{ path: "/var/cache/x", force: true }, "(force)"],
    [{ path: 5 }, "path must be string"],
  ])("say what does not fit in %j", (args, words) => {
    const [problem] = checker.problems(schema, args, "the schema");
    expect(problem).toContain(words);
    expect(problem).toContain("says the schema");
  });

  it("tell two patterns of one schema apart", () => {
    const two = { properties: { a: { pattern: "^x$" }, b: { pattern: "^y$" } } };
    expect(checker.problems(two, { a: "x", b: "y" }, "s")).toEqual([]);
    expect(checker.problems(two, { a: "x", b: "x" }, "s")).toHaveLength(1);
  });

  it("run an evil pattern in linear time", () => {
    const evil = { properties: { a: { type: "string", pattern: "^(a+)+$" } } };
    expect(checker.problems(evil, { a: `${"a".repeat(50_000)}!` }, "s")).toHaveLength(1);
  });

  it.each([
    ["that is no schema", { type: "nonsense" }],
    ["with a pattern that can't be run safely", { properties: { a: { pattern: "(?<!x)y" } } }],
    ["with a reference to nowhere", { $ref: "https://example.invalid/schema" }],
    ["that is too large", { description: "x".repeat(200_000) }],
  ])("let nothing pass a schema %s", (_, bad) => {
    expect(checker.problems(bad, { a: "y" }, "the schema")[0]).toContain(
      "the schema can't be used",
    );
  });
});
