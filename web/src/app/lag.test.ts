import { expect, test } from "vitest";
import { LagMeter, reconnectDelay } from "./lag.ts";

test("a clock that is ahead or behind does not count as delay", () => {
  const meter = new LagMeter();
  expect(meter.measure(1_000, 61_020)).toBe(0);
  expect(meter.measure(2_000, 62_250)).toBe(230);
  expect(meter.measure(3_000, 63_005)).toBe(0);
  expect(meter.measure(4_000, 64_020)).toBe(15);
});

test("reconnecting slows down and stays bounded", () => {
  expect([0, 1, 2, 3, 4, 9].map(reconnectDelay)).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000]);
});
