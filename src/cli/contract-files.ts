import { type Dirent, statSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Document, isNode, isScalar, LineCounter, parseAllDocuments, visit } from "yaml";
import { AppError, fieldError } from "../platform/errors.ts";
import type { Fault } from "./api.ts";
import { usageError } from "./usage.ts";

/** One slip can make a parser complain of everything after it. */
const MOST_PER_FILE = 20;

/** A contract out of a file. */
export interface FileDocument {
  value: unknown;
  file: string;
  /** The line of what stands at the path, or of the closest thing around it that is there. */
  lineOf(path: readonly string[]): number;
}

const CONTRACT_FILE = /^[^.].*\.(ya?ml|json)$/i;

/** The files that are named, and for a folder every `.yaml`, `.yml` and `.json` below it that is not hidden, by name. */
async function filesOf(paths: readonly string[]): Promise<{ files: string[]; empty: string[] }> {
  const files: string[] = [];
  const empty: string[] = [];
  for (const path of paths) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      files.push(path);
      continue;
    }
    const found = await filesBelow(path);
    if (found.length === 0) empty.push(path);
    files.push(...found);
  }
  return { files: [...new Set(files)], empty };
}

async function filesBelow(folder: string): Promise<string[]> {
  const byName = (a: Dirent, b: Dirent) => (a.name < b.name ? -1 : 1);
  const entries = (await readdir(folder, { withFileTypes: true })).sort(byName);
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !entry.name.startsWith(".")) found.push(...(await filesBelow(path)));
    else if (!entry.isDirectory() && CONTRACT_FILE.test(entry.name)) found.push(path);
  }
  return found;
}

/**
 * Reads contracts out of YAML or JSON files, or all such files of folders, and puts values in place of `${NAME}`. All files are read before anything
 * is reported, so that everything that is wrong is said at once.
 *
 * @throws AppError E-CLI-FILE with file and line of everything wrong; E-CLI-USAGE for a value that nothing uses
 */
export async function readContractFiles(
  paths: readonly string[],
  values: ReadonlyMap<string, string>,
): Promise<FileDocument[]> {
  const { files, empty } = await filesOf(paths);
  const errors: Fault[] = empty.map((path) => ({
    path,
    message: "is a folder without .yaml, .yml or .json files",
  }));
  const used = new Set<string>();
  const documents: FileDocument[] = [];
  for (const file of files) {
    try {
      for (const document of documentsIn(file, await readText(file))) {
        const fill: Fill = { values, used, errors, document };
        documents.push({ ...document, value: filled(document.value, [], fill) });
      }
    } catch (error) {
      if (!(error instanceof BadFile)) throw error;
      errors.push(...error.errors);
    }
  }
  if (errors.length > 0) {
    throw new AppError("E-CLI-FILE", "The files can't be applied; nothing was sent:", {
      errors: errors.map(({ path, message }) => fieldError(path, "other", { said: message })),
    });
  }
  const idle = [...values.keys()].find((name) => !used.has(name));
  if (idle !== undefined) throw usageError(`--set ${idle}: no file has \${${idle}}.`);
  return documents;
}

/** A file that holds no contracts, with why. */
class BadFile extends Error {
  readonly errors: readonly Fault[];
  constructor(errors: readonly Fault[]) {
    super();
    this.errors = errors;
  }
}

const bad = (path: string, message: string) => new BadFile([{ path, message }]);

async function readText(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why: Record<string, string> = {
      ENOENT: "there is no such file",
      EACCES: "may not be read",
    };
    throw bad(file, why[code ?? ""] ?? message);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw bad(file, "is not UTF-8 text");
  }
}

function documentsIn(file: string, text: string): FileDocument[] {
  const lines = new LineCounter();
  const lineAt = (offset: number) => Math.max(1, lines.linePos(offset).line);
  let parsed: Document[];
  try {
    parsed = [...parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })];
  } catch (error) {
    throw bad(file, `can't be read as YAML: ${(error as Error).message}`);
  }
  const errors = parsed.flatMap((document) =>
    [...document.errors, ...document.warnings].map((error) => ({
      path: `${file}:${lineAt(error.pos[0])}`,
      message: error.message,
    })),
  );
  if (errors.length > 0) throw new BadFile(errors.slice(0, MOST_PER_FILE));
  const documents = parsed
    .filter(({ contents }) => contents !== null && !(isScalar(contents) && contents.value === null))
    .flatMap((document) => contractsOf(document, file, lineAt));
  if (documents.length === 0) throw bad(file, "holds no contract");
  return documents;
}

/** The contract a YAML document is, or the contracts it lists. */
function contractsOf(
  document: Document,
  file: string,
  lineAt: (offset: number) => number,
): FileDocument[] {
  const lineOf = (path: readonly string[]): number => {
    const node = path.length === 0 ? document.contents : document.getIn(path, true);
    if (isNode(node) && node.range) return lineAt(node.range[0]);
    return path.length === 0 ? 1 : lineOf(path.slice(0, -1));
  };
  const errors = lossyNumbers(document).map(({ offset, message }) => ({
    path: `${file}:${lineAt(offset)}`,
    message,
  }));
  if (errors.length > 0) throw new BadFile(errors);
  const value = plainValue(document, file);
  if (!Array.isArray(value)) return [{ value, file, lineOf }];
  return value.map((item: unknown, at) => ({
    value: item,
    file,
    lineOf: (path) => lineOf([String(at), ...path]),
  }));
}

/** The numbers that JSON can't carry as they are written. */
function lossyNumbers(document: Document): { offset: number; message: string }[] {
  const found: { offset: number; message: string }[] = [];
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value !== "number" || !isScalar(node)) return;
      const offset = node.range?.[0] ?? 0;
      const isInteger = /^[-+]?\d+$/.test(node.source ?? "");
      if (!Number.isFinite(node.value)) {
        found.push({ offset, message: `${node.source} is not a number that JSON knows` });
      } else if (isInteger && !Number.isSafeInteger(node.value)) {
        found.push({ offset, message: `${node.source} is too large a number, write it in quotes` });
      }
    },
  });
  return found;
}

function plainValue(document: Document, file: string): unknown {
  try {
    // Through JSON, so that what is checked here is what will be sent: no shared parts, no rings.
    return JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: 100 }))) as unknown;
  } catch (error) {
    throw bad(file, `can't be written as JSON: ${(error as Error).message.split("\n")[0]}`);
  }
}

interface Fill {
  values: ReadonlyMap<string, string>;
  used: Set<string>;
  errors: Fault[];
  document: FileDocument;
}

/** The value with its placeholders replaced; done after parsing, so that no value can change a file's structure. */
function filled(value: unknown, path: readonly string[], fill: Fill): unknown {
  if (typeof value === "string") return filledText(value, path, fill);
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item, at) => filled(item, [...path, `${at}`], fill));
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, filled(part, [...path, key], fill)]),
  );
}

function filledText(text: string, path: readonly string[], fill: Fill): string {
  return text.replaceAll(/(\$?)\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, literal, name: string) => {
    if (literal !== "") return whole.slice(1);
    const value = fill.values.get(name);
    if (value === undefined) {
      const { file, lineOf } = fill.document;
      fill.errors.push({
        path: `${file}:${lineOf(path)}: ${path.join(".")}`,
        message: `\${${name}} has no value, give it one with --set ${name}=…`,
      });
      return whole;
    }
    fill.used.add(name);
    return value;
  });
}
