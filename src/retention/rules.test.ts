import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countWithin, isForgettable, isHeld, type OldEvent, repeatKey } from "./rules.ts";

const sum = (weights: readonly number[]) => weights.reduce((total, weight) => total + weight, 0);

describe("how many runs one transaction takes", () => {
  it.each([
    [[], 0],
    [[1, 2, 3], 3],
    [[1, 2, 8], 2],
    [[10], 1],
    [[99], 1],
    [[99, 1], 1],
    [[0, 0, 10, 1], 3],
  ])("of runs with %j steps and calls, %d when ten are the most", (weights, taken) => {
    expect(
      countWithin(
        weights.map((weight) => ({ weight })),
        10,
      ),
    ).toBe(taken);
  });

  it("is as many as fit, and never none", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 1 }), fc.nat(100), (weights, most) => {
        const taken = countWithin(
          weights.map((weight) => ({ weight })),
          most,
        );
        expect(taken).toBeGreaterThanOrEqual(1);
        if (taken > 1) expect(sum(weights.slice(0, taken))).toBeLessThanOrEqual(most);
        if (taken < weights.length) expect(sum(weights.slice(0, taken + 1))).toBeGreaterThan(most);
      }),
    );
  });
});

describe("an old event", () => {
  const event: OldEvent = {
    event_id: "e",
    provider_event_id: "p",
    channel_id: "alerts",
    run_id: "r",
    is_duplicate: false,
  };
  const none = new Set<string>();
  const needs = (held: string[], repeated: OldEvent[] = []) => ({
    held: new Set(held),
    repeated: new Set(repeated.map(repeatKey)),
  });

  it.each(["e", "p", "r"])("is held by the run that it names or that names it: %s", (id) => {
    expect(isHeld(event, { held: new Set([id]) })).toBe(true);
    expect(isForgettable(event, needs([id]))).toBe(false);
  });

  it("goes when nothing needs it", () => {
    expect(isForgettable(event, needs([]))).toBe(true);
    expect(isForgettable({ ...event, run_id: null }, needs(["r"]))).toBe(true);
    expect(isHeld(event, { held: none })).toBe(false);
  });

  it("stays as what repeats are told by, if it was the first of them", () => {
    expect(isForgettable(event, needs([], [event]))).toBe(false);
    expect(isForgettable({ ...event, is_duplicate: true }, needs([], [event]))).toBe(true);
    const elsewhere = { ...event, channel_id: "other" };
    expect(isForgettable(event, needs([], [elsewhere]))).toBe(true);
  });
});
