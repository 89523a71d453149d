import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { seedRevision } from "../../test/support/fixtures.ts";
import { startTestHttp, type TestHttp } from "../../test/support/http.ts";
import { withClient } from "../../test/support/server.ts";
import { readProject } from "./index.ts";
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
      async (_, { projectId, actor }) => {
        if (refuseDeactivation) throw new Error("a question can't be voided");
        deactivated.push(`${projectId} by ${actor.id}`);
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
    expect(await send("PATCH", "/tenants/mine", { is_active: false }, key)).toMatchObject({
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

  it("acts on what waits in a project that is deactivated, once, or not at all", async () => {
    await api.project("closing");
    refuseDeactivation = true;
    expect(await send("PATCH", "/tenants/closing", { is_active: false })).toMatchObject({
      status: 500,
    });
    refuseDeactivation = false;
    const of = async () => {
      const list = await send("GET", "/tenants");
      return (list.tenants as Json[]).find((tenant) => tenant.project_id === "closing");
    };
    expect(await of()).toMatchObject({ is_active: true });
    expect(await audit("closing")).toHaveLength(1);
    expect(await send("PATCH", "/tenants/closing", { is_active: false })).toMatchObject({
      status: 200,
    });
    await send("PATCH", "/tenants/closing", { is_active: false });
    expect(deactivated).toEqual(["closing by admin"]);
    expect(await of()).toMatchObject({ is_active: false });
  });

  it("says what is wrong with an empty change and an unknown project", async () => {
    expect(await send("PATCH", "/tenants/acme", {})).toMatchObject({
      status: 422,
      code: "E-INPUT",
    });
    const unknown = await send("PATCH", "/tenants/nowhere", { is_active: false });
    expect(unknown).toMatchObject({ status: 404, detail: 'There is no project "nowhere".' });
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
