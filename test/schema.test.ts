import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dumpSchema } from "../scripts/dump-schema.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";

const GENERATE = fileURLToPath(new URL("../scripts/generate-types.ts", import.meta.url));

let test: TestDatabase;
let folder: string;
beforeAll(async () => {
  test = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), "awooop-types-"));
});
afterAll(async () => {
  await test?.drop();
  await rm(folder, { recursive: true, force: true });
});

async function execute(statement: string): Promise<void> {
  const client = new Client({ connectionString: test.adminUrl });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

// After a new migration: npm exec -- vitest run test/schema.test.ts -u
describe("a migrated database, on whatever PostgreSQL this runs", () => {
  it("is what test/schema.sql says", async () => {
    await expect(await dumpSchema(test.adminUrl)).toMatchFileSnapshot("schema.sql");
  });

  it("is what the generated types say", async () => {
    const out = join(folder, "types.ts");
    await promisify(execFile)(process.execPath, [GENERATE, test.adminUrl, out]);
    await expect(await readFile(out, "utf8")).toMatchFileSnapshot(
      "../src/platform/database/database.generated.ts",
    );
  });
});

describe("the dump", () => {
  it.each([
    ["a column", "alter table awooop.runs add column extra text", "\n  extra text,"],
    [
      "a default",
      "alter table awooop.runs alter column title set default 'x'",
      "default 'x'::text",
    ],
    ["an index", "create index more on awooop.runs (title)", "create index more ON awooop.runs"],
    ["a policy", "create policy open on awooop.runs using (true)", "create policy open on runs"],
    ["a grant", "grant truncate on awooop.runs to awooop_app", "truncate on runs to awooop_app"],
    [
      "a column's grant",
      "grant update (at) on awooop.audit_log to awooop_app",
      "update (at) on audit_log",
    ],
    [
      "no forced row security",
      "alter table awooop.runs no force row level security",
      "runs no force",
    ],
    [
      "a function's grant",
      "grant execute on function awooop.awooop_operator_list_projects() to public",
      "awooop_operator_list_projects() to public;",
    ],
    [
      "a trigger",
      "create trigger t before update on awooop.runs for each row execute function suppress_redundant_updates_trigger()",
      "CREATE TRIGGER t",
    ],
  ])("shows %s", async (_, statement, shown) => {
    expect(await dumpSchema(test.adminUrl)).not.toContain(shown);
    await execute(statement);
    expect(await dumpSchema(test.adminUrl)).toContain(shown);
  });

  it.each([
    ["create view awooop.v as select 1 as one", "drop view awooop.v"],
    ["create type awooop.mood as enum ('calm')", "drop type awooop.mood"],
    ["create sequence awooop.s", "drop sequence awooop.s"],
  ])("refuses what it has no words for: %s", async (statement, undo) => {
    await execute(statement);
    await expect(dumpSchema(test.adminUrl)).rejects.toThrow("no words for");
    await execute(undo);
  });
});
