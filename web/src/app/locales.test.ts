import { runExtractor } from "i18next-cli";
import { expect, test } from "vitest";
import config from "../../../i18next.config.ts";
import en from "./locales/en.json" with { type: "json" };
import zhTW from "./locales/zh-TW.json" with { type: "json" };

type Tree = { [key: string]: string | Tree };

function flat(tree: Tree, prefix = ""): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string" ? [[prefix + key, value] as const] : flat(value, `${prefix}${key}.`),
  ) as [string, string][];
}

const params = (text: string) => (text.match(/{{\w+}}/g) ?? []).sort().join(" ");
const texts = { en: new Map(flat(en)), zh: new Map(flat(zhTW)) };

test("every key that the code names is in both languages, and no other is", async () => {
  const silent = { info() {}, warn() {}, error() {} };
  const found = await runExtractor(config, { isDryRun: true, quiet: true, logger: silent });
  expect(found.results.filter((r) => r.updated).map((r) => r.path)).toEqual([]);
  expect(found.hasErrors).toBe(false);
});

test("no text is empty, and a translation takes the same values", () => {
  expect(texts.en.size).toBeGreaterThan(200);
  for (const [key, text] of texts.zh) {
    const english = texts.en.get(key);
    expect(text.trim(), key).not.toBe("");
    expect(english, key).toBeDefined();
    expect(params(text), key).toBe(params(english ?? ""));
  }
});
