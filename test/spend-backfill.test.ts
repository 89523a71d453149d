import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { Client } from "pg";
import { expect, inject, test } from "vitest";
import { dropDatabase, urlOf, withClient } from "./support/server.ts";

const FOLDER = new URL("../migrations/", import.meta.url);

/** Runs the numbered migrations from one to another as their owner, as the migrator does. */
async function migrate(client: Client, from: number, to: number): Promise<void> {
  const names = (await readdir(FOLDER)).filter((name) => /^\d{4}_/.test(name)).sort();
  await client.query("set role awooop_owner; set search_path = awooop");
  for (const name of names.slice(from - 1, to)) {
    await client.query(await readFile(new URL(name, FOLDER), "utf8"));
  }
  await client.query("reset role");
}

/** Runs of before: each with what its calls cost, by when they were settled, and what it cost in all. */
const RUNS: { project: string; ended: string | null; calls: [number, string][]; cost: number }[] = [
  {
    project: "one",
    ended: "2026-09-30T23:59:59Z",
    calls: [[0.1, "2026-09-30T23:00:00Z"]],
    cost: 0.1,
  },
  {
    project: "one",
    ended: "2026-10-01T00:00:01Z",
    calls: [
      [0.2, "2026-09-30T23:59:59.9Z"],
      [0.000001, "2026-10-01T00:00:00Z"],
    ],
    cost: 1.200001,
  },
  { project: "one", ended: null, calls: [], cost: 0.5 },
  { project: "one", ended: "2026-10-09T00:00:00Z", calls: [], cost: 0 },
  { project: "two", ended: "2026-10-09T00:00:00Z", calls: [[3, "2026-10-08T00:00:00Z"]], cost: 3 },
];
const CREATED = "2026-08-15T00:00:00Z";

async function seed(client: Client): Promise<void> {
  await client.query("set search_path = awooop");
  for (const project of ["one", "two"]) {
    await client.query(
      "insert into projects (project_id, display_name, migration_mode) values ($1, $1, 'active')",
      [project],
    );
    await client.query(
      `insert into contract_revisions (revision_id, project_id, contract_id, contract_family, lifecycle_status, body,
        body_hash, version_major, version_minor, created_by)
      values (gen_random_uuid(), $1, 'janitor', 'agent', 'active', '{}', repeat('0', 64), 1, 0, 'test')`,
      [project],
    );
  }
  for (const { project, ended, calls, cost } of RUNS) {
    const { rows } = await client.query(
      `insert into runs (run_id, project_id, agent_id, revision_id, driver, state, title, is_shadow, trace_id, created_at,
        completed_at, cost_usd)
      select gen_random_uuid(), project_id, 'janitor', revision_id, 'client', $2, 'A run', false, repeat('0', 32), $3, $4, $5
      from contract_revisions where project_id = $1 returning run_id`,
      [project, ended ? "completed" : "running", CREATED, ended, cost],
    );
    for (const [amount, settled] of calls) {
      await client.query(
        `insert into budget_reservations (project_id, call_id, run_id, amount_usd, status, settled_at)
        values ($1, gen_random_uuid(), $2, $3, 'spent', $4), ($1, gen_random_uuid(), $2, 7, 'released', $4)`,
        [project, rows[0].run_id, amount, settled],
      );
    }
  }
}

test("what runs cost before months were counted is counted by month when the database is migrated", async () => {
  const { adminUrl, prefix } = inject("testServer");
  const name = `${prefix}${randomBytes(4).toString("hex")}`;
  await withClient(adminUrl, (client) =>
    client.query(`create database ${name} template template0 encoding 'UTF8'`),
  );
  try {
    await withClient(urlOf(adminUrl, name), async (client) => {
      await client.query("create schema awooop authorization awooop_owner");
      await migrate(client, 1, 4);
      await seed(client);
      await migrate(client, 5, 5);
      const { rows } = await client.query(
        "select project_id, month::text, spent_usd::text from awooop.project_budgets order by 1, 2",
      );
      expect(rows).toEqual([
        { project_id: "one", month: "2026-08-01", spent_usd: "0.500000" },
        { project_id: "one", month: "2026-09-01", spent_usd: "0.300000" },
        { project_id: "one", month: "2026-10-01", spent_usd: "1.000001" },
        { project_id: "two", month: "2026-10-01", spent_usd: "3.000000" },
      ]);
      const left = await client.query(
        "select polname from pg_policy where 'awooop_owner'::regrole = any (polroles)",
      );
      expect(left.rows).toEqual([]);
    });
  } finally {
    await withClient(adminUrl, (client) => dropDatabase(client, name));
  }
});
