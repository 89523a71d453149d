import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCalled } from "../src/agents/called.ts";
import {
  approvalListRoutes,
  expireQuestions,
  takeDueSteps,
  voidQuestionsAbout,
} from "../src/approvals/index.ts";
import { approvalRoutes } from "../src/approvals/show.ts";
import { inFlightRoutes } from "../src/calls/index.ts";
import { channelPageRoutes } from "../src/channels/channels-routes.ts";
import {
  countOpenRuns,
  LIST_MAX,
  newestRuns,
  oldestQuestions,
  runsNamed,
} from "../src/channels/chat-queries.ts";
import { outboxRoutes } from "../src/channels/outbox-routes.ts";
import { channelRoutes } from "../src/channels/routes.ts";
import { readReceivingChannels } from "../src/channels/telegram/channels.ts";
import { contractsRoutes } from "../src/contracts/index.ts";
import type { Caller } from "../src/identity/index.ts";
import { overviewRoutes } from "../src/overview/index.ts";
import { type Database, openDatabase, type Tx } from "../src/platform/database/index.ts";
import { createCursors, newApi } from "../src/platform/http/index.ts";
import { createLog } from "../src/platform/log.ts";
import { runListRoutes } from "../src/runs/index.ts";
import { auditRoutes } from "../src/timeline/audit-routes.ts";
import { timelineRoutes } from "../src/timeline/index.ts";
import { toolServerRoutes } from "../src/toolservers/index.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { ask, caller } from "./support/fixtures.ts";
import { blindReads, plansOf, statementsOf } from "./support/sent-statements.ts";
import { withClient } from "./support/server.ts";

const ROWS = new URL("support/many-rows.sql", import.meta.url);

const BIG_TABLES = [
  ..."runs run_words run_transitions run_steps run_budgets mcp_calls budget_reservations".split(
    " ",
  ),
  ..."channel_events outbound_messages approvals approval_decisions audit_log contract_revisions".split(
    " ",
  ),
];
/** They write words of their own, or look at what they are about; here all is written at once. */
const TRIGGERS = ["runs", "outbound_messages", "approval_decisions"];

let database: TestDatabase;
let db: Database;
let routes: ReturnType<typeof runListRoutes>;
let ids: Record<string, string>;

beforeAll(async () => {
  database = await createTestDatabase();
  const rows = await readFile(ROWS, "utf8");
  const switched = (how: string) =>
    TRIGGERS.map((table) => `alter table ${table} ${how} trigger user;`).join("");
  ids = await withClient(database.url, async (client) => {
    await client.query("set search_path = awooop; set role awooop_owner");
    await client.query(switched("disable"));
    await client.query("set role awooop_platform");
    await client.query(rows);
    await client.query("set role awooop_owner");
    await client.query(switched("enable"));
    await client.query(`vacuum analyze projects, ${BIG_TABLES.join(", ")}`);
    await client.query("set role awooop_platform");
    const found = await client.query(
      `select run_id as run, trace_id as trace, left(trace_id, 6) as word,
         (select approval_id from approvals where project_id = 'p0' and status = 'open' limit 1) as approval
       from runs where project_id = 'p0' and state = 'failed' order by created_at limit 1`,
    );
    return found.rows[0];
  });
  db = openDatabase({ url: database.url, log: createLog("silent") });
  const nothing = undefined as never;
  const cursors = createCursors(new Uint8Array(32));
  const deps = { db, cursors, contracts: nothing, jobs: nothing };
  routes = newApi()
    .route("/", runListRoutes(deps))
    .route("/", timelineRoutes(deps))
    .route("/", auditRoutes(deps))
    .route("/", overviewRoutes(deps))
    .route("/", approvalListRoutes(deps))
    .route("/", approvalRoutes(deps))
    .route("/", inFlightRoutes(deps))
    .route("/", channelRoutes(deps))
    .route("/", channelPageRoutes(deps))
    .route("/", outboxRoutes(deps))
    .route("/", toolServerRoutes(deps))
    .route("/", contractsRoutes(deps)) as typeof routes;
}, 180_000);

afterAll(async () => {
  await db?.close();
  await database?.drop();
});

const CALLERS: [string, Caller][] = [
  ["a tenant", caller({ projects: ["p0"] })],
  ["a member of three", caller({ projects: ["p0", "p1", "p7"] })],
  ["the platform", caller()],
];

/** Asks, and holds against its plan whatever the server sent to the database for the answer. */
async function holds(path: string, as: Caller) {
  let answer: Awaited<ReturnType<typeof ask>> | undefined;
  const sent = await statementsOf(async () => {
    answer = await ask(routes, path, { caller: as });
  });
  expect(answer?.status, JSON.stringify(answer?.body)).toBe(200);
  const plans = await plansOf(database.url, sent);
  expect(plans.length).toBeGreaterThan(0);
  expect(blindReads(plans, BIG_TABLES), path).toEqual([]);
  return answer?.body;
}

const OTHER_SORTS = ["completed_at&order=asc", "timeout_at&order=desc", "cost_usd&order=asc"];
/** With these an order has no index that holds all of the filter. */
const OF_ALL_SORTS = 4;
const RUN_FILTERS = [
  "",
  "project_id=p0",
  "state=failed&agent_id=agent-3",
  "created_after=2026-01-01T00:00:00Z&created_before=2126-01-01T00:00:00Z",
  "project_id=p7",
  "state=waiting_approval",
  "agent_id=agent-2",
  "is_shadow=true",
  "trigger_type=client",
];

describe.each(CALLERS)("for %s", (_, as) => {
  test("lists of runs, filtered and sorted in every way, deep down and back", async () => {
    const asked = [
      ...RUN_FILTERS,
      ...RUN_FILTERS.slice(0, OF_ALL_SORTS).flatMap((filter) =>
        OTHER_SORTS.map((sort) => `${filter}&sort=${sort}`),
      ),
    ];
    for (const query of asked) {
      const path = `/runs?limit=50&${query}`;
      let { next_cursor } = await holds(path, as);
      for (let deep = 0; deep < 3 && next_cursor !== null; deep += 1) {
        const page = await ask(routes, `${path}&cursor=${next_cursor}`, { caller: as });
        next_cursor = page.body.next_cursor;
      }
      if (next_cursor === null) continue;
      const { prev_cursor } = await holds(`${path}&cursor=${next_cursor}`, as);
      await holds(`${path}&cursor=${prev_cursor}`, as);
    }
    await holds("/runs?page=40&per_page=100", as);
  }, 120_000);

  test("searches for runs", async () => {
    const { run = "", trace = "", word = "" } = ids;
    const searches = [
      run,
      run.slice(0, 6),
      trace,
      "event-77",
      "E-RUN-STEP",
      "disk full",
      word,
      "nothing",
    ];
    for (const q of searches) {
      for (const more of ["", "&state=failed", "&sort=cost_usd", "&project_id=p0&order=asc"]) {
        await holds(`/runs?q=${encodeURIComponent(q)}${more}`, as);
      }
    }
    expect((await holds(`/runs?q=${word}`, as)).total).toBe(1);
    expect((await holds(`/runs?q=${trace}`, as)).total).toBe(1);
    // Words of so many texts that the list is walked for them.
    const common = await holds("/runs?q=disk&project_id=p0&limit=100", as);
    const newest = await holds("/runs?project_id=p0&limit=100", as);
    expect(common.runs).toEqual(newest.runs);
    expect(common.total_is_exact).toBe(false);
    for (const filter of ["state=waiting_approval", "state=failed&is_shadow=true"]) {
      const path = `/runs?project_id=p0&sort=cost_usd&order=asc&limit=100&${filter}`;
      const [found, all] = [await holds(`${path}&q=full+DISK`, as), await holds(path, as)];
      expect([found.runs, found.total]).toEqual([all.runs, all.total]);
    }
  }, 120_000);

  test("the overview", async () => {
    for (const query of ["", "?hours=168", "?project_id=p0&hours=1"]) {
      const found = await holds(`/overview${query}`, as);
      expect(found.working.waiting_approval).toBeGreaterThan(500);
    }
  }, 60_000);

  test("a tool server's page", async () => {
    const found = await holds("/tool-servers/tools?project_id=p0", as);
    expect(found.calls.calls).toBeGreaterThan(2_000);
  }, 60_000);

  test("a channel's page", async () => {
    const found = await holds("/channels/console?project_id=p0", as);
    expect(found.latency.measured).toBeGreaterThan(1_000);
  }, 60_000);

  test("a run's page and its timeline, and a question", async () => {
    const { run, approval } = ids;
    await holds(`/approvals/${approval}`, as);
    await holds(`/runs/${run}`, as);
    await holds(`/runs/${run}?project_id=p0`, as);
    for (const more of ["", "&kind=mcp", "&kind=run", "&kind=outbound", "&records=true"]) {
      const path = `/runs/${run}/timeline?order=desc&limit=1${more}`;
      const { next_cursor } = await holds(path, as);
      if (next_cursor !== null) await holds(`${path}&cursor=${next_cursor}`, as);
    }
  }, 60_000);

  test.each([
    [
      "/approvals?limit=20",
      ["", "&project_id=p0", "&run_id=RUN", "&status=closed", "&status=closed&run_id=RUN"],
    ],
    ["/calls/in-flight?limit=20", ["", "&project_id=p0", "&project_id=p7&agent_id=agent-3"]],
    [
      "/channel-events?limit=20",
      [
        "",
        "&project_id=p0",
        "&channel_type=slack",
        "&provider_prefix=ab",
        "&channel_type=slack&provider_prefix=a",
      ],
    ],
    [
      "/audit-log?limit=20",
      [
        "",
        // Of a project with a third of the table, its ten thousand are counted as fast without an index.
        "&project_id=p1",
        "&actor=test-1",
        "&project_id=p1&action=run.create",
        "&target=run-7&action=run.create",
        "&created_before=2026-01-01T00:00:00Z",
      ],
    ],
    ["/tool-servers?limit=20", ["", "&project_id=p0"]],
    ["/channels?limit=20", ["&project_id=p0"]],
    [
      "/outbound-messages?project_id=p1&limit=20",
      [
        "",
        "&channel_id=console",
        "&send_status=sent",
        "&send_status=failed",
        "&channel_id=console&send_status=sent",
      ],
    ],
    [
      "/contracts?limit=20",
      [
        "",
        "&project_id=p0",
        "&contract_family=agent",
        "&lifecycle_status=active",
        "&contract_id=agent-7",
      ],
    ],
  ])(
    "%s",
    async (path, filters) => {
      for (const filter of filters) {
        const asked = path + filter.replace("RUN", ids.run ?? "");
        const { next_cursor } = await holds(asked, as);
        if (next_cursor === null) continue;
        const { prev_cursor } = await holds(`${asked}&cursor=${next_cursor}`, as);
        await holds(`${asked}&cursor=${prev_cursor}`, as);
      }
    },
    60_000,
  );
});

test("what an agent called is found by its runs, newest first", async () => {
  let found: Awaited<ReturnType<typeof readCalled>> | undefined;
  const sent = await statementsOf(async () => {
    found = await db.transaction({ role: "app", projects: ["p0"] }, (tx) =>
      readCalled(tx, "p0", "agent-3", "2020-01-01T00:00:00Z"),
    );
  });
  expect(found?.runs).toHaveLength(500);
  expect(found?.isComplete).toBe(false);
  expect(blindReads(await plansOf(database.url, sent), BIG_TABLES)).toEqual([]);
});

test("questions whose time has come, or that are void, are found by index", async () => {
  const effects = { send: async () => undefined };
  const deps = { effects, whyVoid: async () => undefined };
  const [project_id, id] = ["p0", "00000000-0000-0000-0000-000000000000"];
  const sent = await statementsOf(async () => {
    // They are looked for, and left as they are.
    await expireQuestions(db, effects, AbortSignal.abort());
    await takeDueSteps(db, effects, AbortSignal.abort());
    for (const about of [{ revision_id: id }, { server: "shop", tool: "no such tool" }])
      await db.transaction({ role: "app", projects: [project_id] }, (tx) =>
        voidQuestionsAbout(tx, deps, { project_id, ...about }),
      );
  });
  expect(sent.filter(({ text }) => text.includes("approvals"))).toHaveLength(4);
  expect(blindReads(await plansOf(database.url, sent), BIG_TABLES)).toEqual([]);
});

test("what chats are asked, and which chats are fetched from, is found by index", async () => {
  const inProject = <T>(work: (tx: Tx) => Promise<T>) =>
    db.transaction({ role: "app", projects: ["p0"] }, work);
  const digits = (ids.run ?? "").replaceAll("-", "").slice(0, 13);
  const sent = await statementsOf(async () => {
    expect(await inProject((tx) => newestRuns(tx, "p0"))).toHaveLength(LIST_MAX + 1);
    expect(await inProject((tx) => oldestQuestions(tx, "p0"))).toHaveLength(LIST_MAX + 1);
    expect((await inProject((tx) => countOpenRuns(tx, "p0"))).waiting).toBeGreaterThan(500);
    expect(await inProject((tx) => runsNamed(tx, "p0", digits))).toContain(ids.run);
    await readReceivingChannels(db, undefined);
    await readReceivingChannels(db, ["p0"]);
  });
  expect(blindReads(await plansOf(database.url, sent), BIG_TABLES)).toEqual([]);
});

test("a look for words goes through their index", async () => {
  const plans = await withClient(database.url, async (client) => {
    const { rows } = await client.query(
      "select prosrc from pg_proc where proname = 'awooop_search_runs'",
    );
    const [, select = ""] = /return query (select[^;]+);/.exec(rows[0].prosrc) ?? [];
    expect(select).toContain("@@ wanted");
    await client.query("set search_path = awooop; set role awooop_search");
    await client.query("set plan_cache_mode = force_generic_plan");
    const prepared = select.replace("wanted", "$1").replace("most", "$2");
    await client.query(`prepare look (tsquery, bigint) as ${prepared}`);
    const plan = await client.query("explain (format json) execute look ('''p0 disk'':*', null)");
    return [plan.rows[0]["QUERY PLAN"][0].Plan];
  });
  expect(blindReads(plans, BIG_TABLES)).toEqual([]);
});

test("a plan that reads a table or an index whole is told", async () => {
  const plans = await plansOf(database.url, [
    { text: "begin; set local role awooop_platform; set local search_path = awooop", values: [] },
    { text: "select title from runs where title = $1", values: ["x"] },
    { text: "select run_id from runs order by run_id limit 5", values: [] },
    { text: "select display_name from projects", values: [] },
  ]);
  expect(blindReads(plans, BIG_TABLES)).toEqual(["Seq Scan on runs", "Index Only Scan on runs"]);
});
