// Writes what the schema awooop consists of, as readable SQL: `dump-schema.ts DATABASE_URL [OUT]`, by default to
// test/schema.sql, which a test holds equal to a migrated database. It reads the catalogs, because pg_dump refuses
// servers newer than itself; the text is the same on every PostgreSQL from 15 on.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";

const HEAD =
  "-- The schema awooop as the migrations leave it. Written by scripts/dump-schema.ts, not by hand.\n";

const ROLES = `
  select format('-- role %s: %s%s%s%s', rolname, case when rolcanlogin then 'login' else 'nologin' end,
    case when rolsuper then ', SUPERUSER' else '' end, case when rolbypassrls then ', BYPASSRLS' else '' end,
    case when rolcreaterole then ', CREATEROLE' else '' end) as line
  from pg_roles where rolname in ('awooop_owner', 'awooop_app', 'awooop_platform', 'awooop_system', 'awooop_retention',
    'awooop_jobs', 'awooop_catalog', 'awooop_search') order by rolname collate "C"`;

/** What the dump has no words for; a migration that adds such a thing has to teach the dump first. */
const UNKNOWN = `
  select format('relation %s of kind "%s"', relname, relkind) as line from pg_class
  where relnamespace = 'awooop'::regnamespace and relkind not in ('r', 'i') and relname !~ '^kysely_'
  union all
  select format('type %s', typname) from pg_type t where typnamespace = 'awooop'::regnamespace and typtype <> 'c'
    and typcategory <> 'A'
  union all
  select format('rule %s', rulename) from pg_rules where schemaname = 'awooop'`;

const TABLES = `
  select c.oid, c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
    pg_get_userbyid(c.relowner) as owner
  from pg_class c where c.relnamespace = 'awooop'::regnamespace and c.relkind = 'r' and c.relname !~ '^kysely_'
  order by c.relname collate "C"`;

const COLUMNS = `
  select format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
    || case when a.attcollation <> t.typcollation then format(' collate %I', l.collname) else '' end
    || case when a.attnotnull then ' not null' else '' end
    || case when a.attidentity <> '' then format(' identity (%s)', a.attidentity) else '' end
    || case when d.adbin is null then '' when a.attgenerated = ''
      then ' default ' || pg_get_expr(d.adbin, d.adrelid)
      else ' generated always as (' || pg_get_expr(d.adbin, d.adrelid) || ')' end as line
  from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_collation l on l.oid = a.attcollation
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum`;

// Not-null constraints (contype n) have rows of their own from PostgreSQL 18 on; the columns say it already.
const CONSTRAINTS = `
  select format('constraint %I %s', conname, pg_get_constraintdef(oid)) as line
  from pg_constraint where conrelid = $1 and contype <> 'n'
  order by array_position('{p,u,f}'::text[], contype::text) nulls last, conname collate "C"`;

const INDEXES = `
  select lower(left(text, strpos(text, ' ON '))) || substr(text, strpos(text, ' ON ') + 1) || ';' as line
  from (select c.relname, pg_get_indexdef(i.indexrelid) as text from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = $1 and not exists (select from pg_constraint k where k.conindid = i.indexrelid
      and k.contype in ('p', 'u', 'x'))) as indexes
  order by relname collate "C"`;

const TRIGGERS = `
  select pg_get_triggerdef(oid) || ';' as line from pg_trigger where tgrelid = $1 and not tgisinternal
  order by tgname collate "C"`;

const POLICIES = `
  select format('create policy %I on %I as %s for %s to %s', polname, polrelid::regclass,
      case when polpermissive then 'permissive' else 'restrictive' end,
      case polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
        else 'all' end,
      (select string_agg(case when r = 0 then 'public' else pg_get_userbyid(r) end, ', ' order by r::regrole::text)
        from unnest(polroles) as r))
    || coalesce(E'\\n  using (' || pg_get_expr(polqual, polrelid) || ')', '')
    || coalesce(E'\\n  with check (' || pg_get_expr(polwithcheck, polrelid) || ')', '') || ';' as line
  from pg_policy where polrelid = $1 order by polname collate "C"`;

/** What roles other than the owner may do: with a table, then with single columns of it. */
const TABLE_GRANTS = `
  with granted as (
    select acl.grantee, lower(acl.privilege_type) as verb, ''::text as columns
    from pg_class c, aclexplode(c.relacl) as acl where c.oid = $1 and acl.grantee <> c.relowner
    union all
    select acl.grantee, lower(acl.privilege_type),
      format(' (%s)', string_agg(quote_ident(a.attname), ', ' order by a.attnum))
    from pg_attribute a join pg_class c on c.oid = a.attrelid, aclexplode(a.attacl) as acl
    where c.oid = $1 and acl.grantee <> c.relowner group by 1, 2)
  select format('grant %s on %I to %s;', string_agg(verb || columns, ', ' order by
      array_position('{select,insert,update,delete}'::text[], verb) nulls last, verb collate "C", columns collate "C"),
    $1::regclass, case when grantee = 0 then 'public' else pg_get_userbyid(grantee) end) as line
  from granted group by grantee order by pg_get_userbyid(grantee) collate "C"`;

const SCHEMA_GRANTS = `
  select format('grant %s on schema awooop to %s;', string_agg(lower(privilege_type), ', ' order by privilege_type),
    case when grantee = 0 then 'public' else pg_get_userbyid(grantee) end) as line
  from pg_namespace n, aclexplode(n.nspacl) where nspname = 'awooop' and grantee <> nspowner
  group by grantee order by pg_get_userbyid(grantee) collate "C"`;

const FUNCTIONS = `
  select rtrim(pg_get_functiondef(p.oid), E'\\n') || ';' || format(E'\\nalter function %s owner to %s;',
      p.oid::regprocedure, pg_get_userbyid(p.proowner))
    || coalesce((select string_agg(format(E'\\ngrant %s on function %s to %s;', lower(acl.privilege_type),
        p.oid::regprocedure, case when acl.grantee = 0 then 'public' else pg_get_userbyid(acl.grantee) end), ''
        order by pg_get_userbyid(acl.grantee) collate "C")
      from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as acl where acl.grantee <> p.proowner), '')
    as line
  from pg_proc p where p.pronamespace = 'awooop'::regnamespace order by p.oid::regprocedure::text collate "C"`;

interface Table {
  oid: number;
  name: string;
  enabled: boolean;
  forced: boolean;
  owner: string;
}

/**
 * The schema awooop of a database as text: roles, tables with columns, constraints, indexes, triggers, row-level
 * security and grants, functions.
 *
 * @param url a login that may read the catalogs
 */
export async function dumpSchema(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("set search_path to awooop");
    const lines = async (query: string, values: unknown[] = []) =>
      (await client.query<{ line: string }>(query, values)).rows.map((row) => row.line);
    const unknown = await lines(UNKNOWN);
    if (unknown.length > 0) throw new Error(`The dump has no words for: ${unknown.join(", ")}.`);
    const tables = (await client.query<Table>(TABLES)).rows;
    const blocks = [
      HEAD + (await lines(ROLES)).join("\n"),
      (await lines(SCHEMA_GRANTS)).join("\n"),
    ];
    for (const table of tables) blocks.push(await dumpTable(table, lines));
    blocks.push(...(await lines(FUNCTIONS)));
    return `${blocks.join("\n\n")}\n`;
  } finally {
    await client.end();
  }
}

async function dumpTable(
  { oid, name, owner, enabled, forced }: Table,
  lines: (query: string, values: unknown[]) => Promise<string[]>,
): Promise<string> {
  const inside = [...(await lines(COLUMNS, [oid])), ...(await lines(CONSTRAINTS, [oid]))];
  return [
    `create table ${name} (\n  ${inside.join(",\n  ")}\n);`,
    `alter table ${name} owner to ${owner};`,
    ...(await lines(INDEXES, [oid])),
    ...(await lines(TRIGGERS, [oid])),
    `alter table ${name} ${enabled ? "enable" : "disable"} row level security;`,
    `alter table ${name} ${forced ? "force" : "no force"} row level security;`,
    ...(await lines(POLICIES, [oid])),
    ...(await lines(TABLE_GRANTS, [oid])),
  ].join("\n");
}

if (import.meta.main) {
  const [, , url, out = fileURLToPath(new URL("../test/schema.sql", import.meta.url))] =
    process.argv;
  if (!url) throw new Error("usage: dump-schema.ts DATABASE_URL [OUT]");
  await writeFile(out, await dumpSchema(url));
}
