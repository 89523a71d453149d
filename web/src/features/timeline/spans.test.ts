import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ItemOf } from "../../app/api.ts";
import {
  labelWidth,
  packRows,
  piecesOf,
  positionOf,
  type Span,
  spansOf,
  ticksOf,
  totalsOf,
} from "./spans.ts";

const T0 = Date.parse("2026-11-22T03:07:58.000Z");
const change = (status: string, ms: number): ItemOf<"run"> => ({
  id: `${status}-${ms}`,
  ts: new Date(T0 + ms).toISOString(),
  kind: "run",
  title: status,
  title_key: status,
  status,
  summary: null,
  metadata: { from_state: null },
});

const APPROVED = [
  change("pending", 0),
  change("running", 50),
  change("waiting_approval", 7_250),
  change("running", 282_250),
  change("completed", 286_250),
];

describe("spansOf", () => {
  test("machine works, a person thinks, and a queue is neither", () => {
    const spans = spansOf(APPROVED, T0 + 999_999);
    expect(spans.map((s) => [s.who, s.until - s.from, s.open])).toEqual([
      ["idle", 50, false],
      ["machine", 7_200, false],
      ["person", 275_000, false],
      ["machine", 4_000, false],
    ]);
    expect(totalsOf(spans)).toEqual({
      machine: 11_200,
      person: 275_000,
      idle: 50,
      total: 286_250,
    });
  });

  test("an open run reaches to the present", () => {
    const spans = spansOf(APPROVED.slice(0, 3), T0 + 10_250);
    expect(spans.at(-1)).toEqual({
      who: "person",
      from: T0 + 7_250,
      until: T0 + 10_250,
      open: true,
    });
  });

  test("a clock of ours that is behind makes no negative span", () => {
    expect(spansOf(APPROVED.slice(0, 3), T0).at(-1)).toMatchObject({ from: T0 + 7_250 });
    expect(totalsOf(spansOf(APPROVED.slice(0, 3), T0)).person).toBe(0);
    expect(spansOf([], T0)).toEqual([]);
  });
});

describe("the axis", () => {
  const spans = spansOf(APPROVED, T0);

  test("to scale, the wait takes its share", () => {
    const pieces = piecesOf(spans, false);
    expect(pieces.at(-1)?.x1).toBeCloseTo(1);
    expect(positionOf(pieces, T0 + 143_125)).toBeCloseTo(0.5, 3);
  });

  test("folded, the wait takes a tenth and the work the rest", () => {
    const pieces = piecesOf(spans, true);
    expect(pieces.map((p) => p.folded)).toEqual([false, false, true, false]);
    const wait = pieces[2];
    expect((wait?.x1 ?? 0) - (wait?.x0 ?? 0)).toBeCloseTo(0.1);
    const ticks = ticksOf(pieces);
    expect(ticks.filter((t) => t.since === 0).map((t) => t.at - T0)).toEqual([0, 282_250]);
    expect(ticks.find((t) => t.since === 2000)?.at).toBe(T0 + 2000);
  });

  test("positions never run backwards and stay on the axis, whatever the spans", () => {
    const spansArb = fc
      .array(
        fc.record({
          who: fc.constantFrom("machine", "person", "idle") as fc.Arbitrary<Span["who"]>,
          length: fc.integer({ min: 0, max: 1_000_000 }),
        }),
        { minLength: 1, maxLength: 12 },
      )
      .map((parts) => {
        let at = T0;
        return parts.map(({ who, length }): Span => {
          const from = at;
          at += length;
          return { who, from, until: at, open: false };
        });
      });
    fc.assert(
      fc.property(spansArb, fc.boolean(), (made, fold) => {
        const pieces = piecesOf(made, fold);
        let last = 0;
        for (let i = 0; i <= 20; i += 1) {
          const from = pieces[0]?.from ?? 0;
          const until = pieces.at(-1)?.until ?? 0;
          const x = positionOf(pieces, from + ((until - from) * i) / 20);
          expect(x).toBeGreaterThanOrEqual(last - 1e-9);
          expect(x).toBeLessThanOrEqual(1 + 1e-9);
          last = x;
        }
        for (const tick of ticksOf(pieces)) expect(tick.x).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });
});

test("packRows keeps bars and labels apart, and puts a label left where right has no room", () => {
  const placed = packRows([
    { item: "a", x0: 0, x1: 0.1, label: 0.2 },
    { item: "b", x0: 0.15, x1: 0.2, label: 0.1 },
    { item: "c", x0: 0.4, x1: 0.5, label: 0.1 },
    { item: "d", x0: 0.9, x1: 0.95, label: 0.2 },
  ]);
  expect(placed.map((p) => [p.item, p.row, p.labelLeft])).toEqual([
    ["a", 0, false],
    ["b", 1, false],
    ["c", 0, false],
    ["d", 0, true],
  ]);
});

test("a label in Chinese is about twice as wide as one in Latin letters", () => {
  expect(labelWidth("關卡")).toBeGreaterThan(labelWidth("gate") * 0.9);
  expect(labelWidth("關卡")).toBeGreaterThan(labelWidth("ga") * 1.5);
});
