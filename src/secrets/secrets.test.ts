import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { startTestHttp, type TestHttp } from "../../test/support/http.ts";
import { withClient } from "../../test/support/server.ts";
import { createSealer } from "../platform/sealing.ts";
import { readSecret } from "./index.ts";

type Json = Record<string, unknown>;

let database: TestDatabase;
let api: TestHttp;
let admin: string;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestHttp(database.url);
  await api.project("acme");
  await api.project("globex");
  admin = (await api.key({ role: "admin", project_ids: ["acme"] })).key;
});
afterAll(async () => {
  await api?.close();
  await database?.drop();
});

async function send(method: string, path: string, body?: Json, key = admin): Promise<Json> {
  const response = await api.send(method, `/api/v1${path}`, key, body);
  const text = await response.text();
  return { ...(text === "" ? {} : (JSON.parse(text) as Json)), status: response.status };
}

const put = (name: string, value: string, project_id = "acme") =>
  send("PUT", `/secrets/${name}`, { project_id, value });

const read = (name: string, sealer = api.sealer, project = "acme") =>
  api.db.transaction({ role: "app", projects: [project] }, (tx) =>
    readSecret(tx, sealer, project, name),
  );

describe("a secret", () => {
  it("is stored encrypted, read by contracts, replaced, listed by name, and never answered", async () => {
    const stored = await put("API_TOKEN", "s3cr3t-Ω-one");
    expect(stored).toEqual({
      status: 200,
      project_id: "acme",
      name: "API_TOKEN",
      created_by: "admin",
      created_at: expect.stringMatching(/Z$/),
      updated_at: expect.stringMatching(/Z$/),
    });
    expect(await read("API_TOKEN")).toBe("s3cr3t-Ω-one");
    await put("API_TOKEN", "s3cr3t-two");
    expect(await read("API_TOKEN")).toBe("s3cr3t-two");
    const list = await send("GET", "/secrets?project_id=acme");
    expect(list).toMatchObject({ total: 1, total_is_exact: true, next_cursor: null });
    expect((list.secrets as Json[]).map((secret) => secret.name)).toEqual(["API_TOKEN"]);
    const dump = await withClient(database.adminUrl, async (client) => {
      const rows = await client.query(
        "select encode(ciphertext, 'escape') as box from awooop.secrets union all select details::text from awooop.audit_log",
      );
      return JSON.stringify(rows.rows);
    });
    expect(dump + JSON.stringify(list)).not.toContain("s3cr3t");
  });

  it("is gone when deleted, and says so", async () => {
    await put("SHORT_LIVED", "v");
    expect(await send("DELETE", "/secrets/SHORT_LIVED?project_id=acme")).toEqual({ status: 204 });
    expect(await send("DELETE", "/secrets/SHORT_LIVED?project_id=acme")).toMatchObject({
      status: 404,
    });
    await expect(read("SHORT_LIVED")).rejects.toMatchObject({ code: "E-SECRET-MISSING" });
    const actions = await withClient(database.adminUrl, async (client) => {
      const { rows } = await client.query(
        "select action from awooop.audit_log where subject_id = 'SHORT_LIVED' order by audit_id",
      );
      return rows.map((row) => row.action);
    });
    expect(actions).toEqual(["secret.put", "secret.delete"]);
  });

  it("outlives a change of the server's key as long as the old one is listed", async () => {
    await put("ROTATED", "kept");
    const [old, next] = [
      "a secret key of the tests, long enough",
      "the next key of the tests, also long",
    ];
    expect(await read("ROTATED", createSealer([next, old]))).toBe("kept");
    await expect(read("ROTATED", createSealer([next]))).rejects.toMatchObject({
      code: "E-SECRET-MISSING",
      message: expect.stringContaining("AWOOOP_SECRET_KEY"),
    });
  });

  it("can't be moved to another project by whoever can write to the table", async () => {
    await put("MOVED", "acme's own");
    await withClient(database.adminUrl, (client) =>
      client.query(
        "insert into awooop.secrets select 'globex', name, ciphertext, created_by from awooop.secrets where name = 'MOVED'",
      ),
    );
    await expect(read("MOVED", api.sealer, "globex")).rejects.toMatchObject({
      code: "E-SECRET-MISSING",
    });
  });

  it("belongs to its project alone", async () => {
    const platform = { project_id: "globex", value: "theirs" };
    expect(await send("PUT", "/secrets/THEIRS", platform, api.adminKey)).toMatchObject({
      status: 200,
    });
    expect(await put("MINE", "v", "globex")).toMatchObject({ status: 404, code: "E-NOT-FOUND" });
    const list = await send("GET", "/secrets?project_id=globex");
    expect(list).toMatchObject({ status: 200, secrets: [], total: 0 });
    expect(await send("DELETE", "/secrets/THEIRS?project_id=globex")).toMatchObject({
      status: 404,
    });
    await expect(
      api.db.transaction({ role: "app", projects: ["acme"] }, (tx) =>
        readSecret(tx, api.sealer, "globex", "THEIRS"),
      ),
    ).rejects.toMatchObject({ code: "E-SECRET-MISSING" });
    const nowhere = { project_id: "nowhere", value: "v" };
    expect(await send("PUT", "/secrets/X", nowhere, api.adminKey)).toMatchObject({ status: 404 });
  });

  it("has a name that contracts can write", async () => {
    for (const name of ["1st", "with%20space", "x".repeat(129)]) {
      expect(await put(name, "v")).toMatchObject({ status: 422, errors: [{ path: "param.name" }] });
    }
    expect(await put("EMPTY", "")).toMatchObject({ status: 422, errors: [{ path: "body.value" }] });
  });
});
