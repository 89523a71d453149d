// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what is tested
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AppError } from "../platform/errors.ts";
import { readContractFiles } from "./contract-files.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "awooop-files-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(content: string | Buffer, values: Record<string, string> = {}) {
  const file = join(folder, "a.yaml");
  await writeFile(file, content);
  return readContractFiles([file], new Map(Object.entries(values)));
}

/** Everything that is wrong, without the folder: `a.yaml:2: message`. */
async function complaints(reading: Promise<unknown>): Promise<string[]> {
  const error = await reading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw new Error("the file was accepted", { cause: error });
  if (!error.errors) return [error.message];
  return error.errors.map(({ path, message }) => `${path.replace(`${folder}/`, "")}: ${message}`);
}

describe("reading", () => {
  it("takes every contract file of a folder, by name, and each file once", async () => {
    const root = join(folder, "all");
    await mkdir(join(root, "b", ".git"), { recursive: true });
    const files = ["c.yaml", "a.json", "b/d.YML", "b/notes.md", "b/.git/x.yaml", ".hidden.yaml"];
    for (const file of files) await writeFile(join(root, file), JSON.stringify({ file }));
    const documents = await readContractFiles([root, join(root, "c.yaml")], new Map());
    expect(documents.map(({ value }) => (value as { file: string }).file)).toEqual([
      "a.json",
      "b/d.YML",
      "c.yaml",
    ]);
  });

  it("takes YAML of several documents, and skips empty ones", async () => {
    const documents = await read("# first\na: 1\n---\n---\nnull\n---\nb: {c: [x, y]}\n");
    expect(documents.map((document) => document.value)).toEqual([
      { a: 1 },
      { b: { c: ["x", "y"] } },
    ]);
    expect(documents[1]?.lineOf(["b", "c", "1"])).toBe(7);
    expect(documents[1]?.lineOf(["b", "absent", "deep"])).toBe(7);
  });

  it("takes JSON, one contract or a list", async () => {
    expect(await read('{"a": "x"}')).toMatchObject([{ value: { a: "x" } }]);
    const list = await read('[\n{"a": 1},\n{"b":\n2}]');
    expect(list).toMatchObject([{ value: { a: 1 } }, { value: { b: 2 } }]);
    expect(list[1]?.lineOf(["b"])).toBe(4);
  });

  it("replaces placeholders in texts only, and never in what was replaced", async () => {
    const [document] = await read(
      "a: ${ONE}/${TWO}\nb: '$${ONE}'\n${ONE}: k\nd: [\"${ONE}\"]\ne: $ONE ${} ${9}\n",
      { ONE: "x: {y: '${TWO}'}", TWO: "2" },
    );
    expect(document?.value).toEqual({
      a: "x: {y: '${TWO}'}/2",
      b: "${ONE}",
      "${ONE}": "k",
      d: ["x: {y: '${TWO}'}"],
      e: "$ONE ${} ${9}",
    });
  });

  it("does not take values from the environment", async () => {
    expect(await complaints(read("a: {b: '${PATH}'}"))).toEqual([
      "a.yaml:1: a.b: ${PATH} has no value, give it one with --set PATH=…",
    ]);
  });
});

describe("refusing", () => {
  it.each([
    ["not YAML", "a: [1,\nb: 2", /^a\.yaml:\d+: /],
    ["a name twice", "a: 1\nb: 2\na: 3", /^a\.yaml:3: .*unique/],
    ["an unknown tag", "a: 1\nb: !env HOME", /^a\.yaml:2: .*tag/i],
    ["nothing in it", "# only words\n", /^a\.yaml: holds no contract$/],
    ["no UTF-8", Buffer.of(0x61, 0x3a, 0x20, 0xff), /^a\.yaml: is not UTF-8 text$/],
    ["an infinite number", "a: 1\nb: .inf", /^a\.yaml:2: \.inf is not a number/],
    ["a number past a double's precision", "a: 12345678901234567890", /^a\.yaml:1: .*in quotes/],
    ["an alias that is nowhere", "a: *b", /^a\.yaml:?\d*: .*b/],
    ["itself inside", "&a [*a]", /^a\.yaml: can't be written as JSON/],
  ])("a file with %s", async (_, content, wanted) => {
    const found = await complaints(read(content));
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]).toMatch(wanted);
  });

  it("aliases that would blow up", async () => {
    const levels = Array.from({ length: 9 }, (_, at) => {
      const parts = Array.from({ length: 9 }, () => `*l${at}`).join(", ");
      return `l${at + 1}: &l${at + 1} [${parts}]`;
    });
    const bomb = ["l0: &l0 [x, x, x, x, x, x, x, x, x]", ...levels].join("\n");
    expect((await complaints(read(bomb)))[0]).toMatch(/Excessive alias count/);
  });

  it("nesting without end", async () => {
    const found = await complaints(read("[".repeat(50_000)));
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThanOrEqual(20);
  });

  it("every bad file at once, also those that are not there", async () => {
    await writeFile(join(folder, "good.yaml"), "a: 1");
    await writeFile(join(folder, "bad.yaml"), "a: ]");
    await mkdir(join(folder, "empty"));
    const names = ["good.yaml", "bad.yaml", "absent.yaml", "empty"].map((name) =>
      join(folder, name),
    );
    const found = await complaints(readContractFiles(names, new Map()));
    expect(found.some((line) => line.startsWith("bad.yaml:1: "))).toBe(true);
    expect(found).toContain("absent.yaml: there is no such file");
    expect(found[0]).toBe("empty: is a folder without .yaml, .yml or .json files");
  });

  it("a value that no file uses", async () => {
    expect(await complaints(read("a: 1", { TYPO: "x" }))).toEqual([
      "--set TYPO: no file has ${TYPO}.",
    ]);
  });
});
