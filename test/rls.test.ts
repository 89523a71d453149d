import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import {
  ROLES,
  type Role,
  SCOPED,
  TABLES,
  type TableCase,
  type Verb,
} from "./support/rls-cases.ts";
import { type Owned, seedEveryTable } from "./support/rls-rows.ts";
import {
  type As,
  NO_GRANT,
  NO_ROW,
  type Outcome,
  openRlsSession,
  type RlsSession,
} from "./support/rls-session.ts";

/**
 * Row-level security, asked of PostgreSQL itself with raw SQL under each run-time role: the last line that holds when a
 * query forgets its tenant.
 */

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

const run: RlsSession["run"] = (...what) => session.run(...what);

const INSERT = (table: string) =>
  `insert into awooop.${table} select * from jsonb_populate_record(null::awooop.${table}, $1)`;

/** The key is taken, so the row itself was let through. */
const LET_THROUGH = { refused: "23505" };

const names = Object.keys(TABLES).sort();

test("every table, view and foreign table of the schema has its case here", async () => {
  const { rows: found } = await session.client.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'awooop' and c.relkind in ('r', 'p', 'v', 'm', 'f') order by c.relname collate "C"`,
  );
  expect(found.map(({ name }) => name)).toEqual(names);
});

test("every table but the migrator's own has row-level security enabled and forced", async () => {
  const { rows: found } = await session.client.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'awooop' and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)
     order by 1`,
  );
  expect(found.map(({ name }) => name)).toEqual(["kysely_migration", "kysely_migration_lock"]);
});

describe.each(names)("%s", (table) => {
  const about: TableCase = TABLES[table] ?? { grants: {} };
  const {
    grants,
    rowsOf = "tenants",
    rowsEach = 1,
    giveAway = "project_id = 'bravo'",
    updates = {},
  } = about;
  const may = (role: Role, verb: Verb) => (grants[role] ?? "").includes(verb);
  const of = (owner: string) => rows.of(table, owner);
  const all = () => rows.all(table);

  /** Its first column, and what makes its rows removable whatever refers to them. */
  let first: string;
  let unreferred: string[];
  beforeAll(async () => {
    const columns = await session.client.query<{ attname: string }>(
      "select attname from pg_attribute where attrelid = $1::regclass and attnum = 1",
      [`awooop.${table}`],
    );
    first = columns.rows[0]?.attname ?? "";
    const keys = await session.client.query<{ text: string }>(
      `select format('alter table %s drop constraint %I', conrelid::regclass, conname) as text
       from pg_constraint where contype = 'f' and confrelid = $1::regclass`,
      [`awooop.${table}`],
    );
    unreferred = keys.rows.map(({ text }) => text);
  });

  /** The rows of the table that someone with these projects may see. */
  const visible = (...projects: string[]) =>
    rowsOf === "platform" ? all() : projects.flatMap((project) => of(project));

  const select = (as: As) => run(as, `select to_jsonb(t) as row from awooop.${table} t`);
  const insert = (as: As, row: unknown) => run(as, INSERT(table), [JSON.stringify(row)]);
  const remove = (as: As) => run(as, `delete from awooop.${table}`, [], unreferred);
  const update = (as: As) => {
    const column = updates[as.role]?.[0] ?? first;
    return run(as, `update awooop.${table} set ${column} = ${column}`);
  };

  const seenRows = (outcome: Outcome) =>
    "rows" in outcome ? outcome.rows.map(({ row }) => JSON.stringify(row)).sort() : outcome;
  const asTexts = (wanted: unknown[]) => wanted.map((row) => JSON.stringify(row)).sort();

  test("has rows to tell apart", () => {
    const wanted =
      rowsOf === "tenants" ? { alpha: rowsEach, bravo: rowsEach } : { alpha: 0, bravo: 0 };
    expect({ alpha: of("alpha").length, bravo: of("bravo").length }).toEqual(wanted);
    expect(all().length > 0 || rowsOf === "migrator").toBe(true);
  });

  describe.each(SCOPED)("as awooop_%s, for one project,", (role) => {
    const asA: As = { role, projects: "alpha" };

    test("one reads its rows, of two projects theirs, and without a list none", async () => {
      // Forgetting goes by one project at a time: of a list of two it sees nothing.
      const ofBoth = role === "retention" ? visible() : visible("alpha", "bravo", "both");
      for (const [projects, wanted] of [
        ["alpha", visible("alpha")],
        ["bravo", visible("bravo")],
        ["nowhere", visible()],
        ["", visible()],
        [undefined, visible()],
        ["alpha,bravo", ofBoth],
      ] as const) {
        const outcome = await select({ role, projects });
        if (!may(role, "s")) expect(outcome).toEqual(NO_GRANT);
        else expect(seenRows(outcome), `projects: ${projects}`).toEqual(asTexts(wanted));
      }
    });

    test("one adds rows of that project and none of another", async () => {
      const [mine] = of("alpha");
      const [theirs] = of("bravo");
      const any = mine ?? all()[0] ?? {};
      if (!may(role, "i")) {
        expect(await insert(asA, any)).toEqual(NO_GRANT);
        return;
      }
      expect(await insert(asA, mine)).toEqual(LET_THROUGH);
      expect(await insert(asA, theirs)).toEqual(NO_ROW);
      for (const projects of ["", undefined]) {
        expect(await insert({ role, projects }, mine)).toEqual(NO_ROW);
      }
    });

    test("one changes its rows, gives none away, and takes none", async () => {
      if (!may(role, "u")) {
        expect(await update(asA)).toEqual(NO_GRANT);
        return;
      }
      expect(await update(asA)).toMatchObject({ count: of("alpha").length });
      for (const projects of ["", undefined, "nowhere"]) {
        expect(await update({ role, projects })).toMatchObject({ count: 0 });
      }
      const given = await run(asA, `update awooop.${table} set ${giveAway}`);
      expect(given).toEqual(updates[role] ? NO_GRANT : NO_ROW);
    });

    test("one removes its rows at most", async () => {
      if (!may(role, "d")) {
        expect(await remove(asA)).toEqual(NO_GRANT);
        return;
      }
      expect(await remove(asA)).toMatchObject({ count: of("alpha").length });
      for (const projects of ["", undefined, "nowhere"]) {
        expect(await remove({ role, projects })).toMatchObject({ count: 0 });
      }
    });
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
    if (may(role, "d")) expect(removed).toMatchObject({ count: wanted.length });
    else expect(removed).toEqual(NO_GRANT);
  });

  test("each role changes the columns named for it, and no other", async () => {
    const { rows: columns } = await session.client.query<{ name: string; roles: string[] }>(
      `select a.attname as name, array(
         select r from unnest($2::text[]) r where has_column_privilege('awooop_' || r, a.attrelid, a.attnum, 'UPDATE')
       ) as roles
       from pg_attribute a where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped`,
      [`awooop.${table}`, [...ROLES]],
    );
    for (const { name, roles } of columns) {
      const wanted = ROLES.filter(
        (role) => may(role, "u") && (updates[role]?.includes(name) ?? true),
      );
      expect({ name, roles }).toEqual({ name, roles: wanted });
    }
    const known = new Set(columns.map(({ name }) => name));
    for (const name of Object.values(updates).flat()) expect(known).toContain(name);
  });
});

test("what is written once stays: nobody changes it, and only forgetting a run removes what belongs to it", async () => {
  const forgotten = ["approval_decisions", "run_transitions"];
  for (const table of ["audit_log", "audit_private", "contract_transitions", ...forgotten]) {
    for (const role of ROLES) {
      const as = { role, projects: "alpha" };
      const change = `update awooop.${table} set project_id = project_id`;
      const remove = `delete from awooop.${table} where false`;
      expect(await run(as, change), `${role}: ${change}`).toEqual(NO_GRANT);
      const mayForget = role === "retention" && forgotten.includes(table);
      const removed = mayForget ? { rows: [], count: 0 } : NO_GRANT;
      expect(await run(as, remove), `${role}: ${remove}`).toEqual(removed);
    }
  }
});

test("nobody empties a table, refers to one or puts triggers on it", async () => {
  const { rows: found } = await session.client.query(
    `select r, c.relname, p from pg_class c, unnest($1::text[]) r, unnest('{TRUNCATE,REFERENCES,TRIGGER}'::text[]) p
     where c.relnamespace = 'awooop'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
       and has_table_privilege('awooop_' || r, c.oid, p)`,
    [[...ROLES]],
  );
  expect(found).toEqual([]);
});

test("a tenant sees that everything is frozen, and can neither bring that about nor lift it", async () => {
  const [row] = rows.of("freezes", "alpha");
  const everything = { ...row, project_id: "_platform", scope: "platform", held_by: "platform" };
  const asA: As = { role: "app", projects: "alpha" };
  const insert = INSERT("freezes");
  expect(await run(asA, insert, [JSON.stringify(everything)])).toEqual(NO_ROW);
  const before = [
    "set local role awooop_platform",
    `insert into awooop.freezes select * from jsonb_populate_record(null::awooop.freezes,
    '${JSON.stringify(everything)}')`,
  ];
  const seen = await run(asA, "select project_id from awooop.freezes order by 1", [], before);
  expect(seen).toMatchObject({ rows: [{ project_id: "_platform" }, { project_id: "alpha" }] });
  const lift = "update awooop.freezes set lifted_at = lifted_at";
  expect(await run(asA, lift, [], before)).toMatchObject({ count: 1 });
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
