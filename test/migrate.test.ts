import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { assertRlsHolds, openDatabase } from "../src/platform/database/index.ts";
import { migrate } from "../src/platform/database/migrate.ts";
import { createLog } from "../src/platform/log.ts";
import { type Awooop, StartRefused, startAwooop } from "./support/awooop.ts";
import {
  dropDatabases,
  openServer,
  prepareServer,
  type TestServer,
  urlOf,
  withClient,
} from "./support/server.ts";

/**
 * A PostgreSQL server of this file's own: it has none of our roles yet, and a role that is broken here is nobody else's.
 */
let own: TestServer & { close(): Promise<void> };

beforeAll(async () => {
  vi.stubEnv("DATABASE_URL", "");
  const { adminUrl, close } = await openServer();
  own = { ...(await prepareServer(adminUrl)), close };
});

afterAll(() => own?.close());

/** An empty database that an ordinary login owns. */
async function emptyDatabase(server: TestServer): Promise<string> {
  const name = `${server.prefix}${randomBytes(4).toString("hex")}`;
  const login = decodeURIComponent(new URL(server.loginUrl).username);
  await withClient(server.adminUrl, (client) =>
    client.query(`create database ${name} owner ${login} template template0 encoding 'UTF8'`),
  );
  return urlOf(server.loginUrl, name);
}

const started: Awooop[] = [];
afterAll(() => Promise.all(started.map((server) => server.stop())));

async function start(databaseUrl: string): Promise<Awooop> {
  const server = await startAwooop({ databaseUrl });
  started.push(server);
  return server;
}

describe.each<[string, () => TestServer]>([
  ["on a server that has none of the roles", () => own],
  ["on a server that other databases have prepared", () => inject("testServer")],
])("three processes that start together %s", (_, serverOf) => {
  test("migrate an empty database once, and all three serve it", async () => {
    const url = await emptyDatabase(serverOf());
    const servers = await Promise.all([start(url), start(url), start(url)]);
    const [first] = servers;
    const project = { project_id: "acme", display_name: "Acme" };
    expect((await first?.api("/tenants", { body: project }))?.status).toBe(201);
    for (const server of servers) {
      expect(await server.send("/readyz", { key: null })).toMatchObject({ status: 200 });
      expect((await server.api("/tenants")).body).toMatchObject({
        total: 1,
        tenants: [{ project_id: "acme" }],
      });
      expect(server.output()).not.toMatch(/error/i);
    }
    const migrations = (await readdir(new URL("../migrations/", import.meta.url)))
      .filter((name) => /^\d{4}_/.test(name))
      .map((name) => name.replace(/\.sql$/, ""));
    const found = await withClient(url, async (client) => {
      await client.query("set role awooop_owner");
      const { rows } = await client.query("select name from awooop.kysely_migration order by 1");
      return rows.map(({ name }) => name);
    });
    expect(found).toEqual(migrations.sort());
    await Promise.all(servers.map((server) => server.stop()));
  });
});

describe("a database where row-level security would not hold", () => {
  let url: string;
  let adminUrl: string;

  beforeAll(async () => {
    url = await emptyDatabase(own);
    adminUrl = urlOf(own.adminUrl, new URL(url).pathname.slice(1));
    await migrate({ url });
  });
  afterAll(() => dropDatabases(own));

  const check = async () => {
    const db = openDatabase({ url, log: createLog("silent") });
    await assertRlsHolds(db).finally(() => db.close());
  };
  const breakIt = (text: string) => withClient(adminUrl, (client) => client.query(text));

  test("is none as it was migrated", async () => {
    await expect(check()).resolves.toBeUndefined();
  });

  test.each<[what: string, broken: string, mended: string, named: RegExp]>([
    [
      "a role that bypasses it",
      "alter role awooop_app bypassrls",
      "alter role awooop_app nobypassrls",
      /awooop_app/,
    ],
    [
      "a superuser among the roles",
      "alter role awooop_system superuser",
      "alter role awooop_system nosuperuser",
      /awooop_system/,
    ],
    [
      "a table without it",
      "alter table awooop.approvals disable row level security",
      "alter table awooop.approvals enable row level security",
      /on table approvals/,
    ],
    [
      "a table whose owner is exempt",
      "alter table awooop.runs no force row level security",
      "alter table awooop.runs force row level security",
      /on table runs/,
    ],
    [
      "a table that a role owns",
      "alter table awooop.secrets owner to awooop_platform",
      "alter table awooop.secrets owner to awooop_owner",
      /awooop_platform.* on table secrets/,
    ],
    [
      "a role that may act as the owner",
      "grant awooop_owner to awooop_app",
      "revoke awooop_owner from awooop_app",
      /awooop_app/,
    ],
    [
      "a new table that nobody protected",
      "create table awooop.unprotected (a int); grant select on awooop.unprotected to awooop_app",
      "drop table awooop.unprotected",
      /on table unprotected/,
    ],
  ])("%s is refused by name", async (_, broken, mended, named) => {
    await breakIt(broken);
    try {
      await expect(check()).rejects.toMatchObject({
        code: "E-DB-RLS",
        message: expect.stringMatching(named),
      });
    } finally {
      await breakIt(mended);
    }
    await expect(check()).resolves.toBeUndefined();
  });

  test("is not served: the server says so and ends", async () => {
    await breakIt("alter role awooop_platform bypassrls");
    try {
      const refused = await startAwooop({ databaseUrl: url }).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(StartRefused);
      expect(refused).toMatchObject({
        exitCode: 1,
        message: expect.stringMatching(/awooop_platform would bypass .*\(E-DB-RLS\)/),
      });
    } finally {
      await breakIt("alter role awooop_platform nobypassrls");
    }
    await (await start(url)).stop();
  });
});

test("a server says in a line where its database is not", async () => {
  const nowhere = "postgresql://somebody:the-password@127.0.0.1:1/awooop";
  const refused = await startAwooop({ databaseUrl: nowhere }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(StartRefused);
  expect(refused).toMatchObject({
    exitCode: 1,
    message: expect.stringMatching(
      /ended with 1:\nDATABASE_URL: PostgreSQL at 127\.0\.0\.1:1 can't be reached \(.*\).* \(E-DB-DOWN\)\n$/,
    ),
  });
});
