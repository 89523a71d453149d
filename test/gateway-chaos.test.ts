import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  isReady,
  type MortalGateway,
  openMortalGateway,
  openRestartablePostgres,
  type RestartablePostgres,
  seeded,
} from "./support/chaos.ts";
import { applyContracts, contract, good, newKey } from "./support/e2e-tenant.ts";
import { type CountingServer, serveCounting } from "./support/mcp/counting-server.ts";
import { codeOf, openRawCaller, type RawAnswer } from "./support/mcp/raw-caller.ts";
import { withClient } from "./support/server.ts";
import { waitFor } from "./support/wait.ts";

/**
 * Rows equal calls, always: many calls, reads and writes, over two server processes that are killed and started again
 * while PostgreSQL is restarted as well. A tool server notes what really ran, and each row has to say just that.
 */

const CALLS = Number(process.env.AWOOOP_CHAOS_CALLS ?? 1_500);
const SEED = Number(process.env.AWOOOP_CHAOS_SEED ?? 20_261_128);
const AT_ONCE = 24;
const RUNS_OF_A_KEY = 4;
const AGENTS = ["ada", "ben", "cleo", "dan"];
const TOOLS = ["look", "price", "wipe"] as const;
type Tool = (typeof TOOLS)[number];
const COST_USD = 0.001;
const SOON_MS = 60_000;
const MOST_MS = 120_000 + CALLS * 60;

/** What happens meanwhile, each when that part of the calls has been made. */
const EVENTS: readonly [
  at: number,
  what: "kill one" | "kill other" | "kill both" | "fast" | "crash",
][] = [
  [0.1, "kill one"],
  [0.25, "fast"],
  [0.4, "kill other"],
  [0.55, "crash"],
  [0.7, "kill both"],
  [0.8, "fast"],
  [0.85, "kill one"],
];

let postgres: RestartablePostgres;
let upstream: CountingServer;
let gateways: [MortalGateway, MortalGateway];
const caller = openRawCaller({ keepAlive: true });
const random = seeded(SEED);

beforeAll(async () => {
  postgres = await openRestartablePostgres();
  upstream = await serveCounting(TOOLS);
  gateways = [await openMortalGateway(postgres.url), await openMortalGateway(postgres.url)];
}, 120_000);

afterAll(async () => {
  caller.close();
  await Promise.all((gateways ?? []).map(({ server }) => server.stop()));
  await upstream?.close();
  await postgres?.close();
}, 60_000);

interface Driver {
  key: string;
  run: string;
}

async function openDrivers(): Promise<Driver[]> {
  const { server } = gateways[0];
  const project = { project_id: "acme", display_name: "Acme", migration_mode: "active" };
  await good(server.api("/tenants", { body: project }));
  const grant = { server: "shop", approval: "never", timeout_seconds: 20 };
  const tools = [
    { ...grant, tool: "look", effect: "read" },
    { ...grant, tool: "price", effect: "read", cost_per_call: COST_USD },
    { ...grant, tool: "wipe", effect: "write", cost_per_call: COST_USD },
  ];
  await applyContracts(server, "acme", [
    contract("tool_server", "shop", { transport: "http", url: upstream.url }),
    ...AGENTS.map((name) => contract("agent", name, { driver: "client", tools })),
  ]);
  const drivers: Driver[] = [];
  for (const name of AGENTS) {
    const agent = { role: "agent", agent_id: name, name, hold_seconds: 0 };
    const key = await newKey(server, { ...agent, project_ids: ["acme"] });
    for (let opened = 0; opened < RUNS_OF_A_KEY; opened += 1) {
      const { run_id } = await good(server.api("/runs", { key, body: {} }));
      drivers.push({ key, run: run_id });
    }
  }
  return drivers;
}

/** What a caller knows of its call; without an answer that says what became of it, nothing. */
interface Made {
  n: string;
  tool: Tool;
  answer: RawAnswer | undefined;
  /** It was told that the database was away: of a write that means that it was not made. */
  isAway: boolean;
}

/** Makes calls until so many have been answered, while things happen. */
async function makeCalls(drivers: readonly Driver[]): Promise<Made[]> {
  const made: Made[] = [];
  let begun = 0;
  let answered = 0;
  const work = async () => {
    while (answered < CALLS) {
      begun += 1;
      const n = `call ${begun}`;
      const driver = drivers[begun % drivers.length];
      const gateway = anyGateway();
      if (!driver) throw new Error("there is nobody to make calls");
      const tool = TOOLS[Math.floor(random() * TOOLS.length)] ?? "wipe";
      const to = { url: gateway.server.url, ...driver };
      const answer = await caller.call(to, tool, { n }).catch(() => undefined);
      const isAway = answer !== undefined && codeOf(answer) === "E-DB-DOWN";
      const isSettled = answer?.result !== undefined && !isAway;
      made.push({ n, tool, answer: isSettled ? answer : undefined, isAway });
      if (isSettled) answered += 1;
      else await waitForAny();
    }
  };
  const happening = (async () => {
    for (const [at, what] of EVENTS) {
      await waitFor(() => answered >= at * CALLS, { timeoutMs: MOST_MS, what: "calls" });
      await happen(what);
    }
  })();
  await Promise.all([happening, ...Array.from({ length: AT_ONCE }, work)]);
  return made;
}

/** One that is there, if one is. */
function anyGateway(): MortalGateway {
  const [first, second] = random() < 0.5 ? gateways : gateways.toReversed();
  if (!first || !second) throw new Error("there are no gateways");
  return first.isUp || !second.isUp ? first : second;
}

const waitForAny = () =>
  waitFor(
    async () =>
      (await Promise.all(gateways.map(({ server }) => isReady(server.url)))).some(Boolean),
    { timeoutMs: SOON_MS, what: "a server that is ready" },
  );

async function happen(what: (typeof EVENTS)[number][1]): Promise<void> {
  const [one, other] = gateways;
  if (what === "fast" || what === "crash") await postgres.restart(what);
  else if (what === "kill one") await one.killAndStart();
  else if (what === "kill other") await other.killAndStart();
  else await Promise.all([one.killAndStart(), other.killAndStart()]);
}

interface Row {
  call_id: string;
  n: string;
  tool_name: string;
  result_status: string;
  error_code: string | null;
  cost_usd: number;
}

/** Nobody works on what is still under way: its time is over, and whoever sweeps finds it. */
async function sweepUp(): Promise<void> {
  await look("update mcp_calls set deadline_at = now() where result_status = 'executing'");
  await waitFor(
    async () =>
      (await look("select 1 from mcp_calls where result_status = 'executing'")).length === 0,
    { timeoutMs: SOON_MS, what: "lost calls to be declared so" },
  );
}

/** As whoever looks after the whole platform. */
const look = (statement: string) =>
  withClient(postgres.url, async (client) => {
    await client.query("set role awooop_platform; set search_path = awooop");
    return (await client.query(statement)).rows;
  });

const readRows = async (): Promise<Row[]> =>
  await look(`select call_id, args->>'n' as n, tool_name, result_status, error_code, cost_usd::float8 as cost_usd
    from mcp_calls`);

/** What each row may say of a call that reached the tool server, and of one that did not. */
const TRUTHS: Record<Tool, { ran: string[]; didNot: string[] }> = {
  look: { ran: ["success", "error E-CALL-LOST"], didNot: ["error E-CALL-LOST"] },
  price: { ran: ["success", "error E-CALL-LOST"], didNot: ["error E-CALL-LOST"] },
  wipe: { ran: ["success", "unknown E-CALL-UNKNOWN"], didNot: ["unknown E-CALL-UNKNOWN"] },
};

const said = ({ result_status, error_code }: Row) =>
  [result_status, ...(error_code === null ? [] : [error_code])].join(" ");

/** What is wrong with the rows, measured by what the tool server saw and what the callers were told. */
function faultsOf(made: readonly Made[], rows: readonly Row[], ran: Map<string, number>): string[] {
  const byN = Map.groupBy(rows, ({ n }) => n);
  return made.flatMap(({ n, tool, answer, isAway }) => {
    const [row, ...more] = byN.get(n) ?? [];
    const times = ran.get(n) ?? 0;
    const about = `${n} (${tool}, ran ${times} times, ${row ? said(row) : "no row"}, ${answer ? (codeOf(answer) ?? "result") : "no answer"})`;
    const faults: string[] = [];
    if (times > 1) faults.push("ran more than once");
    if (isAway && tool === "wipe" && times > 0)
      faults.push("ran though its caller was told that nothing was done");
    if (more.length > 0) faults.push("has more than one row");
    if (!row) {
      // Of a read that costs nothing only the end is recorded, before it is answered.
      if (times > 0 && tool !== "look") faults.push("ran without a row");
      if (answer) faults.push("was answered without a row");
    } else {
      const truths = TRUTHS[tool][times > 0 ? "ran" : "didNot"];
      if (!truths.includes(said(row))) faults.push("has a row that is not true");
      const code = answer && codeOf(answer);
      // Whoever did not hear that the end was written does not know how the call ended.
      const isUnheard = code === "E-CALL-UNKNOWN" && said(row) === "success";
      const isToldSo =
        code === undefined ? said(row) === "success" : row.error_code === code || isUnheard;
      if (answer && !isToldSo) faults.push("was answered otherwise than its row says");
    }
    return faults.map((fault) => `${about} ${fault}`);
  });
}

describe("rows equal calls", () => {
  test(
    `${CALLS} of them, while processes are killed and the database is restarted`,
    async () => {
      const made = await makeCalls(await openDrivers());
      await sweepUp();

      const rows = await readRows();
      expect(faultsOf(made, rows, upstream.ran)).toEqual([]);
      const known = new Set(made.map(({ n }) => n));
      expect(rows.filter(({ n }) => !known.has(n))).toEqual([]);
      expect(made.filter(({ answer }) => answer !== undefined).length).toBeGreaterThanOrEqual(
        CALLS,
      );
      // It was not all plain sailing, or nothing would have been shown.
      expect(rows.filter((row) => said(row) !== "success").length).toBeGreaterThan(0);

      const isPaid = (row: Row) => row.tool_name !== "look" && row.result_status !== "error";
      const paid = rows.filter(isPaid).length * COST_USD;
      const [spent] = await look(`select
      (select sum(cost_usd) from mcp_calls)::float8 as calls, (select sum(cost_usd) from runs)::float8 as runs,
      (select count(*) from budget_reservations where status = 'reserved')::int as reserved,
      (select count(*) from runs where state <> 'running')::int as ended`);
      expect(spent).toEqual({
        calls: expect.closeTo(paid, 6),
        runs: expect.closeTo(paid, 6),
        reserved: 0,
        ended: 0,
      });
    },
    MOST_MS,
  );
});
