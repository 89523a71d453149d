import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { createLog } from "../log.ts";
import { type Database, jsonb, openDatabase } from "./index.ts";

let testDatabase: TestDatabase;
let db: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  db = openDatabase({ url: testDatabase.url, log: createLog("silent") });
});
afterAll(async () => {
  await db.close();
  await testDatabase.drop();
});

async function stored(value: unknown): Promise<unknown> {
  const { rows } = await db.transaction({ role: "system" }, (tx) =>
    sql<{ value: unknown }>`select ${jsonb(value)} as value`.execute(tx),
  );
  return rows[0]?.value;
}

it("stores what jsonb can hold as it is, also what looks like an escape", async () => {
  const value = { list: [1, "a"], text: "C:\\u0000 \\ud800 \\\\u0000", none: null, "😀": "é" };
  expect(await stored(value)).toEqual(value);
});

it("replaces NUL and halves of surrogate pairs, in keys and in values", async () => {
  expect(await stored({ "a\0": "b\0c", d: ["\ud800", "\\\0"] })).toEqual({
    "a\ufffd": "b\ufffdc",
    d: ["\ufffd", "\\\ufffd"],
  });
});

it("takes any JSON value", async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ stringUnit: "binary" }), async (value) => {
      await stored(value);
    }),
    { numRuns: 100 },
  );
});
