import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DiffRow, diffLines, folded, type SideLine } from "./line-diff.ts";

const textOf = (line: SideLine | undefined) => line?.pieces.map(({ text }) => text).join("");
const marked = (line: SideLine | undefined) =>
  line?.pieces.filter(({ isNew }) => isNew).map(({ text }) => text);

describe("comparing two texts", () => {
  test("puts a changed line beside what it was, and marks the words", () => {
    const rows = diffLines("a: 1\nmin: 6h\nz: 9\n", "a: 1\nmin: 12h\nz: 9\n");
    expect(rows.map(({ kind }) => kind)).toEqual(["same", "changed", "same"]);
    expect([marked(rows[1]?.before), marked(rows[1]?.after)]).toEqual([["6h"], ["12h"]]);
  });

  test("leaves a side empty where a line came or went", () => {
    const rows = diffLines("a\nb\nc", "a\nc\nd");
    expect(rows.map((row) => [row.before?.number, row.after?.number])).toEqual([
      [1, 1],
      [2, undefined],
      [3, 2],
      [undefined, 3],
    ]);
  });

  test("marks no words in lines that only happen to stand side by side", () => {
    const [row] = diffLines("- tool: a", "effect: write");
    expect([marked(row?.before), marked(row?.after)]).toEqual([[], []]);
  });

  test("shows every line of both texts once, in order, with its number", () => {
    const line = fc.constantFrom("a: 1", "b: 2", "  c: 3", "", "d: four words in it");
    const text = fc.array(line, { maxLength: 30 }).map((lines) => lines.join("\n"));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const rows = diffLines(before, after);
        for (const [side, whole] of [
          ["before", before],
          ["after", after],
        ] as const) {
          const lines = rows.flatMap((row) => row[side] ?? []);
          expect(lines.map(({ number }) => number)).toEqual(lines.map((_, at) => at + 1));
          expect(lines.map(textOf).join("\n")).toBe(whole.replace(/\n$/, ""));
        }
        const unfolded = folded(rows).flatMap((row): DiffRow[] =>
          row.kind === "folded" ? row.rows : [row],
        );
        expect(unfolded).toEqual(rows);
      }),
    );
  });

  test("folds what is far from any change", () => {
    const lines = Array.from({ length: 20 }, (_, at) => `line: ${at}`);
    const rows = folded(diffLines(lines.join("\n"), lines.with(10, "line: ten").join("\n")));
    expect(rows.map((row) => (row.kind === "folded" ? row.rows.length : row.kind))).toEqual([
      7,
      "same",
      "same",
      "same",
      "changed",
      "same",
      "same",
      "same",
      6,
    ]);
  });
});
