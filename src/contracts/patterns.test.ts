import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coversPattern, matchesPattern } from "./patterns.ts";

describe("a pattern", () => {
  it.each([
    ["file:///a", "file:///a", true],
    ["file:///a", "file:///ab", false],
    ["file:///*", "file:///a/b", true],
    ["file:///*", "file://", false],
    ["*", "", true],
    ["*.md", "notes.md", true],
    ["*.md", ".mdx", false],
    ["a*b*c", "a-b-b-c", true],
    ["a*bc*c", "abc", false],
    ["a*a", "a", false],
    ["**", "anything", true],
    ["a.c", "abc", false],
  ])("%s and %s: %s", (pattern, text, expected) => {
    expect(matchesPattern(pattern, text)).toBe(expected);
  });

  it("agrees with the regular expression that says the same", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
    const plain = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 10 });
    fc.assert(
      fc.property(letters, plain, (pattern, text) => {
        const source = pattern.split("*").join("[^]*");
        expect(matchesPattern(pattern, text)).toBe(new RegExp(`^${source}$`).test(text));
      }),
    );
  });

  it("that covers another matches all that the other does", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 6 });
    const plain = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 });
    fc.assert(
      fc.property(letters, letters, plain, (wide, narrow, text) => {
        if (coversPattern(wide, narrow) && matchesPattern(narrow, text))
          expect(matchesPattern(wide, text)).toBe(true);
      }),
    );
  });
});
