import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { afterEnd, type Backoff, NO_BACKOFF } from "./backoff.ts";

/** The waits of a program that ends again and again, in milliseconds. */
function waits(times: number, chance: number, livedMs = 10): number[] {
  let backoff: Backoff = NO_BACKOFF;
  return Array.from({ length: times }, () => {
    backoff = afterEnd(backoff, { now: 1_000_000, livedMs, chance });
    return backoff.nextAt - 1_000_000;
  });
}

describe("how long a program that ended has to wait", () => {
  it("is not at all the first time, then twice as long each time, and never over a minute", () => {
    expect(waits(9, 1)).toEqual([0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    expect(waits(4, 0)).toEqual([0, 500, 1000, 2000]);
  });

  it("begins anew after it has lived for half a minute", () => {
    const before = { ends: 7, nextAt: 5 };
    const end = { now: 9, livedMs: 30_000, chance: 0.5 };
    expect(afterEnd(before, end)).toEqual({ ends: 1, nextAt: 9 });
  });

  it("lies between half and all of the wait, whatever the chance", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (times, chance) => {
          const [most, some] = [waits(times, 1).at(-1) ?? 0, waits(times, chance).at(-1) ?? 0];
          expect(some).toBeGreaterThanOrEqual(most / 2);
          expect(some).toBeLessThanOrEqual(most);
        },
      ),
    );
  });
});
