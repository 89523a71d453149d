import { expect, test } from "vitest";
import { partMinutes } from "./parts.ts";

test("a time is shown in at most 28 parts, and in hours where it is a day", () => {
  expect([1, 6, 24, 48, 72, 168].map(partMinutes)).toEqual([5, 15, 60, 120, 180, 360]);
  for (let hours = 1; hours <= 168; hours += 1) {
    const parts = (hours * 60) / partMinutes(hours);
    expect(parts, `${hours} h`).toBeLessThanOrEqual(28);
    expect(parts, `${hours} h`).toBeGreaterThanOrEqual(2);
  }
});
