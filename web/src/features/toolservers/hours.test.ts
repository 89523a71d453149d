import { describe, expect, test } from "vitest";
import { hoursOf } from "./hours.ts";

const figures = { latency_p50_ms: 5, latency_p95_ms: 9 };

describe("the hours of a tool server's calls", () => {
  test("are all of them, also those without a call", () => {
    const hours = hoursOf({
      hours: [
        { hour: "2026-11-28T02:00:00.000Z", calls: 7, errors: 2, blocked: 1, ...figures },
        { hour: "2026-11-28T04:00:00.000Z", calls: 1, errors: 0, blocked: 0, ...figures },
      ],
    });
    expect(hours.map(({ hour, calls, good }) => [hour.slice(11, 13), calls, good])).toEqual([
      ["02", 7, 4],
      ["03", 0, 0],
      ["04", 1, 1],
    ]);
  });

  test("are none without a call, and 25 at most", () => {
    expect(hoursOf({ hours: [] })).toEqual([]);
    const at = (hour: string) => ({ hour, calls: 1, errors: 0, blocked: 0, ...figures });
    const hours = [at("2020-01-01T00:00:00Z"), at("2026-11-28T02:00:00Z")];
    expect(hoursOf({ hours })).toHaveLength(25);
  });
});
