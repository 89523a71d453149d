import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { startTestHttp, type TestHttp } from "../../test/support/http.ts";
import { queryRows } from "../../test/support/server.ts";

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

const query = (sql: string, values?: unknown[]) => queryRows(database.adminUrl, sql, values);

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
    const caller = await api.identity.authenticateBearer(authorization, "mcp");
    expect(caller).toMatchObject({ surface: "mcp", keyId: acmeAdmin.key_id });
    await expect(api.identity.authenticateBearer("Basic eDp5", "mcp")).rejects.toMatchObject({
      code: "E-AUTH",
    });
    const cookie = await signIn(acmeAdmin.key);
    expect(await of(`${here}/api/v1/runs`, { cookie, host: "localhost" })).toBe("console");
  });
});
