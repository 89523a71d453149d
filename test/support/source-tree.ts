import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { posix } from "node:path";
import { parseSync } from "vite";

/** One import of a module: where from, and which names (`*`: all of them). */
export interface Import {
  /** The file's path in the repository, or the name of a package. */
  from: string;
  names: readonly string[];
}

export interface Export {
  name: string;
  /** For a type: whether the file itself uses it as well. */
  isOwnType: boolean;
  /** For a name that is passed on: whose it is. */
  of?: { from: string; name: string };
}

/** A function, with the lines from its first to its last. */
export interface FunctionSize {
  name: string;
  line: number;
  lines: number;
}

/** What the architecture's rules need to know of a source file. */
export interface Module {
  path: string;
  lines: number;
  imports: readonly Import[];
  exports: readonly Export[];
  functions: readonly FunctionSize[];
}

/** Every TypeScript file in the folders, generated ones left out. */
export async function readModules(root: string, folders: readonly string[]): Promise<Module[]> {
  const names = await Promise.all(
    folders
      .filter((folder) => existsSync(posix.join(root, folder)))
      .map(async (folder) => {
        const found = await readdir(posix.join(root, folder), { recursive: true });
        return found.map((name) => posix.join(folder, name));
      }),
  );
  const paths = names.flat().filter((path) => /(?<!\.generated|\.d)\.tsx?$/.test(path));
  return Promise.all(
    paths
      .sort()
      .map(async (path) => parseModule(path, await readFile(posix.join(root, path), "utf8"))),
  );
}

type Node = { type: string; start: number; end: number } & Record<string, unknown>;

/** Reads one file's text; throws with the parser's words when it is not TypeScript. */
export function parseModule(path: string, text: string): Module {
  const { module, program, errors } = parseSync(path, text);
  if (errors[0]) throw new Error(`${path}: ${errors[0].message}`);
  const from = (specifier: string) => resolve(path, specifier);
  const imports: Import[] = module.staticImports.map(({ moduleRequest, entries }) => ({
    from: from(moduleRequest.value),
    names: entries.map(({ importName: { kind, name } }) =>
      kind === "NamespaceObject" ? "*" : kind === "Default" ? "default" : (name ?? ""),
    ),
  }));
  const exports: Export[] = [];
  for (const entry of module.staticExports.flatMap((statement) => statement.entries)) {
    const { exportName, importName, moduleRequest } = entry;
    const name = exportName.kind === "Default" ? "default" : (exportName.name ?? "*");
    if (!moduleRequest) {
      const isOwnType = entry.isType && text.split(new RegExp(`\\b${name}\\b`)).length > 2;
      exports.push({ name, isOwnType });
      continue;
    }
    const of = { from: from(moduleRequest.value), name: importName.name ?? "*" };
    exports.push({ name, isOwnType: false, of });
    imports.push({ from: of.from, names: [] });
  }
  const functions: FunctionSize[] = [];
  walk(program as unknown as Node, [], (node, parents) => {
    if (isFunction(node)) functions.push(sizeOf(node, parents, text));
    const source = (node.source ?? node.argument) as { type?: string; value?: unknown } | undefined;
    if (/^(ImportExpression|TSImportType)$/.test(node.type) && typeof source?.value === "string") {
      imports.push({ from: from(source.value), names: ["*"] });
    }
  });
  return { path, lines: text.trimEnd().split("\n").length, imports, exports, functions };
}

function resolve(path: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  return posix.join(posix.dirname(path), specifier.replace(/\?.*$/, ""));
}

function walk(
  node: Node,
  parents: readonly Node[],
  visit: (node: Node, parents: readonly Node[]) => void,
): void {
  visit(node, parents);
  const inner = [node, ...parents];
  for (const part of Object.values(node).flat()) {
    if (part !== null && typeof part === "object" && "type" in part)
      walk(part as Node, inner, visit);
  }
}

function isFunction(node: Node): boolean {
  return /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type);
}

function sizeOf(node: Node, parents: readonly Node[], text: string): FunctionSize {
  const line = text.slice(0, node.start).split("\n").length;
  const lines = text.slice(node.start, node.end).split("\n").length;
  return { name: nameOf(node, parents), line, lines };
}

/** How a function is called, or what it is handed to: `describe`, `it.each`. */
function nameOf(node: Node, [parent]: readonly Node[]): string {
  const named = [node.id, parent?.id, parent?.key].find(
    (id) => id !== null && typeof id === "object" && "name" in id,
  ) as { name: string } | undefined;
  if (named) return named.name;
  return parent?.type === "CallExpression" ? calleeOf(parent.callee as Node) : "(anonymous)";
}

function calleeOf(callee: Node): string {
  if (callee.type === "Identifier") return String(callee.name);
  if (callee.type === "CallExpression") return calleeOf(callee.callee as Node);
  if (callee.type !== "MemberExpression") return "(anonymous)";
  return `${calleeOf(callee.object as Node)}.${String((callee.property as { name?: string }).name)}`;
}
