import { describe, expect, test } from "vitest";
import { argsInWords, contentOf, resultInWords } from "./in-words.ts";

test("arguments in words", () => {
  expect(argsInWords({ path: "/var/cache", n: 3, deep: { a: [1] } })).toBe(
    'path /var/cache, n 3, deep {"a":[1]}',
  );
  expect(argsInWords(null)).toBe("");
});

describe("contentOf", () => {
  test("structured content comes before text, text that is JSON is read", () => {
    const text = [{ type: "text", text: '{"a":1}' }];
    expect(contentOf({ content: text, structuredContent: { b: 2 } })).toEqual({ b: 2 });
    expect(contentOf({ content: text })).toEqual({ a: 1 });
    expect(contentOf({ content: [{ type: "text", text: "42" }] })).toBe("42");
    expect(contentOf({ content: [{ type: "image", data: "" }] })).toEqual({
      content: [{ type: "image", data: "" }],
    });
    expect(contentOf(null)).toBeNull();
  });
});

describe("resultInWords", () => {
  const structured = (structuredContent: Record<string, string | number | null | object>) => ({
    content: [],
    structuredContent: structuredContent as Record<string, string>,
  });

  test("a result's own sentence", () => {
    expect(
      resultInWords({ args: {}, result: structured({ ok: 1, summary: "The cache is full." }) }),
    ).toBe("The cache is full.");
    expect(
      resultInWords({ args: {}, result: { content: [{ type: "text", text: "one\ntwo" }] } }),
    ).toBe("one");
  });

  test("else its plain values, without what was asked for", () => {
    expect(
      resultInWords({
        args: { path: "/var/cache" },
        result: structured({ path: "/var/cache", percent: 96, old: { n: 1 }, files: 192 }),
      }),
    ).toBe("percent 96, files 192");
  });

  test("nothing to say", () => {
    expect(resultInWords({ args: null, result: null })).toBeUndefined();
    expect(resultInWords({ args: null, result: structured({ a: {} }) })).toBeUndefined();
  });
});
