import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

const WEB = new URL("../dist/web/", import.meta.url);
const LARGEST_FIRST_LOAD = 300 * 1024;

interface Chunk {
  file: string;
  imports?: string[];
  dynamicImports?: string[];
}

const manifest = async () =>
  JSON.parse(await readFile(new URL(".vite/manifest.json", WEB), "utf8")) as Record<string, Chunk>;

/** The files that a chunk can't run without, itself among them. */
function neededBy(chunks: Record<string, Chunk>, name: string, seen = new Set<string>()) {
  const chunk = chunks[name];
  if (!chunk) throw new Error(`the manifest lacks ${name}; run \`npm run build:web\``);
  if (seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const each of chunk.imports ?? []) neededBy(chunks, each, seen);
  return seen;
}

async function gzipped(files: Iterable<string>): Promise<number> {
  const texts = await Promise.all([...files].map((file) => readFile(new URL(file, WEB))));
  return texts.reduce((sum, text) => sum + gzipSync(text).length, 0);
}

describe("the console's code", () => {
  it("is at most 300 KB for any route that one opens first", async () => {
    const chunks = await manifest();
    const pages = Object.keys(chunks).filter((name) => /^src\/features\/.+-page\.tsx$/.test(name));
    expect(pages.length).toBeGreaterThanOrEqual(4);
    for (const page of pages) {
      const files = new Set([...neededBy(chunks, "index.html"), ...neededBy(chunks, page)]);
      expect(await gzipped(files), page).toBeLessThanOrEqual(LARGEST_FIRST_LOAD);
    }
  });

  it("is in a chunk of its own for each page", async () => {
    const chunks = await manifest();
    const folder = fileURLToPath(new URL("../web/src/features", import.meta.url));
    const files = await readdir(folder, { recursive: true });
    const pages = files.filter((file) => file.endsWith("-page.tsx"));
    const first = neededBy(chunks, "index.html");
    for (const page of pages) {
      const chunk = chunks[`src/features/${page}`];
      expect(chunk, `${page} is loaded with another page`).toBeDefined();
      expect(first, page).not.toContain(chunk?.file);
    }
  });
});
