import { sql } from "kysely";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import {
  seedCall,
  seedEvent,
  seedProject,
  seedRevision,
  seedRun,
  seedStep,
} from "../../test/support/fixtures.ts";
import { seedWorld, type World } from "../../test/support/retention-world.ts";
import { queryRows } from "../../test/support/server.ts";
import { waitFor } from "../../test/support/wait.ts";
import { settle, spend } from "../budgets/budgets.ts";
import { type Database, openDatabase, type Tx } from "../platform/database/index.ts";
import { createLog } from "../platform/log.ts";
import { addCost } from "../runs/index.ts";
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
const sweep = (of = db) =>
  forgetOldData({ db: of, batchSize: 10, pauseMs: 0 }, new AbortController().signal);
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
const count = async (table: string, project: string) => {
  const [row] = await admin(`select count(*)::int as n from ${table} where project_id = $1`, [
    project,
  ]);
  return row?.n;
};

/** A project that keeps runs for a month, with old runs and one young one. */
async function seedProjectWithRuns(project_id: string) {
  return db.transaction({ role: "platform" }, async (tx) => {
    await seedProject(tx, { project_id, retention_payload_days: 30, retention_run_days: 30 });
    const { revision_id } = await seedRevision(tx, { project_id });
    const over = (days: number) =>
      seedRun(tx, { project_id, revision_id, state: "completed", completed_at: daysAgo(days) });
    const old = [await over(50), await over(49), await over(48)] as const;
    for (const run of old) await seedStep(tx, run, { step_seq: 1 });
    const calls = [await seedCall(tx, old[0]), await seedCall(tx, old[1])] as const;
    return { project_id, revision_id, old, calls, young: await over(1) };
  });
}

/** Holds a row in a session of its own while something happens. */
async function holding(statement: string, meanwhile: () => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: database.adminUrl });
  await client.connect();
  try {
    await client.query("begin; set search_path = awooop");
    await client.query(statement);
    await meanwhile();
    await client.query("rollback");
  } finally {
    await client.end();
  }
}

/** Stops the next batch with everything done and nothing committed, while something happens. */
async function inTheMiddle(meanwhile: () => Promise<void>): Promise<void> {
  await admin(`create function public.hold_on() returns trigger language plpgsql as $$ begin
    perform set_config('lock_timeout', '0', true), pg_advisory_xact_lock(4600); return null; end $$`);
  await admin(`create trigger hold_on after insert on audit_log for each row
    when (new.actor_id = 'retention') execute function public.hold_on()`);
  let sweeping: Promise<void> | undefined;
  try {
    await holding("select pg_advisory_lock(4600)", async () => {
      sweeping = sweep();
      await waitFor(
        async () => {
          const waiting =
            await admin(`select from pg_locks where locktype = 'advisory' and not granted
            and objid = 4600 and database = (select oid from pg_database where datname = current_database())`);
          return waiting.length > 0;
        },
        { timeoutMs: 20_000, what: "the batch to be in the middle" },
      );
      await meanwhile();
    });
    await sweeping;
  } finally {
    await admin("drop trigger hold_on on audit_log");
    await admin("drop function public.hold_on()");
  }
}

describe("forgetting", () => {
  it("holds nobody up who reads, starts runs, spends money or changes the project", async () => {
    const { project_id, revision_id, old, young } = await seedProjectWithRuns("busy");
    const patiently = <T>(work: (tx: Tx) => Promise<T>) =>
      db.transaction({ role: "platform" }, async (tx) => {
        await sql`set local lock_timeout = '500ms'`.execute(tx);
        return work(tx);
      });
    await inTheMiddle(async () => {
      const seen = await patiently((tx) =>
        tx.selectFrom("runs").select("run_id").where("project_id", "=", project_id).execute(),
      );
      expect(seen).toHaveLength(old.length + 1);
      await patiently(async (tx) => {
        const run = await seedRun(tx, { project_id, revision_id });
        await seedEvent(tx, { project_id, provider_event_id: "new", run_id: run.run_id });
        await seedCall(tx, run);
      });
      await patiently(async (tx) => {
        const limits = { calls: null, costUsd: null };
        const of = { projectId: project_id, scope: "run", subject: young.run_id } as const;
        await spend(tx, { ...of, period: "run", limits }, [], 0.5);
        await addCost(tx, project_id, young.run_id, 0.5);
      });
      await patiently((tx) =>
        sql`update projects set display_name = 'Busier' where project_id = ${project_id}`.execute(
          tx,
        ),
      );
    });
    await sweep();
    expect(await count("runs", project_id)).toBe(2);
  });

  it("passes by a run that somebody holds, and takes it another time", async () => {
    const { project_id, old } = await seedProjectWithRuns("held");
    await holding(`select from runs where run_id = '${old[1].run_id}' for update`, async () => {
      await sweep();
      expect(await count("runs", project_id)).toBe(2);
    });
    await sweep();
    expect(await count("runs", project_id)).toBe(1);
  });

  it("gives way to whoever holds part of a run, for now, and goes on in other projects", async () => {
    const first = await seedProjectWithRuns("part");
    const second = await seedProjectWithRuns("part-two");
    const { call_id } = first.calls[0];
    await holding(`select from mcp_calls where call_id = '${call_id}' for update`, async () => {
      await sweep();
      expect(await count("runs", first.project_id)).toBe(4);
      expect(await count("run_totals", first.project_id)).toBe(0);
      expect(await count("runs", second.project_id)).toBe(1);
    });
    const ran = () =>
      admin(
        "select project_id from projects where retention_ran_at is null and project_id like 'part%'",
      );
    expect(await ran()).toEqual([{ project_id: "part" }]);
    await sweep();
    expect(await count("runs", first.project_id)).toBe(1);
    expect(await ran()).toEqual([]);
  });

  it("erases what a run held that can't be deleted, and says what failed", async () => {
    const { project_id } = await seedProjectWithRuns("stuck");
    await admin(`create function public.refuse() returns trigger language plpgsql
      as $$ begin raise exception 'refused'; end $$`);
    await admin(`create trigger refuse before delete on runs for each row
      when (old.project_id = '${project_id}') execute function public.refuse()`);
    try {
      await expect(sweep()).rejects.toThrow("1 projects failed");
    } finally {
      await admin("drop trigger refuse on runs");
      await admin("drop function public.refuse()");
    }
    const left = await admin(
      `select count(*)::int as runs, count(r.payload_erased_at)::int as erased, count(p.retention_ran_at)::int as noted
        from runs r join projects p using (project_id) where project_id = $1`,
      [project_id],
    );
    expect(left).toEqual([{ runs: 4, erased: 3, noted: 0 }]);
    await sweep();
    expect(await count("runs", project_id)).toBe(1);
  });

  it("leaves a call that is on its way its run, so that its money is booked", async () => {
    const { project_id, old } = await seedProjectWithRuns("late");
    const call = await db.transaction({ role: "platform" }, async (tx) => {
      const late = await seedCall(tx, old[2], { result_status: "executing", effect: "write" });
      const { run_id } = old[2];
      const reserved = { project_id, run_id, call_id: late.call_id, amount_usd: 0.25 };
      await tx
        .insertInto("run_budgets")
        .values({ project_id, run_id, reserved_usd: 0.25 })
        .execute();
      await tx
        .insertInto("budget_reservations")
        .values({ ...reserved, status: "reserved" })
        .execute();
      return late;
    });
    await sweep();
    expect(await count("runs", project_id)).toBe(2);
    await db.transaction({ role: "platform" }, async (tx) => {
      const spent = await settle(tx, [
        { projectId: project_id, callId: call.call_id, how: "spent" },
      ]);
      expect([...spent.values()]).toEqual([0.25]);
      await sql`update mcp_calls set result_status = 'success' where call_id = ${call.call_id}`.execute(
        tx,
      );
    });
    await sweep();
    expect(await count("runs", project_id)).toBe(1);
    const [month] = await admin(
      "select spent_usd::float8 from project_budgets where project_id = $1",
      [project_id],
    );
    expect(month).toEqual({ spent_usd: 0.25 });
  });
});

describe("what hangs on a run", () => {
  it("is all in the model that forgetting is held against", async () => {
    const run = { createdAge: 50, endedAge: 40, steps: 1, calls: 1, isAsked: true } as const;
    const given: World = {
      payloadDays: null,
      runDays: null,
      runs: [{ ...run, id: crypto.randomUUID(), underWay: "no", isShadow: false }],
      events: [],
      bulks: [],
      messages: [],
    };
    await db.transaction({ role: "platform" }, (tx) => seedWorld(tx, "whole", given));
    const tables = await admin(`select distinct conrelid::regclass::text as name from pg_constraint
      where contype = 'f' and confrelid in ('awooop.runs'::regclass, 'awooop.approvals'::regclass)`);
    expect(tables.length).toBeGreaterThan(8);
    const empty = await Promise.all(
      tables.map(async ({ name }) =>
        (await count(String(name), "whole")) === 0 ? name : undefined,
      ),
    );
    expect(empty.filter(Boolean)).toEqual([]);
  });
});

type Reads = Record<string, { read: number; changed: number }>;

/** How many rows of each big table have been read and how many changed so far, by whichever way. */
async function rowsRead(): Promise<Reads> {
  const rows =
    await admin(`select relname, (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as read,
      (n_tup_del + n_tup_upd)::int as changed
    from pg_stat_user_tables where schemaname = 'awooop' and n_live_tup > 1000`);
  return Object.fromEntries(
    rows.map(({ relname, read, changed }) => [
      relname,
      { read: Number(read), changed: Number(changed) },
    ]),
  );
}

/**
 * Four projects with 2,500 runs each, that ended in the last sixty days, and with everything that hangs on a run. (Of a
 * project with few runs, the planner rightly reads all rather than look for some.)
 */
const MANY = [
  `insert into projects (project_id, display_name, migration_mode)
      select 'many-' || n, 'Many', 'active' from generate_series(1, 4) n`,
  `insert into contract_revisions (revision_id, project_id, contract_id, contract_family, lifecycle_status,
        body, body_hash, version_major, version_minor, created_by)
      select gen_random_uuid(), project_id, 'janitor', 'agent', 'active', '{}', repeat('0', 64), 1, 0, 'test'
      from projects where project_id like 'many-%'`,
  `insert into runs (run_id, project_id, agent_id, revision_id, driver, state, title, is_shadow, trace_id,
        created_at, completed_at)
      select gen_random_uuid(), project_id, 'janitor', revision_id, 'worker', 'completed', 'A run', false, repeat('0', 32),
        now() - make_interval(days => n % 60 + 1), now() - make_interval(days => n % 60)
      from contract_revisions cross join generate_series(1, 2500) n where project_id like 'many-%'`,
  `insert into run_steps (step_id, project_id, run_id, step_seq, step_key, kind, result_status, input)
      select gen_random_uuid(), project_id, run_id, n, 'step ' || n, 'tool_call', 'success', '{}'
      from runs cross join generate_series(1, 3) n where project_id like 'many-%'`,
  `insert into mcp_calls (call_id, project_id, run_id, call_key, tool_name, args_hash, effect, is_shadow,
        result_status, args)
      select gen_random_uuid(), project_id, run_id, 'mcp', 'look', repeat('0', 64), 'read', false, 'success', '{}'
      from runs cross join generate_series(1, 3) n where project_id like 'many-%'`,
  `insert into run_transitions (transition_id, project_id, run_id, to_state, event, actor_kind, actor_id)
      select gen_random_uuid(), project_id, run_id, 'completed', 'complete', 'system', 'test'
      from runs where project_id like 'many-%'`,
  `insert into outbound_messages (message_id, project_id, run_id, channel_type, channel_id, message_type,
        content, send_status)
      select gen_random_uuid(), project_id, run_id, 'console', 'console', 'final', '{"text": "x"}', 'sent'
      from runs where project_id like 'many-%'`,
  `insert into channel_events (event_id, project_id, channel_type, channel_id, provider_event_id, payload,
        run_id, received_at)
      select gen_random_uuid(), project_id, 'alertmanager', 'alerts', run_id::text, '{"a": 1}', run_id, created_at
      from runs where project_id like 'many-%'`,
  `insert into approvals (approval_id, project_id, run_id, call_id, call_key, agent_id, revision_id,
        contract_hash, server, tool_name, effect, args_display, args_ciphertext, asked_hash, status, rule, on_reject,
        on_expire, redeem_seconds, expires_at)
      select gen_random_uuid(), project_id, run_id, gen_random_uuid(), 'mcp', agent_id, revision_id, '', '', 'wipe',
        'write', '{}', '', '', 'open', '', 'cancel', 'cancel', 60, now() + interval '1 hour'
      from runs where project_id like 'many-%'`,
  // Nobody decides what is closed, so they are closed only then.
  `insert into approval_decisions (decision_id, project_id, approval_id, run_id, actor_kind, actor_id,
        via_key_id, decision, surface)
      select gen_random_uuid(), project_id, approval_id, run_id, 'key', 'op-1', 'k', 'reject', 'api'
      from approvals where project_id like 'many-%'`,
  "update approvals set status = 'rejected' where project_id like 'many-%'",
  `insert into task_outcomes (project_id, approval_id, run_id, ended_at, outcome)
      select project_id, approval_id, run_id, now(), '\\x00' from approvals where project_id like 'many-%'`,
  "insert into run_budgets (project_id, run_id) select project_id, run_id from runs where project_id like 'many-%'",
  `insert into budget_reservations (project_id, call_id, run_id, amount_usd, status)
      select project_id, call_id, run_id, 0, 'spent' from mcp_calls where project_id like 'many-%'`,
];

describe("in a database of many projects", () => {
  it("forgetting reads little more than what it forgets", async () => {
    for (const statement of MANY) await admin(statement);
    await admin("analyze");
    const before = await rowsRead();
    expect(Object.keys(before).length).toBeGreaterThan(8);
    await admin(`update projects set retention_payload_days = 20, retention_run_days = 40
      where project_id = 'many-3'`);
    const own = openDatabase({ url: database.url, log: createLog("silent"), max: 1 });
    await sweep(own);
    // A session tells of what it read at its end at the latest.
    await own.close();
    const after = await waitFor(
      async () => {
        const now = await rowsRead();
        return (now.runs?.changed ?? 0) > (before.runs?.changed ?? 0) + 1_500 ? now : undefined;
      },
      { timeoutMs: 20_000, what: "the statistics" },
    );
    const wasteful = Object.entries(after).filter(([table, { read, changed }]) => {
      const was = before[table] ?? { read: 0, changed: 0 };
      return read - was.read > 6 * (changed - was.changed);
    });
    expect(wasteful, JSON.stringify(before)).toEqual([]);
    expect(await count("runs", "many-3")).toBeLessThan(2_000);
  }, 120_000);
});
