import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import {
  expectedOf,
  leftOf,
  seedWorld,
  type World,
  withIds,
  world,
} from "../../test/support/retention-world.ts";
import { queryRows } from "../../test/support/server.ts";
import { type Database, openDatabase } from "../platform/database/index.ts";
import { createLog } from "../platform/log.ts";
import { forgetOldData } from "./index.ts";

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase({ url: database.url, log: createLog("silent") });
});
afterAll(async () => {
  await db?.close();
  await database?.drop();
});

const admin = (text: string, values?: unknown[]) => queryRows(database.adminUrl, text, values);
/** Small batches, so that a pass takes many. */
const sweep = (signal = new AbortController().signal) =>
  forgetOldData({ db, batchSize: 3, pauseMs: 0 }, signal);

let serial = 0;

/** Makes a project out of each world, with an id that sorts by its place. */
async function seed(worlds: readonly World[]) {
  serial += 1;
  const projects = worlds.map((one, at) => ({
    projectId: `w${serial}-${at}`,
    given: withIds(one),
  }));
  await db.transaction({ role: "platform" }, async (tx) => {
    for (const { projectId, given } of projects) await seedWorld(tx, projectId, given);
  });
  return projects;
}

type Projects = Awaited<ReturnType<typeof seed>>;

async function expectForgotten(projects: Projects): Promise<void> {
  for (const { projectId, given } of projects) {
    expect(await leftOf(database.adminUrl, projectId), projectId).toEqual(expectedOf(given));
    expect(await misfits(projectId), projectId).toEqual([]);
  }
}

/** Rows that are neither whole nor erased as their run is, by table. */
function misfits(projectId: string) {
  const erased = "r.payload_erased_at is not null";
  const parts = {
    runs: "(r.input is null and r.result is null)",
    run_steps: "(t.input is null and t.output is null)",
    mcp_calls: "(t.args is null and t.result is null)",
    approvals: `(t.args_display = '{"erased": true}' and t.args_ciphertext = ''
      and t.approved_args_display = '{"erased": true}' and t.approved_args_ciphertext is null)`,
    outbound_messages: "t.content = '{}'",
    // Those of erased runs are gone.
    task_outcomes: "false",
    approval_seen: "false",
  };
  const each = Object.entries(parts).map(
    ([table, isBare]) => `select '${table}' as "table", count(*)::int as rows
      from ${table} t join runs r using (project_id, run_id)
      where t.project_id = $1 and (${erased}) <> (${isBare}) having count(*) > 0`,
  );
  const events = `select 'channel_events', count(*)::int from channel_events
    where project_id = $1 and (payload_erased_at is not null) <> (payload = '{}') having count(*) > 0`;
  return admin([...each, events].join(" union all "), [projectId]);
}

/** They are kept for ever from now on, so that later sweeps have less to look at. */
async function keep(projects: Projects): Promise<void> {
  await admin(
    "update projects set retention_payload_days = null, retention_run_days = null where project_id = any ($1)",
    [projects.map(({ projectId }) => projectId)],
  );
}

/** Worlds with something to do of every kind, the same at each run. */
const [first, second, third] = fc.sample(
  world.filter(
    (given) =>
      given.payloadDays !== null &&
      given.runDays !== null &&
      given.runs.length > 15 &&
      expectedOf(given).totals.runs > 4 &&
      given.runs.some((run) => run.isAsked && run.endedAge === 40) &&
      given.bulks.some(({ age, isDone }) => isDone && age > 30),
  ),
  { numRuns: 3, seed: 7 },
);
if (!first || !second || !third) throw new Error("there are no such worlds");

describe("what a project keeps no longer", () => {
  it("is forgotten, and nothing else: neither what is under way nor another project's", async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(world, world), async (pair) => {
        const projects = await seed(pair);
        await sweep();
        await expectForgotten(projects);
        // A second time there is nothing left to do.
        await sweep();
        await expectForgotten(projects);
        await keep(projects);
      }),
      { numRuns: 12, seed: 20_261_122 },
    );
  });

  it("is on record: how much of what was forgotten, one entry for each batch, and when it was done", async () => {
    const projects = await seed([first]);
    await sweep();
    const [{ projectId } = { projectId: "" }] = projects;
    const audit = await admin(
      `select action, sum((details->>'runs')::int)::int as runs, sum((details->>'events')::int)::int as events,
         max((details->>'days')::int) as days, max((details->>'runs')::int) as most
       from audit_log where project_id = $1 and actor_id = 'retention' group by action order by action`,
      [projectId],
    );
    const { runs, events } = await leftOf(database.adminUrl, projectId);
    const erased = (of: object) => Object.values(of).filter((fate) => fate === "erased").length;
    expect(audit).toMatchObject([
      { action: "retention.delete", days: first.runDays, most: 3 },
      {
        action: "retention.erase",
        days: first.payloadDays,
        runs: erased(runs),
        events: erased(events),
      },
    ]);
    expect(audit[0]).toMatchObject({
      runs: first.runs.length - Object.keys(runs).length,
      events: first.events.length - Object.keys(events).length,
    });
    const [row] = await admin(
      "select retention_ran_at > now() - interval '1 minute' as lately from projects where project_id = $1",
      [projectId],
    );
    expect(row).toEqual({ lately: true });
    await keep(projects);
  });

  it("is forgotten once by several processes at once", async () => {
    const projects = await seed([first, second, third]);
    const others = [1, 2, 3].map(() =>
      openDatabase({ url: database.url, log: createLog("silent"), max: 1 }),
    );
    const signal = new AbortController().signal;
    await Promise.all(
      others.map((each) => forgetOldData({ db: each, batchSize: 2, pauseMs: 0 }, signal)),
    );
    await Promise.all(others.map((each) => each.close()));
    // Whoever found a project taken left it to the other, who may have been past its last batch.
    await sweep();
    await expectForgotten(projects);
    await keep(projects);
  });

  it("waits for the next start when the process is asked to stop", async () => {
    const projects = await seed([first]);
    const stopping = new AbortController();
    stopping.abort();
    const before = await leftOf(database.adminUrl, projects[0]?.projectId ?? "");
    await sweep(stopping.signal);
    expect(await leftOf(database.adminUrl, projects[0]?.projectId ?? "")).toEqual(before);
    await sweep();
    await expectForgotten(projects);
    await keep(projects);
  });
});

/** Every statement that changes something, by its table. */
const FAULTS = [
  ...[
    "task_outcomes",
    "approval_seen",
    "approval_redemptions",
    "approval_decisions",
    "approvals",
    "budget_reservations",
    "run_budgets",
    "outbound_messages",
    "budget_windows",
  ],
  ...["mcp_calls", "run_steps", "run_transitions", "run_words", "runs", "channel_events"],
  ...["run_bulk_results", "run_bulk_actions"],
].map((table) => ["delete", table] as const);
const ERASING = [
  "run_steps",
  "mcp_calls",
  "approvals",
  "outbound_messages",
  "channel_events",
  "runs",
];

describe("a process that dies while it forgets", () => {
  it.each([
    ["insert", "run_totals"] as const,
    ...FAULTS,
    ...ERASING.map((table) => ["update", table] as const),
    ["insert", "audit_log"] as const,
    ["update", "projects"] as const,
  ])("at the %s of %s loses nothing and counts nothing twice", async (verb, table) => {
    const projects = await seed([first, second]);
    await admin(`create or replace function public.die() returns trigger language plpgsql security definer
      as $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$`);
    await admin(
      `create trigger die after ${verb} on ${table} for each statement execute function public.die()`,
    );
    const dying = openDatabase({ url: database.url, log: createLog("silent"), max: 1 });
    const signal = new AbortController().signal;
    try {
      await expect(
        forgetOldData({ db: dying, batchSize: 100, pauseMs: 0 }, signal),
      ).rejects.toThrow(AggregateError);
    } finally {
      await admin(`drop trigger die on ${table}`);
      await dying.close();
    }
    for (const { projectId } of projects) {
      const { runs, totals } = await leftOf(database.adminUrl, projectId);
      const deleted = projects.find((one) => one.projectId === projectId)?.given.runs.length ?? 0;
      expect(deleted - Object.keys(runs).length).toBe(totals.runs);
    }
    await sweep();
    await expectForgotten(projects);
    await keep(projects);
  });
});
