import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { type Database, openDatabase } from "../database/index.ts";
import { createLog } from "../log.ts";
import { type JobData, type Jobs, openJobs } from "./index.ts";

const log = createLog("silent");
const SCOPE = { role: "app", projects: ["acme"] } as const;
const job = (run_id: string) => ({ project_id: "acme", run_id });

let testDatabase: TestDatabase;
let db: Database;
let jobs: Jobs;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  db = openDatabase({ url: testDatabase.url, log });
  jobs = await openJobs({ url: testDatabase.url, log });
});
afterAll(async () => {
  await jobs.stop();
  await db.close();
  await testDatabase.drop();
});

it("sends a job if and only if its transaction commits, and wakes a worker at once", async () => {
  const worked: JobData["run.ended"][] = [];
  await jobs.work("run.ended", 1, async (data) => void worked.push(data));
  const failing = db.transaction(SCOPE, async (tx) => {
    await jobs.send(tx, "run.ended", job("rolled-back"));
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  await db.transaction(SCOPE, (tx) => jobs.send(tx, "run.ended", job("committed")));
  await waitFor(() => worked.length > 0, { timeoutMs: 15_000, what: "the job to be worked on" });
  expect(worked).toEqual([job("committed")]);
});

it("tries a failed job again by its queue's rules, and says which try it is", async () => {
  const tries: number[] = [];
  await jobs.work("approval.opened", 1, async (_data, { retryCount }) => {
    tries.push(retryCount);
    if (tries.length === 1) throw new Error("not yet");
  });
  const data = { ...job("r"), approval_id: "a" };
  await db.transaction(SCOPE, (tx) => jobs.send(tx, "approval.opened", data));
  await waitFor(() => tries.length === 2, { timeoutMs: 20_000, what: "the second try" });
  expect(tries).toEqual([0, 1]);
});

it("works off jobs that were sent together one after the other, those that may wait last", async () => {
  await db.transaction(SCOPE, async (tx) => {
    await jobs.send(tx, "runs.bulk", [2, 3, 4, 5, 6, 7, 8, 9].map(many), { afterOthers: true });
    await jobs.send(tx, "runs.bulk", many(1));
  });
  const worked: string[] = [];
  await jobs.work("runs.bulk", 1, async ({ bulk_id }) => void worked.push(bulk_id));
  await waitFor(() => worked.length === 9, { timeoutMs: 15_000, what: "all of them" });
  expect(worked[0]).toBe("1");
});

const many = (n: number) => ({ project_id: "acme", bulk_id: String(n) });

it.each(["app", "platform", "system"] as const)(
  "lets %s send jobs, not read what they carry",
  async (role) => {
    const scope = role === "app" ? SCOPE : ({ role } as const);
    await db.transaction(scope, (tx) => jobs.send(tx, "run.execute", job("mine")));
    for (const table of ["job", "job_common"]) {
      const read = db.transaction(scope, (tx) =>
        sql.raw(`select data from pgboss.${table}`).execute(tx),
      );
      await expect(read).rejects.toThrow("permission denied");
    }
  },
);
