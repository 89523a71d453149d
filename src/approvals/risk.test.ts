import { describe, expect, it } from "vitest";
import { argumentRisks } from "./risk.ts";
import { RISK_WORDS, riskInWords } from "./risk-contract.ts";

const found = (value: unknown) => argumentRisks({ x: value }).map(({ key }) => key);

describe("what arguments say that is worth a second look", () => {
  it.each(["/", "//", "~", "~/", "/*", "C:\\", "c:/", "C:\\*", "/**", " / "])(
    "a whole root: %s",
    (text) => {
      expect(found(text)).toEqual(["whole_root"]);
    },
  );
  it.each(["/var/*", "*", "**/x", "web-*", "*.log", "s3://bucket/*"])("a wildcard: %s", (text) => {
    expect(found(text)).toEqual(["wildcard"]);
  });
  it.each(["../etc", "/var/../etc", "a\\..\\b", ".."])("a parent folder: %s", (text) => {
    expect(found(text)).toEqual(["parent_folder"]);
  });
  it.each([
    ["/var/cache", "/etc/", "~root", "a..b", "...", "C:\\temp", ""],
    ["select count(*) from t", "**bold** words", "wait… and see", "say /, please"],
    [7, null, true, {}, []],
  ])("nothing in %j and the like", (...values) => {
    for (const value of values) expect(found(value), String(value)).toEqual([]);
  });

  it("names the arguments and none of their values", () => {
    expect(argumentRisks({ paths: ["/", "/a", "/*", "~", "/"], q: { from: "b*" } })).toEqual([
      { key: "whole_root", params: { path: "paths[0], paths[2], paths[3] (+1)" } },
      { key: "wildcard", params: { path: "q.from" } },
    ]);
  });

  it("is told in both languages, and by its key where a newer version wrote it", () => {
    for (const [key, words] of Object.entries(RISK_WORDS)) {
      const named = [...words.en.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name ?? "").sort();
      const params = Object.fromEntries(named.map((name) => [name, `<${name}>`]));
      for (const language of ["en", "zh-TW"] as const) {
        const { text } = riskInWords({ key, params }, language);
        expect([...text.matchAll(/<(\w+)>/g)].map(([, name]) => name).sort()).toEqual(named);
        expect(text).not.toContain("{{");
      }
    }
    expect(riskInWords({ key: "newer", params: {} }, "en").text).toBe("newer");
  });
});
