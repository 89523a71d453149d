import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { ROLES } from "./support/rls-cases.ts";
import { type Owned, seedEveryTable } from "./support/rls-rows.ts";
import { type As, NO_GRANT, openRlsSession, type RlsSession } from "./support/rls-session.ts";

/** The roles themselves, and the two functions that do more than their caller may. */

let database: TestDatabase;
let session: RlsSession;
let rows: Owned;

beforeAll(async () => {
  database = await createTestDatabase();
  rows = await seedEveryTable(database.url);
  session = await openRlsSession(database.url);
});

afterAll(async () => {
  await session?.close();
  await database?.drop();
});

const OWNERS = ["awooop_catalog", "awooop_search"];
const RUNTIME = ROLES.map((role) => `awooop_${role}`);

describe("the roles", () => {
  test("can't bypass row-level security, can't log in, and have no power over roles", async () => {
    const roles = [...RUNTIME, ...OWNERS].sort();
    const { rows: found } = await session.client.query(
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
    expect(found).toEqual(roles.map((rolname) => ({ rolname, ...powerless })));
  });

  test("own nothing, and are members of no other role", async () => {
    const { rows: owned } = await session.client.query(
      `select r.rolname, d.classid::regclass::text as what from pg_shdepend d join pg_roles r on r.oid = d.refobjid
       where d.refclassid = 'pg_authid'::regclass and d.deptype = 'o' and r.rolname = any ($1)
         and d.dbid in (0, (select oid from pg_database where datname = current_database()))`,
      [RUNTIME],
    );
    expect(owned).toEqual([]);
    const { rows: memberships } = await session.client.query(
      "select roleid::regrole::text from pg_auth_members m join pg_roles r on r.oid = m.member where r.rolname = any ($1)",
      [[...RUNTIME, ...OWNERS]],
    );
    expect(memberships).toEqual([]);
  });

  test("can create nothing, in no schema", async () => {
    const { rows: found } = await session.client.query(
      `select r, nspname from pg_namespace, unnest($1::text[]) r
       where has_schema_privilege(r, oid, 'CREATE') and nspname in ('awooop', 'pgboss', 'public')`,
      [[...RUNTIME, ...OWNERS]],
    );
    expect(found).toEqual([]);
  });
});

describe("functions with their owner's rights", () => {
  test("are these two, pinned to their schema", async () => {
    const { rows: found } = await session.client.query(
      `select p.proname, p.proconfig, p.proowner::regrole::text as owner
       from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where p.prosecdef and n.nspname in ('awooop', 'pgboss', 'public') order by 1`,
    );
    const proconfig = ["search_path=awooop, pg_temp"];
    const planned = [...proconfig, "plan_cache_mode=force_generic_plan"];
    expect(found).toEqual([
      { proname: "awooop_operator_list_projects", proconfig, owner: "awooop_catalog" },
      { proname: "awooop_search_runs", proconfig: planned, owner: "awooop_search" },
    ]);
  });

  test("read no more of the tables than what they are for", async () => {
    const { rows: found } = await session.client.query<{ may: string }>(
      `select r || ' ' || lower(p) || ' ' || c.relname || '.' || a.attname as may
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped,
         unnest($1::text[]) r, unnest('{SELECT,INSERT,UPDATE}'::text[]) p
       where c.relnamespace = 'awooop'::regnamespace and c.relkind in ('r', 'p')
         and c.relname not in ('projects', 'run_words') and has_column_privilege(r, c.oid, a.attnum, p) order by 1`,
      [OWNERS],
    );
    expect(found).toEqual([]);
    const { rows: whole } = await session.client.query<{ may: string }>(
      `select r || ' ' || lower(p) || ' ' || t as may from unnest($1::text[]) r, unnest('{projects,run_words}'::text[]) t,
         unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) p
       where has_table_privilege(r, 'awooop.' || t, p) order by 1`,
      [OWNERS],
    );
    expect(whole.map(({ may }) => may)).toEqual([
      "awooop_catalog select projects",
      "awooop_search select run_words",
    ]);
  });
});

describe("the list of all projects", () => {
  const list = "select project_id from awooop.awooop_operator_list_projects()";

  test("is the platform's alone", async () => {
    const found = await session.run({ role: "platform" }, list);
    expect(found).toMatchObject({ rows: [{ project_id: "alpha" }, { project_id: "bravo" }] });
    for (const role of ["app", "system", "retention"] as const) {
      expect(await session.run({ role, projects: "alpha,bravo" }, list)).toEqual(NO_GRANT);
    }
  });
});

describe("the search for words", () => {
  const search = (as: As, project: string, words = "disk") =>
    session.run(as, "select awooop.awooop_search_runs($1, $2) as run_id", [project, words]);
  const runOf = (project: string) => ({
    rows: rows.of("runs", project).map(({ run_id }) => ({ run_id })),
    count: 1,
  });
  const NONE = { rows: [], count: 0 };

  test("finds a tenant its own runs, in each of its projects", async () => {
    for (const [projects, project] of [
      ["alpha", "alpha"],
      ["alpha,bravo", "alpha"],
      ["alpha,bravo", "bravo"],
    ] as const) {
      expect(await search({ role: "app", projects }, project)).toEqual(runOf(project));
    }
    expect(await search({ role: "platform" }, "bravo")).toEqual(runOf("bravo"));
  });

  test("finds nothing of another tenant, whoever asks and whatever the project is called", async () => {
    for (const projects of ["bravo", "nowhere", "", undefined]) {
      expect(await search({ role: "app", projects }, "alpha")).toEqual(NONE);
    }
    for (const project of ["nowhere", "", "alpha,bravo", "alph", "alpha disk", "%", "'", "\\"]) {
      expect(await search({ role: "app", projects: "alpha,bravo" }, project)).toEqual(NONE);
      expect(await search({ role: "platform" }, project)).toEqual(NONE);
    }
  });

  test("takes every text for words, and no words for nothing", async () => {
    for (const words of ["", " ", "'", "\\", "disk' | '", "':*", "& | ! <->", "x".repeat(10_000)]) {
      const found = await search({ role: "app", projects: "alpha" }, "alpha", words);
      expect(found, words).toEqual(words.startsWith("disk") ? runOf("alpha") : NONE);
    }
  });

  test("is no business of the other roles", async () => {
    for (const role of ["system", "retention"] as const) {
      expect(await search({ role, projects: "alpha" }, "alpha")).toEqual(NO_GRANT);
    }
  });
});
