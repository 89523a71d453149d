import { describe, expect, test } from "vitest";
import {
  countdown,
  durationParts,
  ended,
  money,
  moneyLimit,
  sharedPrefix,
  shortHash,
  wallTime,
  zoneName,
} from "./format.ts";

describe("durationParts", () => {
  test.each([
    [0, { unit: "ms", a: "0" }],
    [212, { unit: "ms", a: "212" }],
    [999.7, { unit: "s", a: "1.0" }],
    [6_100, { unit: "s", a: "6.1" }],
    [9_960, { unit: "s", a: "10" }],
    [59_700, { unit: "min", a: "1", b: "00" }],
    [206_000, { unit: "min", a: "3", b: "26" }],
    [3_600_000, { unit: "h", a: "1", b: "00" }],
    [90_000_000, { unit: "d", a: "1", b: "1" }],
    [-5, { unit: "ms", a: "0" }],
  ])("%d ms", (ms, parts) => {
    expect(durationParts(ms)).toEqual(parts);
  });

  test("a sum keeps its decimal up to a minute", () => {
    expect(durationParts(11_320, true)).toEqual({ unit: "s", a: "11.3" });
    expect(durationParts(59_960, true)).toEqual({ unit: "min", a: "1", b: "00" });
  });
});

test("countdown rounds up, so that 0:00 means over", () => {
  expect(countdown(702_000, "en")).toBe("11:42");
  expect(countdown(107_001, "en")).toBe("1:48");
  expect(countdown(1, "en")).toBe("0:01");
  expect(countdown(-10, "en")).toBe("0:00");
  expect(countdown(3_723_000, "en")).toBe("1:02:03");
  expect(countdown(47 * 3_600_000, "en")).toBe("47:00:00");
  expect(countdown(71 * 3_600_000, "en")).toBe("2 days");
  expect(countdown(74 * 365 * 86_400_000, "zh-TW")).toBe("74 年");
});

test("money never shows a float artefact and never hides a small sum", () => {
  expect(money(0.1 + 0.2, "en")).toBe("$0.3000");
  expect(money(0.000012, "en")).toBe("$0.000012");
  expect(money(0, "zh-TW")).toBe("$0.0000");
  expect(moneyLimit(0.5, "en")).toBe("$0.50");
  expect(moneyLimit(0.0125, "en")).toBe("$0.0125");
});

test("sharedPrefix dims whole parts only", () => {
  expect(sharedPrefix(null, "03:07:58.214")).toEqual(["", "03:07:58.214"]);
  expect(sharedPrefix("03:07:58.214", "03:07:58.240")).toEqual(["03:07:58", ".240"]);
  expect(sharedPrefix("03:07:58.645", "03:07:59.312")).toEqual(["03:07:", "59.312"]);
  expect(sharedPrefix("03:07:59.312", "03:08:05.414")).toEqual(["03:", "08:05.414"]);
  expect(sharedPrefix("03:07:59.312", "13:08:05.414")).toEqual(["", "13:08:05.414"]);
});

test("wall time, zone and hash", () => {
  const local = new Date(2026, 10, 22, 3, 7, 58, 14);
  expect(wallTime(local.getTime())).toBe("03:07:58");
  expect(wallTime(local.toISOString(), true)).toBe("03:07:58.014");
  expect(zoneName(-480)).toBe("UTC+8");
  expect(zoneName(210)).toBe("UTC−3:30");
  expect(shortHash(`3f9a0c77${"0".repeat(48)}e1d2c21b`)).toBe("3f9a0c77…e1d2c21b");
  expect(shortHash("abc")).toBe("abc");
});

test("a text gets the end that it lacks", () => {
  expect(ended("Nothing was sent", "en")).toBe("Nothing was sent.");
  expect(ended("Was it? ", "en")).toBe("Was it?");
  expect(ended("要刪除嗎？", "zh-TW")).toBe("要刪除嗎？");
  expect(ended("沒有送出", "zh-TW")).toBe("沒有送出。");
});
