import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { startTestHttp, type TestHttp } from "../../test/support/http.ts";
import { queryRows } from "../../test/support/server.ts";

let database: TestDatabase;
let api: TestHttp;
/** A key of each of them, by name. */
const keys = new Map<string, string>();

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestHttp(database.url);
  await api.project("acme");
  await api.project("globex");
  const people = { ada: "admin", bob: "operator", cid: "operator", vic: "viewer" };
  for (const [name, role] of Object.entries(people)) {
    keys.set(name, (await api.key({ name, role, project_ids: ["acme"] })).key);
  }
});
afterAll(async () => {
  await api?.close();
  await database?.drop();
});

async function as(who: string, method: string, path: string, body?: unknown) {
  const key = who === "root" ? api.adminKey : keys.get(who);
  const response = await api.send(method, `/api/v1${path}`, key, body);
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

const soon = (hours = 1) => new Date(Date.now() + hours * 3_600_000).toISOString();

describe("a member", () => {
  it("is whoever gets a person's key for named projects, with the most their keys may do", async () => {
    const { body } = await as("vic", "GET", "/members?project_id=acme");
    expect(body.members.map(({ member_id, role }: never) => [member_id, role])).toEqual([
      ["ada", "admin"],
      ["bob", "operator"],
      ["cid", "operator"],
      ["vic", "viewer"],
    ]);
    await api.key({ name: "eve", role: "viewer", project_ids: ["acme", "globex"] });
    await api.key({ name: "eve", role: "admin", project_ids: ["globex"] });
    await api.key({ name: "eve", role: "viewer", project_ids: ["globex"] });
    await api.key({ name: "everywhere", role: "admin" });
    await api.key({ name: "robot", role: "agent", agent_id: "robot", project_ids: ["acme"] });
    const eves = await as("root", "GET", "/members");
    const roles = eves.body.members.map((each: never) => Object.values(each).slice(0, 4).join(" "));
    expect(roles.filter((words: string) => !/ada|bob|cid|vic/.test(words))).toEqual([
      "acme eve eve viewer",
      "globex eve eve admin",
    ]);
    const audits = await queryRows(
      database.adminUrl,
      "select action, details from audit_log where subject_kind = 'member' and subject_id = 'eve' order by audit_id",
    );
    expect(audits).toMatchObject([
      { action: "member.create", details: { role: "viewer" } },
      { action: "member.create" },
      { action: "member.update", details: { role: "admin", was: { role: "viewer" } } },
    ]);
  });

  it("is made, changed and deactivated by an administrator of the project, and by nobody else", async () => {
    const person = { project_id: "acme", member_id: "dan o/neil", groups: ["ops", "dba", "ops"] };
    for (const [who, status] of [
      ["bob", 403],
      ["vic", 403],
    ] as const) {
      expect(await as(who, "POST", "/members", person)).toMatchObject({ status });
    }
    expect(await as("ada", "POST", "/members", { ...person, project_id: "globex" })).toMatchObject({
      status: 404,
    });
    expect(await as("ada", "POST", "/members", person)).toMatchObject({
      status: 201,
      body: { role: "operator", groups: ["dba", "ops"], is_active: true, created_by: "ada" },
    });
    expect(await as("ada", "POST", "/members", person)).toMatchObject({
      status: 409,
      body: { code: "E-MEMBER-EXISTS" },
    });
    const path = `/members/${encodeURIComponent(person.member_id)}`;
    const patch = { project_id: "acme", groups: [], is_active: false, display_name: "Dan" };
    expect(await as("bob", "PATCH", path, patch)).toMatchObject({ status: 403 });
    const changed = { status: 200, body: { groups: [], is_active: false, display_name: "Dan" } };
    expect(await as("ada", "PATCH", path, patch)).toMatchObject(changed);
    expect(await as("vic", "GET", `${path}?project_id=acme`)).toMatchObject(changed);
    expect(await as("vic", "GET", `${path}?project_id=globex`)).toMatchObject({ status: 404 });
    expect(await as("ada", "PATCH", "/members/nobody", patch)).toMatchObject({ status: 404 });
    expect(await as("ada", "PATCH", path, { project_id: "acme" })).toMatchObject({ status: 422 });
    // A new key does not bring back who was sent away.
    await api.key({ name: person.member_id, role: "admin", project_ids: ["acme"] });
    expect((await as("vic", "GET", `${path}?project_id=acme`)).body).toMatchObject({
      is_active: false,
      role: "admin",
    });
  });

  it("is found by group and by whether they are active, page by page", async () => {
    const patch = { project_id: "acme", groups: ["night"] };
    for (const who of ["bob", "cid"]) await as("ada", "PATCH", `/members/${who}`, patch);
    const first = (await as("vic", "GET", "/members?group=night&limit=1")).body;
    expect(first).toMatchObject({ members: [{ member_id: "bob" }], total: 2, prev_cursor: null });
    const next = await as("vic", "GET", `/members?group=night&limit=1&cursor=${first.next_cursor}`);
    expect(next.body).toMatchObject({ members: [{ member_id: "cid" }], next_cursor: null });
    const other = await as("vic", "GET", `/members?limit=1&cursor=${first.next_cursor}`);
    expect(other).toMatchObject({ status: 422, body: { code: "E-CURSOR" } });
    const gone = await as("vic", "GET", "/members?is_active=false");
    expect(gone.body.members).toMatchObject([{ member_id: "dan o/neil" }]);
  });
});

describe("a right", () => {
  const lend = (who: string, more: object) =>
    as(who, "POST", "/delegations", { project_id: "acme", ends_at: soon(), ...more });

  it("is lent by whose it is, or by an administrator, for at most 90 days", async () => {
    const lent = await lend("bob", { delegated_to: "cid", group: "night" });
    expect(lent).toMatchObject({
      status: 201,
      body: { delegated_by: "bob", group: "night", is_standing: true, created_by: "bob" },
    });
    expect(await lend("bob", { delegated_by: "cid", delegated_to: "bob" })).toMatchObject({
      status: 403,
    });
    expect(await lend("ada", { delegated_by: "cid", delegated_to: "bob" })).toMatchObject({
      status: 201,
      body: { group: null, created_by: "ada" },
    });
    const refused = [
      ["delegated_to", { delegated_to: "bob" }],
      ["delegated_to", { delegated_to: "vic" }],
      ["delegated_to", { delegated_to: "nobody" }],
      ["delegated_to", { delegated_to: "dan o/neil" }],
      ["ends_at", { delegated_to: "cid", ends_at: soon(-1) }],
      ["ends_at", { delegated_to: "cid", ends_at: soon(24 * 90 + 1) }],
    ] as const;
    for (const [field, more] of refused) {
      expect(await lend("bob", more), JSON.stringify(more)).toMatchObject({
        status: 422,
        body: { errors: [{ path: `body.${field}` }] },
      });
    }
    expect(await lend("vic", { delegated_to: "cid" })).toMatchObject({ status: 403 });
    const elsewhere = await lend("bob", { project_id: "globex", delegated_to: "cid" });
    expect(elsewhere).toMatchObject({ status: 404 });
  });

  it("is taken back by either of them or an administrator, once", async () => {
    const { body } = await lend("bob", { delegated_to: "cid", group: "day" });
    const path = `/delegations/${body.delegation_id}`;
    keys.set("fay", (await api.key({ name: "fay", role: "operator", project_ids: ["acme"] })).key);
    expect(await as("fay", "DELETE", path)).toMatchObject({ status: 403 });
    expect(await as("cid", "DELETE", path)).toMatchObject({ status: 204 });
    expect(await as("ada", "DELETE", path)).toMatchObject({ status: 204 });
    const { delegations } = (await as("vic", "GET", "/delegations?standing=false")).body;
    expect(delegations).toMatchObject([{ group: "day", revoked_by: "cid", is_standing: false }]);
    const standing = await as("vic", "GET", "/delegations?standing=true&project_id=acme");
    expect(standing.body).toMatchObject({ total: 2, delegations: [{ delegated_by: "cid" }, {}] });
  });
});

describe("an agent's key", () => {
  it("may be held by a person; a person's own may not", async () => {
    const body = { name: "x", role: "agent", agent_id: "helper", project_ids: ["acme"] };
    await api.key({ ...body, held_by: "bob" });
    const { keys: listed } = (await as("ada", "GET", "/keys?limit=1")).body;
    expect(listed).toMatchObject([{ agent_id: "helper", held_by: "bob" }]);
    const own = { name: "x", role: "viewer", project_ids: ["acme"], held_by: "bob" };
    expect(await as("ada", "POST", "/keys", own)).toMatchObject({
      status: 422,
      body: { errors: [{ path: "body.held_by" }] },
    });
  });
});
