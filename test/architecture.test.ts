import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import {
  cycles,
  EDGES,
  FEATURES,
  forbiddenImports,
  forbiddenPackages,
  isTest,
  lostImports,
  tooLong,
  unknownAreas,
  unusedExports,
} from "./support/layout-rules.ts";
import { type Module, parseModule, readModules } from "./support/source-tree.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Vitest finds these by name. */
const ENTRIES = ["global-setup", "longest-first", "tally-reporter"].map(
  (name) => `test/support/${name}.ts`,
);
const FOLDERS = ["src", "web/src", "test", "demo", "examples", "bench", "scripts"];

let modules: Module[];
beforeAll(async () => {
  modules = await readModules(ROOT, FOLDERS);
});

describe("the sources", () => {
  it("have all been read", () => {
    const count = (folder: string) => modules.filter(({ path }) => path.startsWith(folder)).length;
    expect(count("src/")).toBeGreaterThan(200);
    expect(count("web/src/")).toBeGreaterThan(70);
    expect(count("test/")).toBeGreaterThan(10);
    for (const area of [...FEATURES, ...EDGES])
      expect(count(`src/${area}/`), area).toBeGreaterThan(0);
    expect(modules.flatMap(({ imports }) => imports).length).toBeGreaterThan(1_000);
    expect(modules.flatMap(({ functions }) => functions).length).toBeGreaterThan(2_000);
    expect(lostImports(modules)).toEqual([]);
  });

  it("lie in folders that the layout knows", () => {
    expect(unknownAreas(modules)).toEqual([]);
  });

  it("import only what stands left of them, through its face", () => {
    expect(modules.flatMap(forbiddenImports)).toEqual([]);
  });

  it("leave the database's driver to the platform, and contracts free of everything but zod", () => {
    expect(modules.flatMap(forbiddenPackages)).toEqual([]);
  });

  it("have no circles of imports", () => {
    expect(cycles(modules.filter(({ path }) => !isTest(path)))).toEqual([]);
  });

  it("have at most 400 lines a file and 60 a function", () => {
    expect(modules.flatMap(tooLong)).toEqual([]);
  });

  it("export nothing that nobody imports", () => {
    expect(unusedExports(modules, ENTRIES)).toEqual([]);
  });
});

describe("the rules", () => {
  const wrong = (path: string, text: string) => forbiddenImports(parseModule(path, text));

  it.each([
    [
      "src/runs/a.ts",
      'import { x } from "../approvals/index.ts";',
      "approvals does not stand left",
    ],
    ["src/runs/a.ts", 'import type { X } from "../approvals/index.ts";', "does not stand left of"],
    ["src/runs/a.ts", 'const x = await import("../approvals/index.ts");', "does not stand left of"],
    ["src/runs/a.ts", 'type X = import("../approvals/index.ts").X;', "does not stand left of"],
    ["src/runs/a.ts", 'export { x } from "../approvals/index.ts";', "does not stand left of"],
    ["src/runs/a.ts", 'import { x } from "../contracts/queries.ts";', "only through its index.ts"],
    ["src/runs/a.ts", 'import { x } from "../contracts/contract.ts";', "only through its index.ts"],
    ["src/runs/a.ts", 'import "../main.ts";', "composition root"],
    ["src/runs/a.ts", 'import "../http/index.ts";', "only main.ts imports an edge"],
    ["src/mcp/a.ts", 'import "../http/index.ts";', "only main.ts imports an edge"],
    ["src/runs/a.ts", 'import { x } from "../../test/support/wait.ts";', "only what is under src/"],
    [
      "src/platform/a/b.ts",
      'import "../../audit/index.ts";',
      "audit does not stand left of platform",
    ],
    ["src/runs/contract.ts", 'import "./queries.ts";', "a contract imports only contracts"],
    ["src/contracts/contract.ts", 'import "../runs/contract.ts";', "runs does not stand left of"],
    ["src/cli/a.ts", 'import "../runs/index.ts";', "imports only contracts"],
    ["src/main.ts", 'import "./runs/queries.ts";', "only through its index.ts"],
    ["web/src/app/a.tsx", 'import "../../../src/runs/index.ts";', "its own files and contracts"],
  ])("refuse that %s says %s", (path, text, why) => {
    expect(wrong(path, text)).toEqual([expect.stringContaining(why)]);
  });

  it.each([
    ["src/runs/a.ts", 'import "./queries.ts"; import "../contracts/index.ts"; import "kysely";'],
    ["src/runs/a.ts", 'import "../platform/database/changes.ts";'],
    [
      "src/timeline/contract.ts",
      'import "../runs/list-contract.ts"; import "../platform/contract.ts";',
    ],
    ["src/cli/a.ts", 'import "../runs/contract.ts"; import "../platform/errors.ts";'],
    [
      "src/main.ts",
      'import "./runs/index.ts"; import "./http/index.ts"; import "./platform/ids.ts";',
    ],
    ["src/runs/a.test.ts", 'import "../../test/support/wait.ts"; import "../calls/index.ts";'],
    [
      "web/src/app/a.tsx",
      'import "./b.css"; import "./c.tsx"; import "../../../src/runs/contract.ts";',
    ],
  ])("allow that %s says %s", (path, text) => {
    expect(wrong(path, text)).toEqual([]);
  });

  it("see packages that are for others", () => {
    const packages = (path: string, text: string) => forbiddenPackages(parseModule(path, text));
    expect(packages("src/runs/a.ts", 'import pg from "pg";')).toHaveLength(1);
    expect(packages("src/platform/database/a.ts", 'import pg from "pg";')).toEqual([]);
    expect(packages("src/runs/contract.ts", 'import "kysely"; import "zod";')).toHaveLength(1);
  });

  it("see circles, also through types", () => {
    const files = { a: "./b.ts", b: "./c.ts", c: "./a.ts", d: "./a.ts" };
    const ring = Object.entries(files).map(([name, target]) =>
      parseModule(`src/runs/${name}.ts`, `import type { X } from "${target}";`),
    );
    expect(cycles(ring)).toEqual(["src/runs/a.ts → src/runs/b.ts → src/runs/c.ts → src/runs/a.ts"]);
  });

  it("count lines of files and of every kind of function", () => {
    const body = "\n".repeat(60);
    const text = [
      `function declared() {${body}}`,
      `const arrow = () => {${body}};`,
      `class C { method() {${body}} }`,
      `const o = { short() {} };`,
      `describe.each([1])("中文", () => {${body}});`,
      `it("x", () => {${body}});`,
    ].join("\n");
    const names = (path: string) =>
      tooLong(parseModule(path, text)).map((found) => found.replace(/ has \d+ lines$/, ""));
    expect(names("src/a.test.ts")).toEqual([
      "src/a.test.ts:1 declared",
      "src/a.test.ts:62 arrow",
      "src/a.test.ts:123 method",
      "src/a.test.ts:246 it",
    ]);
    expect(names("src/a.ts")).toContain("src/a.ts:185 describe.each");
    expect(tooLong(parseModule("src/a.ts", "x;\n".repeat(401)))).toEqual([
      "src/a.ts has 401 lines",
    ]);
    expect(tooLong(parseModule("src/a.ts", "x;\n".repeat(400)))).toEqual([]);
  });

  it("see exports without a user, also behind an index", () => {
    const tree = [
      parseModule(
        "src/runs/a.ts",
        "export const used = 1; export type Idle = 2; export type Part = 1; export const own: Part = 3;",
      ),
      parseModule(
        "src/runs/index.ts",
        'export { used, own as passed } from "./a.ts"; export const d = 1;',
      ),
      parseModule("src/calls/b.ts", 'import { used } from "../runs/index.ts";'),
      parseModule("src/calls/c.ts", 'import * as all from "./d.ts";'),
      parseModule("src/calls/d.ts", "export default function f() {} export const g = 1;"),
    ];
    expect(unusedExports(tree, ["src/calls/e.ts"])).toEqual([
      "src/runs/a.ts: Idle",
      "src/runs/a.ts: own",
      "src/runs/index.ts: passed",
      "src/runs/index.ts: d",
    ]);
  });
});
