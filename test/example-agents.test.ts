import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommandLine } from "../src/cli/run.ts";
import { ADMIN_KEY, type Awooop, startAwooop } from "./support/awooop.ts";
import { compileCache } from "./support/compile-cache.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { good, newKey } from "./support/e2e-tenant.ts";
import { type ShopServer, serveShop } from "./support/mcp/shop-server.ts";
import { type ModelServer, type Move, serveModel } from "./support/model-server.ts";
import { waitFor } from "./support/wait.ts";

/**
 * The examples, each as its reader would run it: a program of its own with an agent's key, against the real server, with a
 * model that is scripted and spoken to over HTTP. A person decides meanwhile.
 */

const FOLDER = fileURLToPath(new URL("../examples/agents/", import.meta.url));
/** Those of the 2026-07-28 protocol wait by themselves: their model notices nothing of it. */
const EXAMPLES = [
  { example: "mcp-sdk", waitsItself: false },
  { example: "langgraph", waitsItself: false },
  { example: "openai-agents", waitsItself: true },
  { example: "vercel-ai", waitsItself: true },
];
const RUNS_WITHIN_MS = 90_000;

let database: TestDatabase;
let shop: ShopServer;
let server: Awooop;
let model: ModelServer;

beforeAll(async () => {
  database = await createTestDatabase();
  shop = await serveShop();
  model = await serveModel(nightWatch);
  server = await startAwooop({ databaseUrl: database.url });
}, 90_000);
afterAll(async () => {
  await server?.stop();
  await model?.close();
  await shop?.close();
  await database?.drop();
});

/** Looks, then acts, and waits where it is told to; it knows nothing but what tools told it. */
function nightWatch(last: string | undefined): Move {
  const clear = { tool: "clear_cache", args: { path: "/var/cache/shop", older_than: "24h" } };
  if (last === undefined) return { tool: "tail_log", args: { lines: 20 } };
  const pending = /\b(?:PENDING|OPEN) (apr_[0-9a-f-]+)/.exec(last)?.[1];
  if (pending) return { tool: "awooop_wait", args: { approval: pending, timeout_seconds: 5 } };
  if (last.includes("no space left") || last.includes("DECIDED")) return clear;
  if (last.includes("files deleted")) return { answer: "The cache was full; 42 files are gone." };
  return { answer: `I may not: ${last}` };
}

/** A project with the contracts of the examples, and a key for its agent. */
async function project(name: string, holdSeconds: number): Promise<string> {
  const body = { project_id: name, display_name: name, migration_mode: "active" };
  await good(server.api("/tenants", { body }));
  const said: string[] = [];
  const status = await runCommandLine(
    [
      "contracts",
      "apply",
      `${FOLDER}contracts.yaml`,
      "--project",
      name,
      "--set",
      `SHOP_TOOLS_URL=${shop.url}`,
    ],
    {
      env: { ...compileCache, AWOOOP_URL: server.url, AWOOOP_KEY: ADMIN_KEY },
      print: () => undefined,
      complain: (line) => void said.push(line),
      readInput: async () => "",
    },
  );
  expect([status, said]).toEqual([0, []]);
  const agent = { role: "agent", agent_id: "night-watch", hold_seconds: holdSeconds };
  return newKey(server, { ...agent, name: "night-watch", project_ids: [name] });
}

/** Runs an example to its end; what it printed. */
async function runExample(name: string, key: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [`${FOLDER}${name}/agent.ts`], {
    env: {
      PATH: process.env.PATH,
      HOME: tmpdir(),
      ...compileCache,
      AWOOOP_URL: server.url,
      AWOOOP_KEY: key,
      OPENAI_BASE_URL: model.baseUrl,
      OPENAI_API_KEY: "nobody-checks-this-one",
      MODEL: "scripted",
    },
    timeout: RUNS_WITHIN_MS,
  });
  return stdout;
}

/** Decides once the question is open, and what the agent waits by has begun. */
async function decide(
  projectId: string,
  decision: "approve" | "reject",
  isWaiting: (asked: { asked_at: string }) => boolean,
): Promise<void> {
  const asked = await waitFor(
    async () => {
      const { items } = await good(server.api(`/approvals?project_id=${projectId}`));
      const open = items.find(({ status }: { status: string }) => status === "open");
      return open && isWaiting(open) ? open : undefined;
    },
    { timeoutMs: RUNS_WITHIN_MS, what: `the question of ${projectId}` },
  );
  expect(asked).toMatchObject({ tool: "clear_cache", arguments: { path: "/var/cache/shop" } });
  await good(
    server.api(`/approvals/${asked.run_id}/decide`, {
      body: {
        project_id: projectId,
        decision,
        reason: "as agreed",
        approval_id: asked.approval_id,
      },
    }),
  );
}

async function runsOf(projectId: string) {
  const { runs } = await good(server.api(`/runs?project_id=${projectId}`));
  return Promise.all(
    runs.map(({ run_id }: { run_id: string }) => good(server.api(`/runs/${run_id}`))),
  );
}

const heard = (what: string) => model.heard.some((last) => last?.includes(what));

describe.each(EXAMPLES)("the example $example", ({ example, waitsItself }) => {
  it(
    "reads, asks a person, waits, and acts once when the person has agreed",
    async () => {
      const key = await project(`${example}-yes`, 1);
      const before = shop.ran.length;
      model.heard.length = 0;
      const [output] = await Promise.all([
        runExample(example, key),
        // Longer than the first of the answers by which such a client is told to come back.
        decide(`${example}-yes`, "approve", ({ asked_at }) =>
          waitsItself ? Date.now() > Date.parse(asked_at) + 1_500 : heard("PENDING apr_"),
        ),
      ]);
      expect(heard("DECIDED apr_")).toBe(!waitsItself);
      expect(output).toMatch(/^Tools: .*\bawooop_wait\b/m);
      expect(output).toMatch(/The cache was full; 42 files are gone\.$/m);
      expect(shop.ran.slice(before)).toEqual([
        'tail_log {"lines":20}',
        'clear_cache {"path":"/var/cache/shop","older_than":"24h"}',
      ]);
      const [page, ...more] = await runsOf(`${example}-yes`);
      expect(more).toEqual([]);
      expect(page.run.state).toBe(example === "mcp-sdk" ? "completed" : "running");
      const calls = page.mcp_calls.map((call: Record<string, string>) => [
        call.tool_name,
        call.result_status,
      ]);
      expect(calls.sort()).toEqual([
        ["clear_cache", "blocked"],
        ["clear_cache", "success"],
        ["tail_log", "success"],
      ]);
    },
    RUNS_WITHIN_MS * 1.5,
  );

  it(
    "is told at once where its key holds no calls, and takes no for an answer",
    async () => {
      const key = await project(`${example}-no`, 0);
      const before = shop.ran.length;
      model.heard.length = 0;
      const [output] = await Promise.all([
        runExample(example, key),
        decide(`${example}-no`, "reject", () => heard("PENDING apr_")),
      ]);
      expect(output).toMatch(/I may not: .*E-APPR-REJECTED.*as agreed/s);
      expect(shop.ran.slice(before)).toEqual(['tail_log {"lines":20}']);
    },
    RUNS_WITHIN_MS * 1.5,
  );
});
