import fc from "fast-check";
import { expect, test } from "vitest";
import { axisLabels } from "./axis.ts";
import { labelWidth, piecesOf, type Span } from "./spans.ts";

const texts = {
  tick: ({ since }: { since: number }) => `+${since} ms`,
  fold: () => ["3 min folded", "3 min"],
};

const spans = fc
  .array(fc.integer({ min: 1, max: 400_000 }), { minLength: 1, maxLength: 12 })
  .map((lengths) => {
    let at = 1_700_000_000_000;
    return lengths.map((ms, i): Span => {
      const from = at;
      at += ms;
      return { who: i % 2 === 0 ? "machine" : "person", from, until: at, open: false };
    });
  });

test("no two labels touch, and none leaves the lanes, however short a stretch between two waits is", () => {
  fc.assert(
    fc.property(spans, fc.integer({ min: 100, max: 1400 }), (some, width) => {
      const shown = axisLabels(piecesOf(some, true), width, texts)
        .filter(({ text }) => text !== "")
        .map(({ kind, x, text }) => {
          const wide = labelWidth(text);
          const from = x * width - (kind === "first" ? 0 : wide / 2);
          return { from, until: from + wide };
        })
        .sort((a, b) => a.from - b.from);
      shown.forEach((label, i) => {
        expect(label.from).toBeGreaterThanOrEqual(0);
        expect(label.until).toBeLessThanOrEqual(width);
        const next = shown[i + 1];
        if (next) expect(next.from).toBeGreaterThanOrEqual(label.until + 5.99);
      });
    }),
  );
});

test("where there is room, all of it is said", () => {
  const labels = axisLabels(
    [
      { from: 0, until: 1000, x0: 0, x1: 0.45, folded: false },
      { from: 1000, until: 200_000, x0: 0.45, x1: 0.55, folded: true },
      { from: 200_000, until: 201_000, x0: 0.55, x1: 1, folded: false },
    ],
    1200,
    texts,
  );
  expect(labels.filter(({ kind }) => kind !== "tick").map(({ text }) => text)).toEqual([
    "+0 ms",
    "+0 ms",
    "3 min folded",
  ]);
  expect(labels.every(({ text }) => text !== "")).toBe(true);
});

test("where there is little room, a fold is said shorter", () => {
  const fold = { from: 0, until: 200_000, x0: 0.4, x1: 0.5, folded: true };
  const rest = { from: 200_000, until: 201_000, x0: 0.5, x1: 1, folded: false };
  const said = (width: number) =>
    axisLabels([fold, rest], width, texts).find(({ kind }) => kind === "fold")?.text;
  expect([said(1000), said(600), said(200)]).toEqual(["3 min folded", "3 min", ""]);
});
