import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { startTestHttp, type TestHttp } from "../../test/support/http.ts";
import { withClient } from "../../test/support/server.ts";
import { waitFor } from "../../test/support/wait.ts";
import { openDatabase } from "../platform/database/index.ts";
import { createLog } from "../platform/log.ts";
import { createIdentity, ensureAdminKey } from "./index.ts";

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

function query(sql: string, values: unknown[] = []): Promise<Json[]> {
  return withClient(database.adminUrl, async (client) => {
    await client.query("set search_path to awooop");
    return (await client.query(sql, values)).rows;
  });
}

/** A session's cookie, as a browser would send it back. */
async function signIn(key: string): Promise<string> {
  const response = await api.send("POST", "/api/v1/session", undefined, { key });
  expect(response.status).toBe(200);
  return (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

/** Sends headers that fetch would not let a program set, such as Host. */
function browse(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: Json,
): Promise<{ status: number; code: unknown }> {
  return new Promise((resolve, reject) => {
    const json = body === undefined ? undefined : JSON.stringify(body);
    const all = {
      ...headers,
      ...(json === undefined
        ? {}
        : { "content-type": "application/json", "content-length": String(json.length) }),
    };
    const sending = request(new URL(path, api.url), { method, headers: all }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => {
        const { code } = (text === "" ? {} : JSON.parse(text)) as Json;
        resolve({ status: response.statusCode ?? 0, code });
      });
    });
    sending.on("error", reject).end(json);
  });
}

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
      createIdentity({ db: api.db, site }).authenticate(
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

describe("a session", () => {
  it("is a cookie that scripts can't read, and says who is signed in", async () => {
    const response = await api.send("POST", "/api/v1/session", undefined, { key: acmeAdmin.key });
    expect(response.headers.get("set-cookie")).toMatch(
      /^awooop_session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );
    const session = {
      actor: { id: acmeAdmin.key_id, kind: "key", name: "ada" },
      role: "admin",
      is_platform: false,
      projects: [
        { project_id: "acme", display_name: "acme", migration_mode: "shadow", is_active: true },
      ],
    };
    expect(await response.json()).toEqual(session);
    const cookie = (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    const again = await fetch(`${api.url}/api/v1/session`, { headers: { cookie } });
    expect(await again.json()).toEqual(session);
    const stored = await query("select encode(session_hash, 'escape') as hash from sessions");
    expect(JSON.stringify(stored)).not.toContain(cookie.split("=")[1]);
  });

  it("is sent over https only where people use https, and its host is then ours", async () => {
    const secure = await startTestHttp(database.url, { publicUrl: "https://awooop.example" });
    try {
      const response = await secure.send("POST", "/api/v1/session", undefined, {
        key: acmeAdmin.key,
      });
      expect(response.headers.get("set-cookie")).toMatch(/; Secure$/);
      expect(response.headers.get("strict-transport-security")).toBe("max-age=31536000");
      const cookie = (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
      const status = await new Promise((resolve) => {
        const headers = { cookie, host: "awooop.example", origin: "https://awooop.example" };
        request(`${secure.url}/api/v1/session`, { method: "DELETE", headers }, (answered) => {
          answered.resume();
          resolve(answered.statusCode);
        }).end();
      });
      expect(status).toBe(204);
    } finally {
      await secure.close();
    }
  });

  it("ends with its key, at its time, and on signing out", async () => {
    const made = await api.key({ role: "viewer", project_ids: ["acme"] });
    const status = async (cookie: string) =>
      (await fetch(`${api.url}/api/v1/session`, { headers: { cookie } })).status;
    const byKey = await signIn(made.key);
    expect(await status(byKey)).toBe(200);
    await api.send("DELETE", `/api/v1/keys/${made.key_id}`, api.adminKey);
    expect(await status(byKey)).toBe(401);

    const byTime = await signIn(acmeAdmin.key);
    await query("update sessions set expires_at = now()");
    expect(await status(byTime)).toBe(401);

    const byHand = await signIn(acmeAdmin.key);
    expect(await status(byHand)).toBe(200);
    const signedOut = await fetch(`${api.url}/api/v1/session`, {
      method: "DELETE",
      headers: { cookie: byHand, origin: api.url },
    });
    expect(signedOut.status).toBe(204);
    expect(signedOut.headers.get("set-cookie")).toMatch(/^awooop_session=; Path=\/; Max-Age=0;/);
    expect(await status(byHand)).toBe(401);
    // Signing in forgets those that had run out.
    expect(await query("select from sessions where expires_at < now()")).toEqual([]);
  });

  it("changes things only from the console's own pages", async () => {
    const cookie = await signIn(acmeAdmin.key);
    const body = { name: "n", role: "viewer", project_ids: ["acme"] };
    const own = new URL(api.url).host;
    const send = (headers: Record<string, string>) =>
      browse("POST", "/api/v1/keys", { cookie, ...headers }, body);
    const refused = { status: 403, code: "E-ORIGIN" };
    expect(await send({})).toEqual(refused);
    expect(await send({ origin: "https://evil.example" })).toEqual(refused);
    expect(await send({ origin: "null" })).toEqual(refused);
    expect(await send({ "sec-fetch-site": "cross-site", origin: api.url })).toEqual(refused);
    expect(await send({ "sec-fetch-site": "same-site", origin: api.url })).toEqual(refused);
    expect(await send({ origin: api.url })).toMatchObject({ status: 201 });
    expect(await send({ "sec-fetch-site": "same-origin" })).toMatchObject({ status: 201 });
    // Another name for this machine, and a proxy of the developer's on another port of it.
    const local = own.replace("127.0.0.1", "localhost");
    expect(await send({ host: local, origin: `http://${local}` })).toMatchObject({ status: 201 });
    expect(await send({ host: "[::1]:5173", origin: "http://[::1]:5173" })).toMatchObject({
      status: 201,
    });
  });

  it("is not taken under a host that is not ours, nor by the gateway", async () => {
    const cookie = await signIn(acmeAdmin.key);
    for (const host of [
      "evil.example",
      "evil.example:4600",
      "192.0.2.1",
      "localhost.evil.example",
    ]) {
      const found = await browse("GET", "/api/v1/session", { cookie, host });
      expect({ host, ...found }).toEqual({ host, status: 421, code: "E-HOST" });
    }
    const asBearer = { authorization: `Bearer ${acmeAdmin.key}`, host: "evil.example" };
    expect(await browse("GET", "/api/v1/session", asBearer)).toMatchObject({ status: 200 });
    const gateway = new Request("http://localhost/mcp", { headers: { cookie, host: "localhost" } });
    await expect(api.identity.authenticate(gateway)).rejects.toMatchObject({ code: "E-AUTH" });
  });

  it("can't be opened from another site's page", async () => {
    const key = acmeAdmin.key;
    const send = (headers: Record<string, string>) =>
      browse("POST", "/api/v1/session", headers, { key });
    expect(await send({ origin: "https://evil.example" })).toEqual({
      status: 403,
      code: "E-ORIGIN",
    });
    expect(await send({ "sec-fetch-site": "cross-site" })).toEqual({
      status: 403,
      code: "E-ORIGIN",
    });
    expect(await send({ host: "evil.example" })).toEqual({ status: 421, code: "E-HOST" });
  });

  it("makes whoever guesses wait", async () => {
    const guessed = await startTestHttp(database.url);
    try {
      const guess = (key: string) => guessed.send("POST", "/api/v1/session", undefined, { key });
      for (let n = 0; n < 10; n += 1)
        expect((await guess(`awp_unknown1_${"x".repeat(43)}`)).status).toBe(401);
      const slowed = await guess(acmeAdmin.key);
      expect(await slowed.json()).toMatchObject({ status: 429, code: "E-SIGN-IN-RATE" });
      expect(Number(slowed.headers.get("retry-after"))).toBeGreaterThan(0);
      expect((await guessed.send("GET", "/api/v1/session", acmeAdmin.key)).status).toBe(200);
    } finally {
      await guessed.close();
    }
  });
});

describe("the caller's surface", () => {
  it("is told by how and where they come in", async () => {
    const of = async (url: string, headers: Record<string, string>) =>
      (await api.identity.authenticate(new Request(url, { headers }))).surface;
    const authorization = `Bearer ${acmeAdmin.key}`;
    const { port } = new URL(api.url);
    const here = `http://localhost:${port}`;
    expect(await of(`${here}/api/v1/runs`, { authorization })).toBe("api");
    expect(await of(`${here}/api/v1/runs`, { authorization, "user-agent": "awooop-cli/0.1" })).toBe(
      "cli",
    );
    expect(await of(`${here}/mcp`, { authorization })).toBe("mcp");
    const cookie = await signIn(acmeAdmin.key);
    expect(await of(`${here}/api/v1/runs`, { cookie, host: "localhost" })).toBe("console");
  });
});

describe("the first admin", () => {
  async function onFreshDatabase(
    work: (
      start: (given?: string) => Promise<string | undefined>,
      fresh: TestDatabase,
    ) => Promise<void>,
  ) {
    const fresh = await createTestDatabase();
    const db = openDatabase({ url: fresh.url, log: createLog("silent"), max: 5 });
    try {
      await work((given) => ensureAdminKey(db, given), fresh);
    } finally {
      await db.close();
      await fresh.drop();
    }
  }

  it("gets a key at the very first start and at no other, also when several start at once", async () => {
    await onFreshDatabase(async (start, fresh) => {
      const made = (await Promise.all([start(), start(), start()])).filter(
        (key) => key !== undefined,
      );
      expect(made).toHaveLength(1);
      expect(await start()).toBeUndefined();
      const http = await startTestHttp(fresh.url);
      try {
        const session = await answer(http.send("GET", "/api/v1/session", made[0]));
        expect(session).toMatchObject({ status: 200, role: "admin", is_platform: true });
      } finally {
        await http.close();
      }
    });
  });

  it("is the configured one where there is one, and an earlier configured one ends", async () => {
    await onFreshDatabase(async (start, fresh) => {
      const [first, second] = [`awp_first1_${"f".repeat(32)}`, `awp_second_${"s".repeat(64)}`];
      expect(await start(first)).toBeUndefined();
      expect(await start(first)).toBeUndefined();
      expect(await start(second)).toBeUndefined();
      const rows = await withClient(fresh.adminUrl, async (client) => {
        await client.query("set search_path to awooop");
        return (
          await client.query("select key_id, revoked_at is null as works from api_keys order by 1")
        ).rows;
      });
      expect(rows).toEqual([
        { key_id: "first1", works: false },
        { key_id: "second", works: true },
      ]);
      expect(await start()).toBeUndefined();
    });
  });

  it("is not brought back by a restart once revoked, and is not somebody else", async () => {
    await onFreshDatabase(async (start) => {
      const [first, second] = [`awp_first1_${"f".repeat(32)}`, `awp_second_${"s".repeat(32)}`];
      await start(first);
      await start(second);
      await expect(start(first)).rejects.toMatchObject({
        code: "E-CONFIG",
        message:
          "AWOOOP_ADMIN_KEY: the key with the id first1 was revoked; give one with another id.",
      });
      await expect(start(`awp_second_${"t".repeat(32)}`)).rejects.toMatchObject({
        code: "E-CONFIG",
        message:
          "AWOOOP_ADMIN_KEY: the id second belongs to another key; give one with another id.",
      });
      await expect(start("hunter2")).rejects.toMatchObject({ code: "E-CONFIG" });
    });
  });
});
