import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { urlOf, withClient } from "./server.ts";
import { waitFor } from "./wait.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database.drop();
});

test("a test database is migrated, and owned by an ordinary login", async () => {
  const [facts] = await withClient(database.url, async (client) => {
    const { rows } = await client.query(
      `select rolsuper, rolbypassrls, rolcreaterole, pg_get_userbyid(datdba) = current_user as owns,
              to_regclass('awooop.runs') is not null as migrated
         from pg_roles, pg_database
        where rolname = current_user and datname = current_database()`,
    );
    return rows;
  });
  expect(facts).toEqual({
    rolsuper: false,
    rolbypassrls: false,
    rolcreaterole: true,
    owns: true,
    migrated: true,
  });
});

test("test databases made at once are separate, and dropped with sessions open", async () => {
  const made = await Promise.all([1, 2, 3, 4].map(() => createTestDatabase()));
  const [first, second] = made.map(({ url }) => url);
  await withClient(first ?? "", (client) => client.query("create table public.mine ()"));
  await withClient(second ?? "", async (client) => {
    const { rows } = await client.query("select to_regclass('public.mine') as found");
    expect(rows).toEqual([{ found: null }]);
    client.on("error", () => undefined);
    await Promise.all(made.map((one) => one.drop()));
  });
  const left = await withClient(inject("testServer").adminUrl, async (client) => {
    const names = made.map(({ url }) => new URL(url).pathname.slice(1));
    return (await client.query("select from pg_database where datname = any ($1)", [names])).rows;
  });
  expect(left).toEqual([]);
});

test("a URL is moved to another database and login, however it names its host", () => {
  const login = { user: "u", password: "p/w" };
  expect(urlOf("postgres://a:b@db:5433/x?sslmode=require", "y")).toBe(
    "postgres://a:b@db:5433/y?sslmode=require",
  );
  expect(urlOf("postgresql://a@/x?host=%2Frun", "y", login)).toBe(
    "postgresql://u:p%2Fw@localhost/y?host=%2Frun",
  );
  expect(urlOf("postgresql:///x?host=%2Frun", "y", login)).toBe(
    "postgresql://u:p%2Fw@localhost/y?host=%2Frun",
  );
});

test("waiting ends with what was found, or says what was awaited and why it failed", async () => {
  let tries = 0;
  const found = await waitFor(() => (++tries < 3 ? undefined : tries), {
    timeoutMs: 5_000,
    what: "three tries",
  });
  expect(found).toBe(3);
  const never = waitFor(
    () => {
      throw new Error("not yet");
    },
    { timeoutMs: 60, what: "a miracle" },
  );
  await expect(never).rejects.toThrow("Waited 60 ms for a miracle; the last try failed: not yet");
});
