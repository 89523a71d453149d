import { posix } from "node:path";
import type { Module } from "./source-tree.ts";

/** Each imports only what stands left of it. */
export const FEATURES = [
  ..."platform audit identity tenants secrets contracts runs approvals budgets gates toolservers".split(
    " ",
  ),
  ..."calls channels agents timeline overview retention".split(" "),
];
/** They import features, and neither each other nor anything else. */
export const EDGES = ["http", "mcp", "worker", "cli"];

const ROOT_FILE = "src/main.ts";
const MOST_LINES = 400;
const MOST_FUNCTION_LINES = 60;

export const isTest = (path: string) => /\.test\.tsx?$/.test(path);
const isContract = (path: string) => /(^|\/)([a-z-]+-)?contract\.ts$/.test(path);
const areaOf = (path: string) => /^src\/([a-z]+)\//.exec(path)?.[1];
const within = (path: string, folder: string) => path.startsWith(`${folder}/`);
const isFile = (from: string) => /\.tsx?$/.test(from) && from.includes("/");

/** What a file imports although the layout forbids it. */
export function forbiddenImports(module: Module): string[] {
  if (isTest(module.path)) return [];
  return module.imports
    .filter(({ from }) => isFile(from))
    .flatMap(({ from }) => {
      const why = within(module.path, "web")
        ? forbiddenToConsole(from)
        : within(module.path, "src")
          ? forbiddenToServer(module.path, from)
          : undefined;
      return why === undefined ? [] : [`${module.path} imports ${from}: ${why}`];
    });
}

function forbiddenToConsole(from: string): string | undefined {
  if (within(from, "web") || (within(from, "src") && isContract(from))) return undefined;
  return "the console imports only its own files and contracts";
}

function forbiddenToServer(path: string, from: string): string | undefined {
  if (!within(from, "src")) return "the server imports only what is under src/";
  if (from === ROOT_FILE) return "nothing imports the composition root";
  const [mine, theirs] = [areaOf(path), areaOf(from)];
  if (isContract(path) && !isContract(from)) return "a contract imports only contracts";
  if (path === ROOT_FILE) return entersByFace(from, theirs);
  if (mine === undefined || theirs === undefined) return "only main.ts stands directly under src/";
  if (mine === theirs) return undefined;
  if (EDGES.includes(theirs)) return "only main.ts imports an edge";
  const isRight = EDGES.includes(mine) || FEATURES.indexOf(mine) > FEATURES.indexOf(theirs);
  if (!isRight) return `${theirs} does not stand left of ${mine}`;
  // The command line is a client of the API like the console: it knows the shapes and nothing of the inside.
  if (mine === "cli" && theirs !== "platform") {
    return isContract(from) ? undefined : "the command line imports only contracts";
  }
  if (isContract(path)) return undefined;
  return entersByFace(from, theirs);
}

function entersByFace(from: string, area: string | undefined): string | undefined {
  const isOpen = area === "platform" || from === `src/${area}/index.ts`;
  return isOpen ? undefined : "a feature is entered only through its index.ts";
}

/** Packages that a file imports although they are for others. */
export function forbiddenPackages(module: Module): string[] {
  if (isTest(module.path) || !within(module.path, "src")) return [];
  const packages = module.imports.map(({ from }) => from).filter((from) => !isFile(from));
  const wrong = packages.filter(
    (name) =>
      (isContract(module.path) && name !== "zod") ||
      (name === "pg" && !within(module.path, "src/platform")),
  );
  return wrong.map((name) => `${module.path} imports the package ${name}`);
}

/** Folders under src/ that the layout does not know. */
export function unknownAreas(modules: readonly Module[]): string[] {
  const known = new Set([...FEATURES, ...EDGES]);
  return modules
    .map(({ path }) => path)
    .filter((path) => within(path, "src") && path !== ROOT_FILE && !known.has(areaOf(path) ?? ""));
}

/** Circles of imports, each once, as `a → b → a`. */
export function cycles(modules: readonly Module[]): string[] {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) {
      found.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
      return;
    }
    if (done.has(path)) return;
    for (const { from } of byPath.get(path)?.imports ?? []) visit(from, [...trail, path]);
    done.add(path);
  };
  for (const { path } of modules) visit(path, []);
  return found;
}

/** Relative imports that lead nowhere. */
export function lostImports(modules: readonly Module[]): string[] {
  const known = new Set(modules.map(({ path }) => path));
  return modules.flatMap(({ path, imports }) =>
    imports
      .filter(({ from }) => isFile(from) && !/\.generated\.ts$/.test(from) && !known.has(from))
      .map(({ from }) => `${path} imports ${from}`),
  );
}

/** Files and functions that are too long. A `describe` groups tests and is no function of its own. */
export function tooLong(module: Module): string[] {
  const functions = module.functions
    .filter(({ lines }) => lines > MOST_FUNCTION_LINES)
    .filter(({ name }) => !(isTest(module.path) && /^describe\b/.test(name)))
    .map(({ name, line, lines }) => `${module.path}:${line} ${name} has ${lines} lines`);
  return module.lines > MOST_LINES
    ? [`${module.path} has ${module.lines} lines`, ...functions]
    : functions;
}

/**
 * Names that are exported and that no other file imports. A type may also be part of what its own file exports. A name that is only passed on counts as imported when the
 * one it is passed on as is.
 *
 * @param entries files whose exports are for others than our own files
 */
export function unusedExports(modules: readonly Module[], entries: readonly string[]): string[] {
  const used = new Set<string>();
  const exportsOf = new Map(modules.map((module) => [module.path, module.exports]));
  const use = (path: string, name: string) => {
    const key = `${path}#${name}`;
    if (used.has(key)) return;
    used.add(key);
    for (const exported of exportsOf.get(path) ?? []) {
      if (name !== "*" && exported.name !== name) continue;
      if (name === "*") use(path, exported.name);
      if (exported.of) use(exported.of.from, exported.of.name);
    }
  };
  for (const { imports } of modules) {
    for (const { from, names } of imports) for (const name of names) use(from, name);
  }
  return modules
    .filter(({ path }) => !entries.includes(posix.normalize(path)))
    .flatMap(({ path, exports }) =>
      exports
        .filter(({ name, isOwnType }) => !isOwnType && !used.has(`${path}#${name}`))
        .map(({ name }) => `${path}: ${name}`),
    );
}
