import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { channelBodySchema } from "./channel-body.ts";
import { cutToSize } from "./cut-to-size.ts";
import { judge } from "./post.ts";
import { afterPrefix } from "./prefix.ts";
import { oneLine } from "./preview.ts";

const anyText = fc.string({ unit: "binary", maxLength: 50 });
const bytewise = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

describe("a prefix as a range", () => {
  test("holds exactly the texts that begin with it, in byte order", () => {
    const near = fc.tuple(anyText, anyText, fc.boolean());
    fc.assert(
      fc.property(near, ([prefix, rest, isInside]) => {
        const text = isInside ? prefix + rest : rest;
        const end = afterPrefix(prefix);
        const isInRange =
          bytewise(text, prefix) >= 0 && (end === undefined || bytewise(text, end) < 0);
        expect(isInRange).toBe(text.startsWith(prefix));
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    ["ab", "ac"],
    ["a%_", "a%`"],
    ["a\u{d7ff}", "a\u{e000}"],
    ["a\u{10ffff}", "b"],
    ["\u{10ffff}", undefined],
    ["", undefined],
  ])("%j ends before %j", (prefix, end) => {
    expect(afterPrefix(prefix)).toBe(end);
  });
});

describe("one line", () => {
  test("is never longer than asked for, in code points, and holds no line breaks", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 20 }), (text, max) => {
        const line = oneLine(text, max);
        expect(Array.from(line).length).toBeLessThanOrEqual(max);
        expect(line).not.toMatch(/[\n\r\0]/);
        expect(line.isWellFormed()).toBe(true);
      }),
    );
  });

  test("cuts between code points and says so", () => {
    expect(oneLine(" a\n\tb\0c ")).toBe("a b c");
    expect(oneLine("火".repeat(301))).toBe(`${"火".repeat(299)}…`);
    expect(oneLine("🔥".repeat(300))).toBe("🔥".repeat(300));
  });
});

describe("cutting JSON to size", () => {
  test("leaves small values as they are", () => {
    const value = { a: [1, true, null, "x"], b: { c: "y" } };
    expect(cutToSize(value, 1_000)).toEqual(value);
  });

  test("bounds any value and makes its texts storable", () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 6 }),
        fc.integer({ min: 0, max: 500 }),
        (value, most) => {
          const text = JSON.stringify(cutToSize(value, most));
          expect(text.length).toBeLessThan(most * 7 + 400);
          expect(text).not.toContain("\\u0000");
        },
      ),
    );
    expect(cutToSize({ "k\0": "\ud800x" }, 100)).toEqual({ "k\ufffd": "\ufffdx" });
    expect(cutToSize({ a: "x".repeat(1e6), b: 1 }, 65_536)).toEqual({
      a: `${"x".repeat(8_192)}…`,
      b: 1,
    });
  });
});

describe("what a receiver's status says", () => {
  test.each([
    [200, { ok: true }],
    [204, { ok: true }],
    [302, { ok: false, isPermanent: true }],
    [400, { ok: false, isPermanent: true }],
    [410, { ok: false, isPermanent: true }],
    [408, { ok: false, isPermanent: false }],
    [429, { ok: false, isPermanent: false }],
    [500, { ok: false, isPermanent: false }],
    [503, { ok: false, isPermanent: false }],
  ])("%i", (status, expected) => {
    expect(judge(status)).toMatchObject(expected);
  });
});

describe("a channel's contract", () => {
  test.each([
    { type: "alertmanager", auth: { scheme: "bearer", secret: "secret:ALERTS_TOKEN" } },
    { type: "alertmanager", auth: { scheme: "standard_webhooks", secret: "secret:K" } },
    { type: "webhook", url: "https://pager.example/hook", secret: "secret:PAGER" },
    { type: "console" },
  ])("$type", (body) => {
    expect(channelBodySchema.parse(body)).toEqual(body);
  });

  test.each([
    { type: "alertmanager" },
    { type: "alertmanager", auth: { scheme: "none" } },
    { type: "alertmanager", auth: { scheme: "bearer", secret: "hunter2" } },
    { type: "webhook", url: "ftp://pager.example/", secret: "secret:PAGER" },
    { type: "webhook", url: "https://user:pass@pager.example/", secret: "secret:PAGER" },
    { type: "webhook", url: "pager", secret: "secret:PAGER" },
    { type: "console", url: "https://x.example" },
    { type: "pigeon" },
  ])("is refused: %j", (body) => {
    expect(channelBodySchema.safeParse(body).success).toBe(false);
  });
});
