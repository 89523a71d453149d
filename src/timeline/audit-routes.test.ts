import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { ask, caller } from "../../test/support/fixtures.ts";
import { queryRows } from "../../test/support/server.ts";
import { type AuditEntry, appendAudit, PLATFORM_PROJECT } from "../audit/index.ts";
import { type Database, openDatabase } from "../platform/database/index.ts";
import { createCursors } from "../platform/http/index.ts";
import { createLog } from "../platform/log.ts";
import { auditRoutes } from "./audit-routes.ts";

let database: TestDatabase;
let db: Database;
let routes: ReturnType<typeof auditRoutes>;

const entry = (over: Partial<AuditEntry>): AuditEntry => ({
  projectId: "acme",
  actor: { kind: "key", id: "ada" },
  action: "run.cancel",
  subject: { kind: "run", id: "r1" },
  ...over,
});

beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase({ url: database.url, log: createLog("silent") });
  routes = auditRoutes({ db, cursors: createCursors(new Uint8Array(32)) });
  await queryRows(
    database.adminUrl,
    "insert into awooop.projects (project_id, display_name, migration_mode) values ('acme', 'Acme', 'active'), ('globex', 'Globex', 'active')",
  );
  const entries = [
    entry({
      details: { fence: 2 },
      private: { reason: "token=hunter2hunter2 of ada@example.com" },
    }),
    entry({ actor: { kind: "system", id: "sweeper" }, action: "run.release" }),
    entry({ subject: { kind: "run", id: "r2" } }),
    entry({ projectId: "globex", subject: { kind: "run", id: "r3" } }),
    entry({
      projectId: PLATFORM_PROJECT,
      action: "key.create",
      subject: { kind: "key", id: "k1" },
    }),
  ];
  for (const each of entries)
    await db.transaction({ role: "platform" }, (tx) => appendAudit(tx, each));
});

afterAll(async () => {
  await db?.close();
  await database?.drop();
});

const viewer = caller({ role: "viewer", projects: ["acme"] });
const read = async (query = "", as = viewer) =>
  (await ask(routes, `/audit-log${query}`, { caller: as })).body;
const told = async (query: string, as = viewer) =>
  (await read(query, as)).entries.map(
    ({ actor, action, target }: never) =>
      `${(actor as { id: string }).id} ${action} ${(target as { id: string }).id}`,
  );

describe("the audit log", () => {
  it("is read newest first, by whoever may look, of the projects they see", async () => {
    expect(await told("")).toEqual([
      "ada run.cancel r2",
      "sweeper run.release r1",
      "ada run.cancel r1",
    ]);
    expect(await told("?project_id=globex")).toEqual([]);
    expect(await told(`?project_id=${PLATFORM_PROJECT}`)).toEqual([]);
    expect(await told("", caller())).toHaveLength(5);
    expect(await told(`?project_id=${PLATFORM_PROJECT}`, caller())).toEqual(["ada key.create k1"]);
    const agent = caller({ role: "agent", projects: ["acme"] });
    expect(await ask(routes, "/audit-log", { caller: agent })).toMatchObject({ status: 403 });
  });

  it("is narrowed by who, what, to what, and when, all at once", async () => {
    expect(await told("?actor=sweeper")).toEqual(["sweeper run.release r1"]);
    expect(await told("?action=run.cancel&target=r1")).toEqual(["ada run.cancel r1"]);
    expect(await told("?action=run")).toEqual([]);
    const [newest] = (await read()).entries;
    expect(await told(`?created_after=${newest.at}`)).toEqual(["ada run.cancel r2"]);
    expect(await told(`?created_before=${newest.at}`)).toHaveLength(2);
    expect((await ask(routes, "/audit-log?created_after=today", { caller: viewer })).status).toBe(
      422,
    );
  });

  it("is paged on and back", async () => {
    const first = await read("?limit=2");
    expect(first).toMatchObject({ total: 3, total_is_exact: true, prev_cursor: null });
    const second = await read(`?limit=2&cursor=${first.next_cursor}`);
    expect(second.entries).toHaveLength(1);
    expect(second.next_cursor).toBeNull();
    expect((await read(`?limit=2&cursor=${second.prev_cursor}`)).entries).toEqual(first.entries);
  });

  it("shows free text with secrets masked, and what was erased stays erased", async () => {
    const asked = "?target=r1&action=run.cancel";
    const [before] = (await read(asked)).entries;
    expect(before).toMatchObject({
      details: { fence: 2 },
      private_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      is_erased: false,
    });
    expect(JSON.stringify(before.private)).not.toContain("hunter2");
    await queryRows(database.adminUrl, "delete from awooop.audit_private");
    const [after] = (await read(asked)).entries;
    expect(after).toEqual({ ...before, private: null, is_erased: true });
    const [plain] = (await read("?target=r2")).entries;
    expect(plain).toMatchObject({ private: null, private_hash: null, is_erased: false });
  });
});
