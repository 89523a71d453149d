import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyContracts, contract, good, newKey } from "./support/e2e-tenant.ts";
import { codeOf } from "./support/mcp/raw-caller.ts";
import { queryRows } from "./support/server.ts";
import { openTwoGateways, type TwoGateways } from "./support/two-gateways.ts";

/**
 * 64 callers over two server processes against a budget of 100 calls and $1.00: exactly 100 calls pass, and not one cent
 * more is spent, whatever the budget is of.
 */

const CALLERS = 64;
const CALLS_EACH = 2;
const ALL = CALLERS * CALLS_EACH;
const PASS = 100;
const CENT = 0.01;
const SLOW_MS = 120_000;

let both: TwoGateways;

beforeAll(async () => {
  both = await openTwoGateways(["look", "wipe"]);
});

afterAll(() => both?.close());

interface Budget {
  /** Of the agent's contract. */
  limits?: object;
  /** Of each of its two tools. */
  tool?: object;
  project?: object;
  /** The tools that are called; both unless said otherwise. */
  tools?: readonly string[];
  /** How many runs the calls are spread over. */
  runs: number;
  code: string;
}

const BOTH_A_DAY = { calls_per_day: PASS, cost_usd_per_day: 1 };
const BUDGETS: Record<string, Budget> = {
  "a run's calls and money": {
    limits: { calls: PASS, cost_usd: 1 },
    runs: 1,
    code: "E-BUDGET-RUN",
  },
  "a run's money": { limits: { cost_usd: 1 }, runs: 1, code: "E-BUDGET-RUN" },
  "an agent's day": { limits: { agent: BOTH_A_DAY }, runs: 8, code: "E-BUDGET-AGENT" },
  "a tool's day": { tool: BOTH_A_DAY, tools: ["wipe"], runs: 8, code: "E-BUDGET-TOOL" },
  "a project's day": { project: { calls_per_day: PASS }, runs: 8, code: "E-BUDGET-PROJECT" },
  "a project's month": { project: { budget_limit_usd: 1 }, runs: 8, code: "E-BUDGET-PROJECT" },
};

/** A project of its own with one agent that has this budget; answers the agent's key. */
async function openProject(project_id: string, { limits, tool, project }: Budget): Promise<string> {
  const { one, upstream } = both;
  const active = { migration_mode: "active", display_name: project_id };
  await good(one.api("/tenants", { body: { project_id, ...active, ...project } }));
  const grant = (name: string, effect: string) => ({
    server: "shop",
    tool: name,
    effect,
    approval: "never",
    cost_per_call: CENT,
    ...(tool === undefined ? {} : { limits: tool }),
  });
  const tools = [grant("look", "read"), grant("wipe", "write")];
  const body = { driver: "client", tools, ...(limits === undefined ? {} : { limits }) };
  await applyContracts(one, project_id, [
    contract("tool_server", "shop", { transport: "http", url: upstream.url }),
    contract("agent", "spender", body),
  ]);
  const agent = { role: "agent", agent_id: "spender", hold_seconds: 0, name: "spender" };
  return newKey(one, { ...agent, project_ids: [project_id] });
}

async function openRuns(key: string, count: number): Promise<string[]> {
  const runs: string[] = [];
  for (let opened = 0; opened < count; opened += 1) {
    runs.push((await good(both.one.api("/runs", { key, body: {} }))).run_id);
  }
  return runs;
}

describe("a budget of 100 calls and $1.00", () => {
  test.each(Object.entries(BUDGETS))(
    "of %s lets exactly that pass",
    async (name, budget) => {
      const project = name.replaceAll(/[^a-z]+/g, "-");
      const key = await openProject(project, budget);
      const runs = await openRuns(key, budget.runs);
      const tools = budget.tools ?? ["look", "wipe"];
      const servers = [both.one, both.other];
      const codes: (string | undefined)[] = [];
      const call = async (caller: number) => {
        for (let nth = 0; nth < CALLS_EACH; nth += 1) {
          const url = servers[(caller + nth) % 2]?.url ?? "";
          const to = { url, key, run: runs[caller % runs.length] ?? "" };
          const tool = tools[caller % tools.length] ?? "";
          const answer = await both.caller.call(to, tool, { n: `${project} ${caller} ${nth}` });
          expect(answer.status).toBe(200);
          codes.push(codeOf(answer));
        }
      };
      await Promise.all(Array.from({ length: CALLERS }, (_, caller) => call(caller)));

      const count = (code: string | undefined) => codes.filter((each) => each === code).length;
      const came = Object.fromEntries([...new Set(codes)].map((code) => [code, count(code)]));
      expect(came).toEqual({ undefined: PASS, [budget.code]: ALL - PASS });
      const sent = tools.flatMap((tool) => both.upstream.calls[tool] ?? []);
      const keys = sent.map(({ n }) => String(n)).filter((n) => n.startsWith(`${project} `));
      expect([keys.length, new Set(keys).size]).toEqual([PASS, PASS]);
      expect(await recordOf(project)).toEqual({
        rows: [
          { result_status: "blocked", block_gate: 4, block_code: budget.code, calls: ALL - PASS },
          { result_status: "success", block_gate: null, block_code: null, calls: PASS },
        ],
        spent: { calls: 1, runs: 1, reservations: 1, month: 1 },
      });
    },
    SLOW_MS,
  );
});

/** What stands in the tables, which is what people are shown and what the next call is measured by. */
async function recordOf(project: string) {
  const ask = (statement: string) => queryRows(both.database.adminUrl, statement, [project]);
  const rows = await ask(`select result_status, block_gate, block_code, count(*)::int as calls
    from mcp_calls where project_id = $1 group by 1, 2, 3 order by 1`);
  const [spent] = await ask(`select
    (select sum(cost_usd) from mcp_calls where project_id = $1)::float8 as calls,
    (select sum(cost_usd) from runs where project_id = $1)::float8 as runs,
    (select sum(amount_usd) from budget_reservations where project_id = $1 and status = 'spent')::float8 as reservations,
    (select sum(spent_usd) from project_budgets where project_id = $1)::float8 as month`);
  return { rows, spent };
}
