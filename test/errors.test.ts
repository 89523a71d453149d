import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { ERRORS, type ErrorCode } from "../src/platform/errors.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CATALOGUE = join("src", "platform", "errors.ts");

const codes = Object.keys(ERRORS) as ErrorCode[];
let page: string;
let sources: { file: string; text: string }[];

beforeAll(async () => {
  page = await readFile(join(ROOT, "docs/errors.md"), "utf8");
  const files = (await readdir(join(ROOT, "src"), { recursive: true }))
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => join("src", name))
    .filter((file) => file !== CATALOGUE);
  sources = await Promise.all(
    files.map(async (file) => ({ file, text: await readFile(join(ROOT, file), "utf8") })),
  );
});

describe("docs/errors.md", () => {
  it("has one section for every code, in the catalogue's order, and no other", () => {
    const sections = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(sections).toEqual(codes);
  });

  it.each(codes)("%s: says its status and title, what it means and what to do", (code) => {
    const section = page.split(`\n## ${code}\n`)[1]?.split(/\n## /)[0] ?? "";
    const { status, title } = ERRORS[code];
    const [, said, meaning = "", action = ""] =
      /^\n\*(.+)\*\n\n(.+)\n\n\*\*What to do:\*\* (.+)$/s.exec(section.trimEnd()) ?? [];
    expect(said).toBe(`${status} · ${title}`);
    expect(meaning.length).toBeGreaterThan(40);
    expect(action.length).toBeGreaterThan(10);
    expect(title).not.toMatch(/[.!]$/);
  });
});

describe("the catalogue", () => {
  it("has no code that nothing gives", () => {
    expect(sources.length).toBeGreaterThan(150);
    const unused = codes.filter((code) => !sources.some(({ text }) => text.includes(`"${code}"`)));
    expect(unused).toEqual([]);
  });

  it("has every code that is given", () => {
    const unknown = sources.flatMap(({ file, text }) =>
      [...text.matchAll(/"(E-[A-Z][A-Z0-9-]*)"/g)]
        .filter(([, code]) => !Object.hasOwn(ERRORS, code ?? ""))
        .map(([, code]) => `${file}: ${code}`),
    );
    expect(unknown).toEqual([]);
  });
});
