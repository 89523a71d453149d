import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { seedProject, seedRevision, seedRun } from "../../test/support/fixtures.ts";
import { queryRows } from "../../test/support/server.ts";
import { type Database, openDatabase, type Tx } from "../platform/database/index.ts";
import { newId } from "../platform/ids.ts";
import { createLog } from "../platform/log.ts";
import { lockRun } from "../runs/index.ts";
import { reserve, settle, spend } from "./budgets.ts";
import { holdAccounts } from "./hold.ts";

const runOf = (projectId: string, subject: string) => ({
  projectId,
  scope: "run" as const,
  subject,
  period: "run" as const,
  limits: { calls: null, costUsd: null },
});

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase({ url: database.url, log: createLog("silent"), max: 16 });
});
afterAll(async () => {
  await db?.close();
  await database?.drop();
});

const admin = (text: string, values?: unknown[]) => queryRows(database.adminUrl, text, values);

/** What a project spent, as the database writes it: to the last digit. */
const spentIn = (projectId: string) =>
  admin(
    "select to_char(month, 'YYYY-MM-DD') as month, spent_usd::text from project_budgets where project_id = $1 order by 1",
    [projectId],
  );

const asTenant = <T>(projectId: string, work: (tx: Tx) => Promise<T>) =>
  db.transaction({ role: "app", projects: [projectId] }, work);

async function runsOf(projectId: string, count: number): Promise<string[]> {
  return db.transaction({ role: "platform" }, async (tx) => {
    await seedProject(tx, { project_id: projectId });
    const { revision_id } = await seedRevision(tx, { project_id: projectId });
    const ids: string[] = [];
    for (let at = 0; at < count; at++) {
      ids.push((await seedRun(tx, { project_id: projectId, revision_id })).run_id);
    }
    return ids;
  });
}

/** Reserves money for a call of a run, as the executing transaction does; answers the call. */
async function reserved(projectId: string, runId: string, amountUsd: number): Promise<string> {
  const callId = newId();
  await asTenant(projectId, async (tx) => {
    await lockRun(tx, projectId, runId);
    const held = [...(await holdAccounts(tx, [runOf(projectId, runId)])).values()];
    await reserve(tx, [{ projectId, runId, callId, amountUsd, held }]);
  });
  return callId;
}

async function settled(
  projectId: string,
  runId: string,
  callId: string,
  how: "spent" | "released",
) {
  return asTenant(projectId, async (tx) => {
    await lockRun(tx, projectId, runId);
    return settle(tx, [{ projectId, callId, how }]);
  });
}

describe("a project's month", () => {
  it("adds up exactly, however many calls and models are paid for at once", async () => {
    const runs = await runsOf("exact", 8);
    const calls = await Promise.all(
      Array.from({ length: 64 }, async (_, at) => {
        const runId = runs[at % 8] ?? "";
        return { runId, callId: await reserved("exact", runId, 0.1 + at / 1_000_000) };
      }),
    );
    expect(await spentIn("exact")).toEqual([]);
    const models = Array.from({ length: 16 }, (_, at) =>
      asTenant("exact", async (tx) => {
        await lockRun(tx, "exact", runs[at % 8] ?? "");
        await spend(tx, runOf("exact", runs[at % 8] ?? ""), [], 0.3);
      }),
    );
    await Promise.all([
      ...calls.map(({ runId, callId }) => settled("exact", runId, callId, "spent")),
      // Twice settled is once spent.
      ...calls.map(({ runId, callId }) => settled("exact", runId, callId, "spent")),
      ...models,
    ]);
    // 64 × 0.1 + (0 + 1 + … + 63) × 0.000001 + 16 × 0.3
    expect(await spentIn("exact")).toEqual([{ month: expect.any(String), spent_usd: "11.202016" }]);
    const [runBudgets] = await admin(
      "select sum(spent_usd)::text as spent, sum(reserved_usd)::text as reserved from run_budgets where project_id = 'exact'",
    );
    expect(runBudgets).toEqual({ spent: "11.202016", reserved: "0.000000" });
  });

  it("knows nothing of money that was given back, or of calls that cost nothing", async () => {
    const [runId = ""] = await runsOf("free", 1);
    await settled("free", runId, await reserved("free", runId, 0.5), "released");
    await settled("free", runId, await reserved("free", runId, 0), "spent");
    await asTenant("free", (tx) => spend(tx, runOf("free", runId), [], 0));
    expect(await spentIn("free")).toEqual([]);
  });

  it("holds more than any one run may cost", async () => {
    const runs = await runsOf("rich", 3);
    for (const runId of runs) {
      await asTenant("rich", (tx) => spend(tx, runOf("rich", runId), [], 90_000_000));
    }
    expect(await spentIn("rich")).toMatchObject([{ spent_usd: "270000000.000000" }]);
  });

  it("is rolled back with what it paid for", async () => {
    const [runId = ""] = await runsOf("undone", 1);
    const failing = asTenant("undone", async (tx) => {
      await spend(tx, runOf("undone", runId), [], 1);
      throw new Error("it could not be written down");
    });
    await expect(failing).rejects.toThrow("written down");
    expect(await spentIn("undone")).toEqual([]);
  });

  it.each([
    ["2026-11-30T23:59:59.999999Z", "2026-11-01"],
    ["2026-12-01T00:00:00Z", "2026-12-01"],
    ["2026-12-01T07:59:59+08:00", "2026-11-01"],
    ["2024-02-29T12:00:00Z", "2024-02-01"],
  ])("begins and ends by UTC: %s is in %s, whatever the session's time zone", async (at, month) => {
    for (const zone of ["UTC", "Asia/Taipei", "America/Los_Angeles"]) {
      const [row] = await admin(
        "select set_config('timezone', $1, false), awooop_month($2::timestamptz)::text as month",
        [zone, at],
      );
      expect(row).toMatchObject({ month });
    }
  });

  it("is the one in which a call is settled, not the one in which it was reserved", async () => {
    const [runId = ""] = await runsOf("border", 1);
    await settled("border", runId, await reserved("border", runId, 1), "spent");
    const [before] = await spentIn("border");
    const late = await reserved("border", runId, 0.25);
    await atMonth("2031-02-01", async () => {
      await settled("border", runId, late, "spent");
      await asTenant("border", (tx) => spend(tx, runOf("border", runId), [], 0.5));
    });
    expect(await spentIn("border")).toEqual([
      { ...before, spent_usd: "1.000000" },
      { month: "2031-02-01", spent_usd: "0.750000" },
    ]);
  });
});

/** Lets the database believe that it is another month. */
async function atMonth(month: string, work: () => Promise<void>): Promise<void> {
  const define = (body: string) =>
    admin(`create or replace function awooop.awooop_month(at timestamptz default clock_timestamp())
      returns date language sql immutable parallel safe as $$ ${body} $$`);
  await define(`select date '${month}'`);
  try {
    await work();
  } finally {
    await define("select date_trunc('month', at at time zone 'UTC')::date");
  }
}
