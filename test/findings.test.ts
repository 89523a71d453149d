import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { FINDINGS, type FindingCode } from "../src/platform/findings-contract.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CATALOGUE = join("src", "platform", "findings");

const codes = Object.keys(FINDINGS) as FindingCode[];
let page: string;
let sources: string[];

beforeAll(async () => {
  page = await readFile(join(ROOT, "docs/findings.md"), "utf8");
  const files = (await readdir(join(ROOT, "src"), { recursive: true }))
    .map((name) => join("src", name))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .filter((file) => !file.startsWith(CATALOGUE));
  sources = await Promise.all(files.map((file) => readFile(join(ROOT, file), "utf8")));
});

describe("docs/findings.md", () => {
  it("has every code with its words, in the catalogue's order, and no other", () => {
    const listed = [...page.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, code, words]) => [
      code,
      words?.replaceAll("\\|", "|"),
    ]);
    expect(listed).toEqual(codes.map((code) => [code, FINDINGS[code].en]));
  });
});

describe("the catalogue of findings", () => {
  it("has no code that nothing gives", () => {
    expect(sources.length).toBeGreaterThan(150);
    const unused = codes.filter((code) => !sources.some((text) => text.includes(`"${code}"`)));
    expect(unused).toEqual([]);
  });

  it.each(codes)("%s says the same parameters in both languages", (code) => {
    const named = (text: string) => (text.match(/\{\{\w+\}\}/g) ?? []).sort();
    expect(named(FINDINGS[code]["zh-TW"])).toEqual(named(FINDINGS[code].en));
  });
});
