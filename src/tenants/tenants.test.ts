import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { seedRevision } from "../../test/support/fixtures.ts";
import { startTestHttp, type TestHttp } from "../../test/support/http.ts";
import { withClient } from "../../test/support/server.ts";
import { waitFor } from "../../test/support/wait.ts";
import { readProject, readProjectToStart } from "./index.ts";
import { lockTenant } from "./queries.ts";

type Json = Record<string, unknown>;

let database: TestDatabase;
let api: TestHttp;
const deactivated: string[] = [];
let refuseDeactivation = false;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestHttp(database.url, {
    onDeactivated: [
      async (_, { projectId, actor, runningRuns }) => {
        if (refuseDeactivation) throw new Error("a question can't be voided");
        deactivated.push(`${projectId} by ${actor.id}: ${runningRuns}`);
      },
    ],
  });
});
afterAll(async () => {
  await api?.close();
  await database?.drop();
});

async function send(method: string, path: string, body?: Json, key = api.adminKey): Promise<Json> {
  const response = await api.send(method, `/api/v1${path}`, key, body);
  return { ...((await response.json()) as Json), status: response.status };
}

const audit = (projectId: string) =>
  withClient(database.adminUrl, async (client) => {
    const found = await client.query(
      "select action, details from awooop.audit_log where project_id = $1 order by audit_id",
      [projectId],
    );
    return found.rows as Json[];
  });

describe("a project that is being changed", () => {
  it("holds up nothing that refers to it, for the change may wait for a run of it", async () => {
    await send("POST", "/tenants", { project_id: "busy", display_name: "Busy" });
    await api.db.transaction({ role: "platform" }, async (changing) => {
      await lockTenant(changing, "busy");
      await api.db.transaction({ role: "platform" }, async (other) => {
        await sql`set local lock_timeout = '2s'`.execute(other);
        await seedRevision(other, { project_id: "busy" });
      });
    });
  });
});

describe("making a project", () => {
  it("answers it whole; it begins in shadow", async () => {
    const made = await send("POST", "/tenants", { project_id: "acme", display_name: "Acme" });
    expect(made).toEqual({
      status: 201,
      project_id: "acme",
      display_name: "Acme",
      migration_mode: "shadow",
      budget_limit_usd: null,
      is_active: true,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
      canary_percent: 0,
      calls_per_minute: null,
      calls_per_day: null,
      drains: false,
      separate_approver: false,
      retention_payload_days: null,
      retention_run_days: null,
    });
    expect((await audit("acme")).map((row) => row.action)).toEqual(["tenant.create"]);
  });

  it("refuses a taken id, and changes nothing then", async () => {
    await send("POST", "/tenants", { project_id: "twice", display_name: "First" });
    const again = await send("POST", "/tenants", { project_id: "twice", display_name: "Second" });
    expect(again).toMatchObject({ status: 409, code: "E-TENANT-EXISTS" });
    expect(await audit("twice")).toHaveLength(1);
    const project = await api.db.transaction({ role: "app", projects: ["twice"] }, (tx) =>
      readProject(tx, "twice"),
    );
    expect(project).toMatchObject({ project_id: "twice", display_name: "First" });
  });

  it("refuses what is not an id, a mode, or an amount of money", async () => {
    const cases: [Json, string][] = [
      [{ project_id: "_platform" }, "body.project_id"],
      [{ project_id: "-x" }, "body.project_id"],
      [{ project_id: "a".repeat(64) }, "body.project_id"],
      [{ migration_mode: "turbo" }, "body.migration_mode"],
      [{ canary_percent: 101 }, "body.canary_percent"],
      [{ budget_limit_usd: 0.1234567 }, "body.budget_limit_usd"],
      [{ budget_limit_usd: 1e12 }, "body.budget_limit_usd"],
      [{ budget_limit_usd: -1 }, "body.budget_limit_usd"],
      [{ retention_run_days: 0 }, "body.retention_run_days"],
      [{ retention_run_days: 36_501 }, "body.retention_run_days"],
      [{ retention_payload_days: 1.5 }, "body.retention_payload_days"],
      [{ retention_payload_days: 8, retention_run_days: 7 }, "body.retention_payload_days"],
      [{ separate_approver: "yes" }, "body.separate_approver"],
      [{ is_active: false }, "body"],
    ];
    for (const [body, path] of cases) {
      const refused = await send("POST", "/tenants", {
        project_id: "ok",
        display_name: "x",
        ...body,
      });
      expect({ body, ...refused }).toMatchObject({ body, status: 422, errors: [{ path }] });
    }
  });

  it("is for platform admins", async () => {
    await api.project("mine");
    const { key } = await api.key({ role: "admin", project_ids: ["mine"] });
    const body = { project_id: "more", display_name: "More" };
    expect(await send("POST", "/tenants", body, key)).toMatchObject({ status: 403 });
    expect(await send("PATCH", "/tenants/mine", { display_name: "M" }, key)).toMatchObject({
      status: 403,
    });
  });
});

describe("changing a project", () => {
  it("changes what is named, keeps money to the cent and below, and notes what was new", async () => {
    await api.project("shop");
    const patch = { migration_mode: "canary", canary_percent: 25, budget_limit_usd: 0.1 };
    const changed = await send("PATCH", "/tenants/shop", { ...patch, display_name: "shop" });
    expect(changed).toMatchObject({
      status: 200,
      project_id: "shop",
      display_name: "shop",
      ...patch,
    });
    expect((await audit("shop")).at(-1)).toEqual({ action: "tenant.update", details: patch });
    const cleared = await send("PATCH", "/tenants/shop", { budget_limit_usd: null });
    expect(cleared.budget_limit_usd).toBeNull();
    const same = await send("PATCH", "/tenants/shop", { canary_percent: 25 });
    expect(same).toMatchObject({ status: 200, canary_percent: 25 });
    expect(await audit("shop")).toHaveLength(3);
  });

  it("keeps payloads no longer than runs, whichever of the two is changed", async () => {
    await api.project("tidy", { retention_payload_days: 7, retention_run_days: 30 });
    const paths = async (patch: Json) => {
      const answer = await send("PATCH", "/tenants/tidy", patch);
      return answer.status === 200 ? 200 : (answer.errors as Json[]).map(({ path }) => path);
    };
    expect(await paths({ retention_payload_days: 31 })).toEqual(["body.retention_payload_days"]);
    expect(await paths({ retention_run_days: 6 })).toEqual(["body.retention_payload_days"]);
    expect(await paths({ retention_payload_days: 3, retention_run_days: 6 })).toBe(200);
    expect(await paths({ retention_run_days: null })).toBe(200);
    expect(await paths({ retention_payload_days: 36_500 })).toBe(200);
    expect(await audit("tidy")).toHaveLength(4);
  });

  it("says what is wrong with an empty change and an unknown project", async () => {
    expect(await send("PATCH", "/tenants/acme", {})).toMatchObject({
      status: 422,
      code: "E-INPUT",
    });
    const unknown = await send("PATCH", "/tenants/nowhere", { display_name: "Nowhere" });
    expect(unknown).toMatchObject({ status: 404, detail: 'There is no project "nowhere".' });
  });
});

describe("deactivating a project", () => {
  const change = (patch: Json) => send("PATCH", "/tenants/closing", patch);
  const finish = { is_active: false, running_runs: "finish" };
  const cancel = { is_active: false, running_runs: "cancel" };

  it("says what becomes of running runs, and only then", async () => {
    await api.project("closing");
    const wrong = { status: 422, errors: [{ path: "body.running_runs" }] };
    expect(await change({ is_active: false })).toMatchObject(wrong);
    expect(await change({ is_active: false, running_runs: "wait" })).toMatchObject(wrong);
    expect(await change({ running_runs: "finish" })).toMatchObject(wrong);
    expect(await change({ is_active: true, running_runs: "finish" })).toMatchObject(wrong);
  });

  it("acts on what is open there, once, or not at all", async () => {
    refuseDeactivation = true;
    expect(await change(finish)).toMatchObject({ status: 500 });
    refuseDeactivation = false;
    expect(await send("GET", "/tenants/closing")).toMatchObject({ is_active: true, drains: false });
    expect(await audit("closing")).toHaveLength(1);

    expect(await change(finish)).toMatchObject({ status: 200, is_active: false, drains: true });
    expect(await change(finish)).toMatchObject({ status: 200, is_active: false, drains: true });
    expect(deactivated).toEqual(["closing by admin: finish"]);
    expect((await audit("closing")).at(-1)).toEqual({
      action: "tenant.update",
      details: { is_active: false, drains: true },
    });
  });

  it("can be made up one's mind about: runs that may finish are cancelled after all", async () => {
    expect(await change(cancel)).toMatchObject({ status: 200, is_active: false, drains: false });
    expect(await change(cancel)).toMatchObject({ status: 200 });
    expect(deactivated.splice(0)).toEqual(["closing by admin: finish", "closing by admin: cancel"]);
  });

  it("is undone by activating it, and then its runs are like any other's", async () => {
    expect(await change({ is_active: true })).toMatchObject({ is_active: true, drains: false });
    expect(await change(cancel)).toMatchObject({ is_active: false, drains: false });
    await change({ is_active: true });
    expect(deactivated.splice(0)).toEqual(["closing by admin: cancel"]);
  });

  it("waits for a run that is starting, and the next one finds the project inactive", async () => {
    await api.project("shutting");
    const scope = { role: "app", projects: ["shutting"] } as const;
    const order: string[] = [];
    let deactivating: Promise<Json> | undefined;
    await api.db.transaction(scope, async (tx) => {
      expect(await readProjectToStart(tx, "shutting")).toMatchObject({ is_active: true });
      deactivating = send("PATCH", "/tenants/shutting", finish).then((answer) => {
        order.push("deactivated");
        return answer;
      });
      await waitFor(
        async () =>
          withClient(database.adminUrl, async (client) => {
            const waiting = await client.query(
              `select from pg_locks where locktype = 'advisory' and not granted
                and database = (select oid from pg_database where datname = current_database())`,
            );
            return waiting.rowCount === 1;
          }),
        { timeoutMs: 10_000, what: "the deactivation to wait" },
      );
      await api.db.transaction(scope, (other) => readProject(other, "shutting"));
      order.push("started");
    });
    expect(await deactivating).toMatchObject({ status: 200 });
    expect(order).toEqual(["started", "deactivated"]);
    const next = await api.db.transaction(scope, (tx) => readProjectToStart(tx, "shutting"));
    expect(next).toMatchObject({ is_active: false, drains: true });
  });
});

describe("listing projects", () => {
  it("pages by id for everybody, each seeing theirs", async () => {
    await Promise.all(["p3", "p1", "p2"].map((id) => api.project(id)));
    const { key } = await api.key({ role: "viewer", project_ids: ["p1", "p2", "p3"] });
    const first = await send("GET", "/tenants?limit=2", undefined, key);
    expect(first).toMatchObject({ total: 3, total_is_exact: true });
    const second = await send(
      "GET",
      `/tenants?limit=2&cursor=${first.next_cursor}`,
      undefined,
      key,
    );
    const ids = [first, second].flatMap((page) =>
      (page.tenants as Json[]).map((tenant) => tenant.project_id),
    );
    expect(ids).toEqual(["p1", "p2", "p3"]);
    expect(second.next_cursor).toBeNull();
    const all = await send("GET", "/tenants");
    const sorted = (all.tenants as Json[]).map((tenant) => String(tenant.project_id));
    expect(sorted).toEqual([...sorted].sort());
    expect(sorted.length).toBe(all.total);
    const foreign = `/tenants?limit=2&cursor=${first.next_cursor}`;
    expect(await send("GET", foreign)).toMatchObject({ status: 422, code: "E-CURSOR" });
  });
});
