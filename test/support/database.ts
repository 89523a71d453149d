import { randomBytes } from "node:crypto";
import { inject } from "vitest";
import { dropDatabase, urlOf, withClient } from "./server.ts";

export interface TestDatabase {
  /** As the ordinary login that owns the database: what the server sees in production. */
  url: string;
  /** The same database as the administrator, for what a test must arrange or look at. */
  adminUrl: string;
  /** Drops the database, cutting whatever sessions are left. */
  drop(): Promise<void>;
}

/** A fresh, migrated database of its own for a test file; drop it in `afterAll`. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { adminUrl, loginUrl, template, prefix } = inject("testServer");
  const name = `${prefix}${randomBytes(4).toString("hex")}`;
  const owner = decodeURIComponent(new URL(loginUrl).username);
  await withClient(adminUrl, (client) =>
    client.query(`create database ${name} owner ${owner} template ${template}`),
  );
  return {
    url: urlOf(loginUrl, name),
    adminUrl: urlOf(adminUrl, name),
    async drop() {
      await withClient(adminUrl, (client) => dropDatabase(client, name));
    },
  };
}
