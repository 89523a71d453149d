import { describe, expect, it } from "vitest";
import { languageOf } from "./language.ts";

describe("the language of an answer", () => {
  it.each([
    [undefined, "en"],
    ["", "en"],
    ["de-DE, fr;q=0.9", "en"],
    ["zh-TW", "zh-TW"],
    ["zh", "zh-TW"],
    ["zh-Hant-HK", "zh-TW"],
    ["ZH-tw, en;q=0.5", "zh-TW"],
    ["en;q=0.4, zh-TW;q=0.9", "zh-TW"],
    ["en-GB, zh-TW;q=0.9", "en"],
    ["fr, zh-TW;q=0.5, en;q=0.4", "zh-TW"],
    ["zh-TW;q=0, en", "en"],
    ["*, zh-TW;q=0.5", "en"],
    ["zh-CN, zh;q=0.9, en;q=0.8", "zh-TW"],
    ["zh-Hans", "en"],
    [";;q=,,x;q=abc", "en"],
  ])("of %j is %s", (header, language) => {
    expect(languageOf(header)).toBe(language);
  });
});
