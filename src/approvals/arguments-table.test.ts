import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { argumentsTable, changesBetween, shapeHash } from "./arguments-table.ts";

const rowsOf = (args: Record<string, unknown>) =>
  argumentsTable(args).rows.map(({ path, type, value }) => [path, type, value]);

describe("arguments as a table", () => {
  it("names each value by its path, and shows what type it is", () => {
    expect(
      rowsOf({
        n: 5,
        s: "5",
        yes: true,
        nothing: null,
        spec: { hosts: [{ name: "web-3" }, { name: "web-4" }], none: [], empty: {} },
        "odd key": 1,
      }),
    ).toEqual([
      ["n", "number", "5"],
      ["s", "string", '"5"'],
      ["yes", "boolean", "true"],
      ["nothing", "null", "null"],
      ["spec.hosts[0].name", "string", '"web-3"'],
      ["spec.hosts[1].name", "string", '"web-4"'],
      ["spec.none", "array", "[]"],
      ["spec.empty", "object", "{}"],
      ['["odd key"]', "number", "1"],
    ]);
    expect(argumentsTable({})).toEqual({ rows: [], more: 0 });
  });

  it("shows what nobody would see", () => {
    expect(rowsOf({ file: "gpj.\u202eexe\u200b", "a\u200bb": 1 })).toEqual([
      ["file", "string", '"gpj.\\u{202e}exe\\u{200b}"'],
      ['["a\\u{200b}b"]', "number", "1"],
    ]);
  });

  it("cuts a long value, says how long it is, and counts the rows that are too many", () => {
    const [row] = argumentsTable({ text: "𝕏".repeat(1_000) }).rows;
    expect([...(row?.value ?? "")]).toHaveLength(400);
    expect(row?.value.endsWith("𝕏…")).toBe(true);
    expect(row?.length).toBe(1_002);
    const many = argumentsTable({ list: Array.from({ length: 100 }, (_, at) => at) });
    expect([many.rows.length, many.more]).toEqual([60, 40]);
  });

  it("leaves no value out, whatever the arguments are", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (args) => {
        const { rows, more } = argumentsTable(args as Record<string, unknown>);
        expect(rows.length + more).toBeGreaterThanOrEqual(Object.keys(args).length);
        expect(rows.every(({ value, path }) => value.length > 0 && path.length > 0)).toBe(true);
      }),
      { seed: 5, numRuns: 200 },
    );
  });
});

describe("what differs", () => {
  it("is told by path, added and removed ones too", () => {
    const changes = changesBetween(
      { a: 1, b: "x", list: [1, 2] },
      { a: "1", c: {}, list: [1] },
      false,
    );
    expect(changes).toEqual({
      rows: [
        { path: "a", before: "1", after: '"1"' },
        { path: "b", before: '"x"', after: null },
        { path: "list[1]", before: "2", after: null },
        { path: "c", before: null, after: "{}" },
      ],
      more: 0,
      hidden: false,
    });
  });

  it("may be what is not shown", () => {
    const shown = { password: "[redacted]" };
    expect(changesBetween(shown, shown, false)).toEqual({ rows: [], more: 0, hidden: true });
    expect(changesBetween(shown, shown, true).hidden).toBe(false);
  });

  it("is nothing between the same, and something between others", () => {
    const args = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(args, args, (one, other) => {
        const before = one as Record<string, unknown>;
        const after = other as Record<string, unknown>;
        expect(changesBetween(before, structuredClone(before), true).rows).toEqual([]);
        const isSame = shapeHash({ one }) === shapeHash({ one: other });
        if (!isSame) expect(changesBetween(before, after, false).rows).not.toEqual([]);
      }),
      { seed: 5, numRuns: 200 },
    );
  });
});

describe("the form of arguments", () => {
  it("is of names and types, whatever the values, their order and how many there are in a list", () => {
    const form = shapeHash({ path: "/a", list: [1, 2], deep: { x: null } });
    expect(form).toMatch(/^[0-9a-f]{64}$/);
    expect(shapeHash({ deep: { x: null }, list: [7], path: "" })).toBe(form);
    for (const other of [
      { path: 1, list: [1], deep: { x: null } },
      { path: "/a", list: [], deep: { x: null } },
      { path: "/a", list: ["1"], deep: { x: null } },
      { path: "/a", list: [1], deep: {} },
      { path: "/a", list: [1], "deep.x": null },
      { path: "/a", list: [1], deep: { x: null }, more: true },
    ])
      expect(shapeHash(other)).not.toBe(form);
  });
});
