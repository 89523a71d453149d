import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { startTestHttp, type TestHttp } from "../../test/support/http.ts";
import { queryRows } from "../../test/support/server.ts";
import { waitFor } from "../../test/support/wait.ts";
import { createLog } from "../platform/log.ts";
import { createIdentity } from "./index.ts";

let database: TestDatabase;
let api: TestHttp;
let acmeAdmin: { key: string; key_id: string };

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestHttp(database.url);
  await api.project("acme");
  await api.project("globex");
  acmeAdmin = await api.key({ name: "ada", role: "admin", project_ids: ["acme"] });
});
afterAll(async () => {
  await api?.close();
  await database?.drop();
});

type Json = Record<string, unknown>;

async function answer(sent: Promise<Response>): Promise<{ status: number } & Json> {
  const response = await sent;
  const text = await response.text();
  return { ...(text === "" ? {} : (JSON.parse(text) as Json)), status: response.status };
}

const query = (sql: string, values?: unknown[]) => queryRows(database.adminUrl, sql, values);

describe("a key", () => {
  it("is refused when it is absent, malformed, unknown, wrong, revoked or expired, in the same words", async () => {
    const revoked = await api.key({ role: "viewer" });
    await api.send("DELETE", `/api/v1/keys/${revoked.key_id}`, api.adminKey);
    const expired = await api.key({ role: "viewer", expires_at: "2999-01-01T00:00:00Z" });
    await query("update api_keys set expires_at = now() where key_id = $1", [expired.key_id]);
    const wrongSecret = api.adminKey.replace(/a$/, "b");
    const keys = [
      "nonsense",
      `awp_unknown1_${"x".repeat(43)}`,
      wrongSecret,
      revoked.key,
      expired.key,
    ];
    for (const key of keys) {
      expect(await answer(api.send("GET", "/api/v1/session", key))).toMatchObject({
        status: 401,
        code: "E-AUTH",
        detail: "The key is not one of ours, or it was revoked or has expired.",
      });
    }
    expect(await answer(api.send("GET", "/api/v1/session"))).toMatchObject({
      status: 401,
      code: "E-AUTH",
    });
    const basic = await fetch(`${api.url}/api/v1/session`, {
      headers: { authorization: "Basic eDp5" },
    });
    expect(basic.status).toBe(401);
  });

  it("is kept only as a hash, and has 256 bits", async () => {
    const made = await api.key({ role: "viewer" });
    expect(made.key).toMatch(new RegExp(`^awp_${made.key_id}_[A-Za-z0-9]{43}$`));
    expect(made.key_id).toMatch(/^[a-z0-9]{12}$/);
    const secret = made.key.slice(-43);
    const [row] = await query(
      "select row_to_json(k)::text as json from api_keys k where key_id = $1",
      [made.key_id],
    );
    expect(row?.json).toContain(made.key_id);
    expect(row?.json).not.toContain(secret);
    const log = await query("select row_to_json(a)::text as json from audit_private a");
    expect(JSON.stringify(log)).not.toContain(secret);
  });

  it("stops working in another process within seconds of its revocation", async () => {
    const elsewhere = await startTestHttp(database.url);
    try {
      const made = await api.key({ role: "viewer" });
      expect((await elsewhere.send("GET", "/api/v1/session", made.key)).status).toBe(200);
      await api.send("DELETE", `/api/v1/keys/${made.key_id}`, api.adminKey);
      expect((await api.send("GET", "/api/v1/session", made.key)).status).toBe(401);
      const lost = async () =>
        (await elsewhere.send("GET", "/api/v1/session", made.key)).status === 401;
      await waitFor(lost, { timeoutMs: 5_000, what: "the other process to refuse the key" });
    } finally {
      await elsewhere.close();
    }
  });

  it("has its last use noted, but not more than once a minute", async () => {
    const made = await api.key({ role: "viewer" });
    const site = { host: "127.0.0.1", publicUrl: "http://127.0.0.1" };
    const headers = { authorization: `Bearer ${made.key}` };
    // Each with a memory of its own, as in another process.
    const use = () =>
      createIdentity({ db: api.db, site, log: createLog("silent") }).authenticate(
        new Request("http://localhost/api/v1/runs", { headers }),
      );
    const lastUse = async () => {
      const rows = await query("select last_used_at::text as at from api_keys where key_id = $1", [
        made.key_id,
      ]);
      return rows[0]?.at;
    };
    expect(await lastUse()).toBeNull();
    await Promise.all([use(), use()]);
    const first = await lastUse();
    expect(first).not.toBeNull();
    await use();
    expect(await lastUse()).toBe(first);
    await query("update api_keys set last_used_at = now() - interval '61 s' where key_id = $1", [
      made.key_id,
    ]);
    const aged = await lastUse();
    await use();
    expect(await lastUse()).not.toBe(aged);
  });
});

describe("roles", () => {
  const writes: [string, string, Json | undefined][] = [
    ["POST", "/tenants", { project_id: "new", display_name: "New" }],
    ["PATCH", "/tenants/acme", { display_name: "Other" }],
    ["POST", "/keys", { name: "k", role: "viewer", project_ids: ["acme"] }],
    ["GET", "/keys", undefined],
    ["DELETE", "/keys/aaaaaaaaaaaa", undefined],
    ["PUT", "/secrets/TOKEN", { project_id: "acme", value: "v" }],
    ["DELETE", "/secrets/TOKEN?project_id=acme", undefined],
  ];

  it("lets viewers and operators look, and change nothing of these", async () => {
    for (const role of ["viewer", "operator"]) {
      const { key } = await api.key({ role, project_ids: ["acme"] });
      expect((await api.send("GET", "/api/v1/tenants", key)).status).toBe(200);
      for (const [method, path, body] of writes) {
        const refused = await answer(api.send(method, `/api/v1${path}`, key, body));
        expect({ path, ...refused }).toMatchObject({ path, status: 403, code: "E-FORBIDDEN" });
      }
    }
  });

  it("keeps agents out of the operator API, and out of the console", async () => {
    const agent = await api.key({ role: "agent", project_ids: ["acme"], agent_id: "healer" });
    const reads: [string, string, undefined][] = [
      ["GET", "/tenants", undefined],
      ["GET", "/session", undefined],
      ["GET", "/nowhere", undefined],
    ];
    for (const [method, path, body] of [...writes, ...reads]) {
      const refused = await answer(api.send(method, `/api/v1${path}`, agent.key, body));
      expect({ path, ...refused }).toMatchObject({ path, status: 403, code: "E-FORBIDDEN" });
    }
    const signedIn = await answer(
      api.send("POST", "/api/v1/session", undefined, { key: agent.key }),
    );
    expect(signedIn).toMatchObject({ status: 403, code: "E-FORBIDDEN" });
    // Its own runs it may report on; which ones they are is for the runs to say.
    expect((await api.send("POST", "/api/v1/runs", agent.key, {})).status).toBe(404);
  });

  it("answers for another tenant's project in the words for one that does not exist", async () => {
    const of = (projectId: string) =>
      answer(
        api.send("PUT", "/api/v1/secrets/T", acmeAdmin.key, { project_id: projectId, value: "v" }),
      );
    const theirs = await of("globex");
    const nobodys = await of("nowhere");
    expect(theirs).toMatchObject({ status: 404, code: "E-NOT-FOUND" });
    expect({ ...theirs, detail: "" }).toEqual({ ...nobodys, detail: "" });
    expect(theirs.detail).toBe('There is no project "globex".');
    expect(nobodys.detail).toBe('There is no project "nowhere".');
    const list = await answer(api.send("GET", "/api/v1/tenants", acmeAdmin.key));
    expect((list.tenants as Json[]).map((tenant) => tenant.project_id)).toEqual(["acme"]);
    expect(list.total).toBe(1);
  });
});

describe("administering keys", () => {
  it("gives an admin keys of their own projects only", async () => {
    const make = (body: Json) =>
      answer(api.send("POST", "/api/v1/keys", acmeAdmin.key, { name: "n", ...body }));
    expect(await make({ role: "operator", project_ids: ["acme"] })).toMatchObject({ status: 201 });
    expect(await make({ role: "operator" })).toMatchObject({ status: 403, code: "E-FORBIDDEN" });
    const refusals = [];
    for (const other of ["globex", "nowhere"]) {
      refusals.push(await make({ role: "operator", project_ids: ["acme", other] }));
    }
    expect(refusals).toMatchObject([
      {
        status: 422,
        errors: [{ path: "body.project_ids.1", message: 'there is no project "globex"' }],
      },
      {
        status: 422,
        errors: [{ path: "body.project_ids.1", message: 'there is no project "nowhere"' }],
      },
    ]);
    const foreign = await api.key({ role: "viewer", project_ids: ["acme", "globex"] });
    const revoked = await answer(
      api.send("DELETE", `/api/v1/keys/${foreign.key_id}`, acmeAdmin.key),
    );
    expect(revoked).toMatchObject({ status: 404, code: "E-NOT-FOUND" });
    const list = await answer(api.send("GET", "/api/v1/keys?limit=200", acmeAdmin.key));
    const projects = (list.keys as Json[]).map((key) => key.project_ids);
    expect(projects.length).toBeGreaterThan(0);
    expect(projects.every((ids) => JSON.stringify(ids) === '["acme"]')).toBe(true);
    expect(JSON.stringify(list)).not.toMatch(/hash|secret/);
  });

  it("refuses keys that make no sense, naming the field", async () => {
    const cases: [Json, string][] = [
      [{ role: "root" }, "body.role"],
      [{ role: "agent", project_ids: ["acme"] }, "body.agent_id"],
      [{ role: "agent", agent_id: "healer" }, "body.project_ids"],
      [{ role: "agent", agent_id: "healer", project_ids: ["acme", "globex"] }, "body.project_ids"],
      [{ role: "viewer", agent_id: "healer" }, "body.agent_id"],
      [{ role: "viewer", hold_seconds: 51 }, "body.hold_seconds"],
      [{ role: "viewer", expires_at: "tomorrow" }, "body.expires_at"],
      [{ role: "viewer", expires_at: "2020-01-01T00:00:00Z" }, "body.expires_at"],
      [{ role: "viewer", name: "system:start" }, "body.name"],
      [{ role: "viewer", colour: "red" }, "body"],
    ];
    for (const [body, path] of cases) {
      const sent = api.send("POST", "/api/v1/keys", api.adminKey, { name: "n", ...body });
      const refused = await answer(sent);
      expect({ body, ...refused }).toMatchObject({ body, status: 422, errors: [{ path }] });
    }
  });

  it("pages through keys, newest first, with a cursor only its own caller can use", async () => {
    for (let n = 0; n < 3; n += 1)
      await api.key({ role: "viewer", project_ids: ["acme"] }, acmeAdmin.key);
    const seen: unknown[] = [];
    let cursor = "";
    do {
      const page = await answer(api.send("GET", `/api/v1/keys?limit=2${cursor}`, acmeAdmin.key));
      seen.push(...(page.keys as Json[]).map((key) => key.key_id));
      expect(page.total_is_exact).toBe(true);
      if (page.next_cursor === null) {
        expect(seen).toHaveLength(Number(page.total));
        break;
      }
      cursor = `&cursor=${page.next_cursor}`;
      expect((await api.send("GET", `/api/v1/keys?limit=2${cursor}`, api.adminKey)).status).toBe(
        422,
      );
    } while (seen.length < 100);
    expect(new Set(seen).size).toBe(seen.length);
    const rows = await query(
      "select key_id from api_keys where projects <@ array['acme'] order by created_at desc, key_id desc",
    );
    expect(seen).toEqual(rows.map((row) => row.key_id));
  });

  it("leaves a trace in each project's log, and the names where they can be forgotten", async () => {
    const made = await api.key({ name: "grace", role: "viewer", project_ids: ["acme", "globex"] });
    await api.send("DELETE", `/api/v1/keys/${made.key_id}`, api.adminKey);
    await api.send("DELETE", `/api/v1/keys/${made.key_id}`, api.adminKey);
    const rows = await query(
      `select project_id, action, actor_id, details::text as details, content->>'name' as name
       from audit_log left join audit_private using (project_id, audit_id)
       where subject_id = $1 order by action, project_id`,
      [made.key_id],
    );
    expect(rows.map((row) => [row.action, row.project_id, row.actor_id, row.name])).toEqual([
      ["key.create", "acme", "admin", "grace"],
      ["key.create", "globex", "admin", "grace"],
      ["key.revoke", "acme", "admin", "grace"],
      ["key.revoke", "globex", "admin", "grace"],
    ]);
    expect(JSON.stringify(rows.map((row) => row.details))).not.toContain("grace");
  });
});
