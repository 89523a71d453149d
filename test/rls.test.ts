import { Client, type DatabaseError } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { ROLES, type Role, TABLES, type TableCase, type Verb } from "./support/rls-cases.ts";
import { type Owned, seedEveryTable } from "./support/rls-rows.ts";

/**
 * Row-level security, asked of PostgreSQL itself with raw SQL under each run-time role: the last line that holds when a
 * query forgets its tenant.
 */

let database: TestDatabase;
let client: Client;
let rows: Owned;

beforeAll(async () => {
  database = await createTestDatabase();
  rows = await seedEveryTable(database.url);
  client = new Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await database?.drop();
});

/** Whose rights a statement runs with: a role and, for the tenants' one, its projects (undefined: never set). */
interface As {
  role: Role;
  projects?: string | undefined;
}

/** What became of a statement. */
type Outcome =
  | { rows: Record<string, unknown>[]; count: number }
  /** `grant`: the role may not do this at all; `row`: a policy refused the row; else PostgreSQL's code. */
  | { refused: "grant" | "row" | string };

/** Runs one statement as a run-time role and takes back what it did. */
async function run(as: As, text: string, values: unknown[] = []): Promise<Outcome> {
  await client.query("begin");
  try {
    await client.query(`set local role awooop_${as.role}`);
    if (as.projects !== undefined) {
      await client.query("select set_config('awooop.projects', $1, true)", [as.projects]);
    }
    const result = await client.query(text, values);
    return { rows: result.rows, count: result.rowCount ?? 0 };
  } catch (error) {
    const { code, message } = error as DatabaseError;
    if (code !== "42501") return { refused: code ?? message };
    return { refused: message.includes("row-level security") ? "row" : "grant" };
  } finally {
    await client.query("rollback");
  }
}

const INSERT = (table: string) =>
  `insert into awooop.${table} select * from jsonb_populate_record(null::awooop.${table}, $1)`;

/** The key is taken, so the row itself was let through. */
const LET_THROUGH = { refused: "23505" };
const NO_GRANT = { refused: "grant" };
const NO_ROW = { refused: "row" };

const names = Object.keys(TABLES).sort();

test("every table, view and foreign table of the schema has its case here", async () => {
  const { rows: found } = await client.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'awooop' and c.relkind in ('r', 'p', 'v', 'm', 'f') order by c.relname collate "C"`,
  );
  expect(found.map(({ name }) => name)).toEqual(names);
});

test("every table but the migrator's own has row-level security enabled and forced", async () => {
  const { rows: found } = await client.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'awooop' and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)
     order by 1`,
  );
  expect(found.map(({ name }) => name)).toEqual(["kysely_migration", "kysely_migration_lock"]);
});

describe.each(names)("%s", (table) => {
  const about: TableCase = TABLES[table] ?? { grants: {} };
  const { grants, rowsOf = "tenants", giveAway = "project_id = 'bravo'", updates } = about;
  const may = (role: Role, verb: Verb) => (grants[role] ?? "").includes(verb);
  const of = (owner: string) => rows.of(table, owner);
  const all = () => rows.all(table);
  const asA: As = { role: "app", projects: "alpha" };

  beforeAll(async () => {
    const { rows: columns } = await client.query<{ attname: string }>(
      "select attname from pg_attribute where attrelid = $1::regclass and attnum = 1",
      [`awooop.${table}`],
    );
    column = updates?.[0] ?? columns[0]?.attname ?? "";
  });
  let column: string;

  /** The rows of the table that someone with these projects may see. */
  const visible = (...projects: string[]) =>
    rowsOf === "platform" ? all() : projects.flatMap((project) => of(project));

  const select = (as: As) => run(as, `select to_jsonb(t) as row from awooop.${table} t`);
  const update = (as: As) => run(as, `update awooop.${table} set ${column} = ${column}`);
  const remove = (as: As) => run(as, `delete from awooop.${table}`);
  const insert = (as: As, row: unknown) => run(as, INSERT(table), [JSON.stringify(row)]);

  const seenRows = (outcome: Outcome) =>
    "rows" in outcome ? outcome.rows.map(({ row }) => JSON.stringify(row)).sort() : outcome;
  const asTexts = (wanted: unknown[]) => wanted.map((row) => JSON.stringify(row)).sort();

  test("has rows to tell apart", () => {
    const wanted = rowsOf === "tenants" ? { alpha: 1, bravo: 1 } : { alpha: 0, bravo: 0 };
    expect({ alpha: of("alpha").length, bravo: of("bravo").length }).toEqual(wanted);
    expect(all().length > 0 || rowsOf === "migrator").toBe(true);
  });

  test("a tenant reads its own rows, two tenants theirs, and nobody without a list", async () => {
    for (const [projects, wanted] of [
      ["alpha", visible("alpha")],
      ["bravo", visible("bravo")],
      ["nowhere", visible()],
      ["", visible()],
      [undefined, visible()],
      ["alpha,bravo", visible("alpha", "bravo", "both")],
    ] as const) {
      const outcome = await select({ role: "app", projects });
      if (!may("app", "s")) expect(outcome).toEqual(NO_GRANT);
      else expect(seenRows(outcome), `projects: ${projects}`).toEqual(asTexts(wanted));
    }
  });

  test("a tenant adds rows of its own and none of another", async () => {
    const [mine] = of("alpha");
    const [theirs] = of("bravo");
    const any = mine ?? all()[0] ?? {};
    if (!may("app", "i")) {
      expect(await insert(asA, any)).toEqual(NO_GRANT);
      return;
    }
    expect(await insert(asA, mine)).toEqual(LET_THROUGH);
    expect(await insert(asA, theirs)).toEqual(NO_ROW);
    for (const projects of ["", undefined]) {
      expect(await insert({ role: "app", projects }, mine)).toEqual(NO_ROW);
    }
  });

  test("a tenant changes its own rows, gives none away, and takes none", async () => {
    if (!may("app", "u")) {
      expect(await update(asA)).toEqual(NO_GRANT);
      return;
    }
    expect(await update(asA)).toMatchObject({ count: of("alpha").length });
    for (const projects of ["", undefined, "nowhere"]) {
      expect(await update({ role: "app", projects })).toMatchObject({ count: 0 });
    }
    const given = await run(asA, `update awooop.${table} set ${giveAway}`);
    expect(given).toEqual(updates ? NO_GRANT : NO_ROW);
  });

  test("a tenant removes its own rows at most", async () => {
    if (!may("app", "d")) {
      expect(await remove(asA)).toEqual(NO_GRANT);
      return;
    }
    expect(await remove(asA)).toMatchObject({ count: of("alpha").length });
    for (const projects of ["", undefined, "nowhere"]) {
      expect(await remove({ role: "app", projects })).toMatchObject({ count: 0 });
    }
  });

  test.each(["platform", "system"] as const)("%s does what its grants say", async (role) => {
    const as: As = { role };
    const wanted = all();
    const row = of("bravo")[0] ?? wanted[0] ?? {};
    const platformOnly = about.systemInsertsForPlatformOnly === true && role === "system";
    const inserted = platformOnly ? NO_ROW : LET_THROUGH;
    expect(seenRows(await select(as))).toEqual(may(role, "s") ? asTexts(wanted) : NO_GRANT);
    expect(await insert(as, row)).toEqual(may(role, "i") ? inserted : NO_GRANT);
    const updated = await update(as);
    if (may(role, "u")) expect(updated).toMatchObject({ count: wanted.length });
    else expect(updated).toEqual(NO_GRANT);
    const removed = await remove(as);
    // Rows that others refer to stay, which is not what is asked here.
    if (may(role, "d")) expect(removed).toMatchObject({ count: wanted.length });
    else expect(removed).toEqual(NO_GRANT);
  });

  test("only the named columns can be changed", async () => {
    const { rows: columns } = await client.query<{ name: string; roles: string[] }>(
      `select a.attname as name, array(
         select r from unnest($2::text[]) r where has_column_privilege('awooop_' || r, a.attrelid, a.attnum, 'UPDATE')
       ) as roles
       from pg_attribute a where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped`,
      [`awooop.${table}`, [...ROLES]],
    );
    for (const { name, roles } of columns) {
      const isNamed = updates === undefined || updates.includes(name);
      const wanted = ROLES.filter(
        (role) => may(role, "u") && (isNamed || about.updatesAll?.includes(role) === true),
      );
      expect({ name, roles }).toEqual({ name, roles: wanted });
    }
  });
});

test("what is written once stays: none of the three roles can change or remove it", async () => {
  const appendOnly = ["approval_decisions", "audit_log", "audit_private", "run_transitions"];
  for (const table of appendOnly) {
    for (const role of ROLES) {
      const as = { role, projects: "alpha" };
      const change = `update awooop.${table} set project_id = project_id`;
      for (const text of [change, `delete from awooop.${table}`, `truncate awooop.${table}`]) {
        expect(await run(as, text), `${role}: ${text}`).toEqual(NO_GRANT);
      }
    }
  }
});

test("the system role knows of stored answers nothing but their age", async () => {
  const as: As = { role: "system" };
  expect(await run(as, "select created_at from awooop.idempotency_keys")).toMatchObject({
    count: rows.all("idempotency_keys").length,
  });
  expect(await run(as, "select response from awooop.idempotency_keys")).toEqual(NO_GRANT);
});

test("the system role audits for the platform and for no tenant", async () => {
  const [row] = rows.of("audit_log", "alpha");
  const ofPlatform = { ...row, project_id: "_platform", private_hash: null };
  expect(await run({ role: "system" }, INSERT("audit_log"), [JSON.stringify(ofPlatform)])).toEqual({
    rows: [],
    count: 1,
  });
});

describe("the roles", () => {
  const roles = ROLES.map((role) => `awooop_${role}`);

  test("can't bypass row-level security, can't log in, and have no power over roles", async () => {
    const { rows: found } = await client.query(
      `select rolname, rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb, rolreplication from pg_roles
       where rolname = any ($1) order by 1`,
      [roles],
    );
    const powerless = {
      rolsuper: false,
      rolbypassrls: false,
      rolcanlogin: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolreplication: false,
    };
    expect(found).toEqual([...roles].sort().map((rolname) => ({ rolname, ...powerless })));
  });

  test("own nothing, and are members of no other role", async () => {
    const { rows: owned } = await client.query(
      `select r.rolname, d.classid::regclass::text as what from pg_shdepend d join pg_roles r on r.oid = d.refobjid
       where d.refclassid = 'pg_authid'::regclass and d.deptype = 'o' and r.rolname = any ($1)
         and d.dbid in (0, (select oid from pg_database where datname = current_database()))`,
      [roles],
    );
    expect(owned).toEqual([]);
    const { rows: memberships } = await client.query(
      "select roleid::regrole::text from pg_auth_members m join pg_roles r on r.oid = m.member where r.rolname = any ($1)",
      [roles],
    );
    expect(memberships).toEqual([]);
  });

  test("can create nothing, in no schema", async () => {
    const { rows: found } = await client.query(
      `select r, nspname from pg_namespace, unnest($1::text[]) r
       where has_schema_privilege(r, oid, 'CREATE') and nspname in ('awooop', 'pgboss', 'public')`,
      [roles],
    );
    expect(found).toEqual([]);
  });
});

describe("the list of all projects", () => {
  const list = "select project_id from awooop.awooop_operator_list_projects()";

  test("is the platform's alone", async () => {
    const found = await run({ role: "platform" }, list);
    expect(found).toMatchObject({ rows: [{ project_id: "alpha" }, { project_id: "bravo" }] });
    expect(await run({ role: "app", projects: "alpha,bravo" }, list)).toEqual(NO_GRANT);
    expect(await run({ role: "system" }, list)).toEqual(NO_GRANT);
  });

  test("is the only function with its owner's rights, pinned to its schema", async () => {
    const { rows: found } = await client.query(
      `select p.proname, p.proconfig, p.proowner::regrole::text as owner, r.rolcanlogin, r.rolbypassrls, r.rolsuper
       from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_roles r on r.oid = p.proowner
       where p.prosecdef and n.nspname in ('awooop', 'pgboss', 'public')`,
    );
    expect(found).toEqual([
      {
        proname: "awooop_operator_list_projects",
        proconfig: ["search_path=awooop, pg_temp"],
        owner: "awooop_catalog",
        rolcanlogin: false,
        rolbypassrls: false,
        rolsuper: false,
      },
    ]);
  });
});
