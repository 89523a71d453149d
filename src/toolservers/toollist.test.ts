import { describe, expect, it } from "vitest";
import { readPage, readTools } from "./toollist.ts";

const tool = (name: string, more: object = {}) => ({
  name,
  inputSchema: { type: "object" },
  ...more,
});

describe("readTools", () => {
  it("keeps usable tools as they are", () => {
    const listed = [tool("a", { title: "A", icons: [] }), tool("b.c/d-e_f:9")];
    expect(readTools(listed)).toEqual({ tools: listed, refused: [] });
  });

  it.each([
    ["no object", 7, "(a tool without a valid name or schema)"],
    ["no name", { inputSchema: {} }, "(a tool without a valid name or schema)"],
    ["a name with a space", tool("a b"), "(a tool without a valid name or schema)"],
    ["a name of 129 characters", tool("a".repeat(129)), "(a tool without a valid name or schema)"],
    ["no schema", { name: "a" }, "(a tool without a valid name or schema)"],
    [
      "a schema that is a list",
      { name: "a", inputSchema: [] },
      "(a tool without a valid name or schema)",
    ],
    ["a NUL somewhere", tool("a", { description: "x\0y" }), "a"],
    ["half of a surrogate pair", tool("a", { description: "x\ud800y" }), "a"],
  ])("refuses %s", (_what, item, name) => {
    expect(readTools([item, tool("good", { description: "\\u0000 is fine" })])).toMatchObject({
      tools: [{ name: "good" }],
      refused: [name],
    });
  });

  it("refuses over HTTP what wants headers that there can't be, and says why", () => {
    const region = { type: "string", "x-mcp-header": "a b" };
    const listed = [tool("a", { inputSchema: { properties: { region } } }), tool("b")];
    expect(readTools(listed).refused).toEqual([]);
    expect(readTools(listed, true)).toMatchObject({
      tools: [{ name: "b" }],
      refused: [expect.stringContaining("a: x-mcp-header")],
    });
  });

  it("keeps the first of two with one name, and a thousand at most", () => {
    const first = tool("a", { description: "first" });
    expect(readTools([first, tool("a")])).toEqual({ tools: [first], refused: ["a"] });
    const many = Array.from({ length: 1001 }, (_, n) => tool(`t${n}`));
    const { tools, refused } = readTools(many);
    expect([tools.length, refused]).toEqual([1000, ["t1000"]]);
  });
});

describe("readPage", () => {
  it("takes a list and its cursor, and nothing else for one", () => {
    expect(readPage({ tools: [1], nextCursor: "x" })).toEqual({ tools: [1], nextCursor: "x" });
    expect(readPage({ tools: [] })).toEqual({ tools: [], nextCursor: undefined });
    expect(readPage({ tools: "none" })).toBeUndefined();
  });
});
