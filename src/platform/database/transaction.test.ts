import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { queryRows } from "../../../test/support/server.ts";
import { createLog } from "../log.ts";
import { type Database, openDatabase, type Scope, type Tx } from "./index.ts";

const APP: Scope = { role: "app", projects: ["acme", "globex"] };
const log = createLog("silent");

let testDatabase: TestDatabase;
let db: Database;
/** With one connection, so that what a transaction leaves behind meets the next. */
let single: Database;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  db = openDatabase({ url: testDatabase.url, log });
  single = openDatabase({ url: testDatabase.url, max: 1, log });
  await db.transaction({ role: "platform" }, (tx) => addProject(tx, "acme"));
});
afterAll(async () => {
  await Promise.all([db.close(), single.close()]);
  await testDatabase.drop();
});

async function addProject(tx: Tx, projectId: string): Promise<void> {
  await tx
    .insertInto("projects")
    .values({ project_id: projectId, display_name: projectId, migration_mode: "active" })
    .execute();
}

async function settings(tx: Tx): Promise<Record<string, unknown>> {
  const { rows } = await sql<Record<string, unknown>>`
    select current_user as role, current_setting('awooop.projects', true) as projects, current_setting('search_path') as path,
      current_setting('timezone') as zone, current_setting('statement_timeout') as timeout,
      current_setting('transaction_isolation') as isolation, current_setting('transaction_read_only') as read_only`.execute(
    tx,
  );
  return rows[0] ?? {};
}

async function one<T>(tx: Tx, value: T): Promise<T> {
  const { rows } = await sql<{ value: T }>`select ${value}::text as value`.execute(tx);
  return rows[0]?.value as T;
}

async function projectIds(): Promise<unknown[]> {
  const rows = await queryRows(testDatabase.adminUrl, "select project_id from projects order by 1");
  return rows.map(({ project_id }) => project_id);
}

const brokenBy = (error: unknown) => (error as { code?: string }).code;

describe("a transaction", () => {
  it("has the rights and the settings of its scope, and the next one its own", async () => {
    const common = { path: "awooop", zone: "UTC", timeout: "30s" };
    expect(await single.transaction(APP, settings)).toEqual({
      ...common,
      role: "awooop_app",
      projects: "acme,globex",
      isolation: "read committed",
      read_only: "off",
    });
    expect(await single.transaction({ role: "system" }, settings, { snapshot: true })).toEqual({
      ...common,
      role: "awooop_system",
      projects: "",
      isolation: "repeatable read",
      read_only: "on",
    });
  });

  it.each(["x'; reset role; --", "a,b", "a\0b", "A", "", "'"])(
    "opens no project for %j, which is none",
    async (id) => {
      const scope: Scope = { role: "app", projects: [id, "acme"] };
      const found = await single.transaction(scope, settings);
      expect(found).toMatchObject({ role: "awooop_app", projects: "acme" });
    },
  );

  it("keeps nothing when its work throws, and says why", async () => {
    const failing = single.transaction({ role: "platform" }, async (tx) => {
      await addProject(tx, "lost");
      throw new Error("changed my mind");
    });
    await expect(failing).rejects.toThrow("changed my mind");
    expect(await projectIds()).not.toContain("lost");
    expect(await single.transaction(APP, (tx) => one(tx, "goes on"))).toBe("goes on");
  });

  it("is not taken for committed when a failed statement was passed over", async () => {
    const failing = single.transaction({ role: "platform" }, async (tx) => {
      await addProject(tx, "half");
      await addProject(tx, "half").catch(() => {});
    });
    await expect(failing).rejects.toThrow("nothing was committed");
    expect(await projectIds()).not.toContain("half");
  });

  it("is tried again after a serialization failure, three times in all", async () => {
    let tries = 0;
    const failing = db.transaction(APP, async (tx) => {
      tries += 1;
      await sql`do $$ begin raise exception using errcode = '40001'; end $$`.execute(tx);
    });
    await expect(failing).rejects.toSatisfy((error) => brokenBy(error) === "40001");
    expect(tries).toBe(3);
  });

  it("answers statements that are sent together in their order; one that fails, fails those behind it", async () => {
    await single.transaction(APP, async (tx) => {
      const values = Array.from({ length: 20 }, (_, n) => `${n}`);
      expect(await Promise.all(values.map((value) => one(tx, value)))).toEqual(values);
    });
    const failing = single.transaction(APP, (tx) =>
      Promise.all([one(tx, "a"), sql`select 1 / 0`.execute(tx), one(tx, "b")]),
    );
    await expect(failing).rejects.toThrow("division by zero");
    expect(await single.transaction(APP, (tx) => one(tx, "goes on"))).toBe("goes on");
  });

  it("takes no statement after its end", async () => {
    let kept: Tx | undefined;
    await single.transaction(APP, async (tx) => {
      kept = tx;
    });
    const late = one(kept as Tx, "late");
    await expect(late).rejects.toThrow("has ended");
  });

  it("of a snapshot sees one moment, and writes nothing", async () => {
    await db.transaction(
      { role: "platform" },
      async (tx) => {
        const count = async () =>
          (await sql<{ n: number }>`select count(*) as n from projects`.execute(tx)).rows[0]?.n;
        const before = await count();
        await db.transaction({ role: "platform" }, (other) => addProject(other, "later"));
        expect(await count()).toBe(before);
      },
      { snapshot: true },
    );
    const writing = db.transaction({ role: "platform" }, (tx) => addProject(tx, "never"), {
      snapshot: true,
    });
    await expect(writing).rejects.toSatisfy((error) => brokenBy(error) === "25006");
  });
});

describe("a lost connection", () => {
  it("fails what was under way, and the next transaction gets another", async () => {
    const pidOf = async (tx: Tx) =>
      (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)).rows[0]?.pid;
    const failing = single.transaction(APP, async (tx) => {
      await queryRows(testDatabase.adminUrl, "select pg_terminate_backend($1)", [await pidOf(tx)]);
      await sql`select pg_sleep(10)`.execute(tx);
    });
    await expect(failing).rejects.toThrow();
    expect(await single.transaction(APP, (tx) => one(tx, "goes on"))).toBe("goes on");
  });

  it("while idle is noticed by nobody", async () => {
    const rows = await single.transaction(APP, async (tx) => {
      const found = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      return found.rows;
    });
    await queryRows(testDatabase.adminUrl, "select pg_terminate_backend($1)", [rows[0]?.pid]);
    await expect
      .poll(() => single.transaction(APP, (tx) => one(tx, "goes on")).catch(() => "not yet"))
      .toBe("goes on");
  });
});

describe("prepared statements", () => {
  const prepared = async (tx: Tx) =>
    (
      await sql<{ n: number }>`select count(*) as n from pg_prepared_statements
        where statement like '%as value'`.execute(tx)
    ).rows[0]?.n;

  it("are those that come again", async () => {
    const fresh = openDatabase({ url: testDatabase.url, max: 1, log });
    for (let n = 0; n < 5; n++) await fresh.transaction(APP, (tx) => one(tx, `${n}`));
    expect(await fresh.transaction(APP, prepared)).toBe(1);
    await fresh.close();
  });

  it("are not made where a pooler stands in between", async () => {
    const pooled = openDatabase({ url: testDatabase.url, max: 1, isPooled: true, log });
    for (let n = 0; n < 5; n++) await pooled.transaction(APP, (tx) => one(tx, `${n}`));
    expect(await pooled.transaction(APP, prepared)).toBe(0);
    await pooled.close();
  });
});
