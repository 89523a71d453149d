import { readdir, readFile } from "node:fs/promises";
import { Kysely, PostgresDialect, sql } from "kysely";
import { type MigrationProvider, Migrator } from "kysely/migration";
import pg from "pg";
import { AppError } from "../errors.ts";
import { installJobs } from "../jobs/install.ts";
import { PACKAGE_ROOT } from "../package-root.ts";

const FOLDER = new URL("migrations/", PACKAGE_ROOT);
const LOCK_ID = 4_600_201;
const OLDEST_SERVER = 150_000;
const RUNTIME_ROLES = [
  "awooop_app",
  "awooop_platform",
  "awooop_system",
  "awooop_retention",
  "awooop_jobs",
] as const;
/** The owners of the SECURITY DEFINER functions; the migrator hands the functions over to them. */
const FUNCTION_OWNERS = ["awooop_catalog", "awooop_search"] as const;

/**
 * Brings the database to the version of this program: roles, schema, numbered migrations, the job engine's schema.
 * Runs under a session advisory lock, so that of several processes starting together one migrates and the others
 * find nothing to do.
 *
 * @param options.url a login that may create roles, or for which they were created beforehand
 * @param options.runtimeUser the login the server runs with, when it is another one
 * @throws AppError E-DB-VERSION, E-DB-ROLES
 */
export async function migrate(options: {
  url: string;
  runtimeUser?: string | undefined;
}): Promise<void> {
  const client = new pg.Client({
    connectionString: options.url,
    application_name: "awooop-migrate",
  });
  client.on("error", () => {}); // the query that is under way rejects with the same error
  await client.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [LOCK_ID]);
    await checkVersion(client);
    await ensureRoles(client, options.runtimeUser);
    await client.query("create schema if not exists awooop authorization awooop_owner");
    await client.query("create schema if not exists pgboss authorization awooop_jobs");
    await runMigrations(options.url);
    await installJobs(options.url);
  } finally {
    await client.end();
  }
}

async function checkVersion(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    "select current_setting('server_version_num')::int as version",
  );
  if (rows[0].version < OLDEST_SERVER) {
    throw new AppError(
      "E-DB-VERSION",
      `PostgreSQL 15 or newer is needed; this server is ${rows[0].version}.`,
    );
  }
}

async function canBecome(client: pg.Client, role: string): Promise<boolean> {
  try {
    await client.query("begin");
    await client.query(`set local role ${pg.escapeIdentifier(role)}`);
    return true;
  } catch {
    return false;
  } finally {
    await client.query("rollback");
  }
}

async function ensureRoles(client: pg.Client, runtimeUser: string | undefined): Promise<void> {
  const roles = await readFile(new URL("roles.sql", FOLDER), "utf8");
  try {
    await client.query(roles);
    for (const role of ["awooop_owner", ...FUNCTION_OWNERS, ...RUNTIME_ROLES]) {
      if (!(await canBecome(client, role))) await client.query(`grant ${role} to current_user`);
    }
    for (const role of FUNCTION_OWNERS) {
      const owner = await client.query("select pg_has_role('awooop_owner', $1, 'MEMBER') as ok", [
        role,
      ]);
      if (!owner.rows[0].ok) await client.query(`grant ${role} to awooop_owner`);
    }
    if (runtimeUser !== undefined) {
      await client.query(
        `grant ${RUNTIME_ROLES.join(", ")} to ${pg.escapeIdentifier(runtimeUser)}`,
      );
    }
  } catch (cause) {
    throw new AppError(
      "E-DB-ROLES",
      `The login of DATABASE_MIGRATE_URL may not set up the roles of migrations/roles.sql (${(cause as Error).message}). Give it CREATEROLE, or run that file as a superuser and grant it the roles.`,
      { cause },
    );
  }
}

const provider: MigrationProvider = {
  async getMigrations() {
    const names = (await readdir(FOLDER)).filter((name) => /^\d{4}_.+\.sql$/.test(name)).sort();
    const texts = await Promise.all(names.map((name) => readFile(new URL(name, FOLDER), "utf8")));
    return Object.fromEntries(
      names.map((name, at) => [
        name.slice(0, -".sql".length),
        { up: async (db) => void (await sql.raw(texts[at] ?? "").execute(db)) },
      ]),
    );
  },
};

async function runMigrations(url: string): Promise<void> {
  const pool = new pg.Pool({
    connectionString: url,
    max: 2,
    options: "-c role=awooop_owner -c search_path=awooop",
  });
  pool.on("error", () => {});
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    const migrator = new Migrator({ db, provider, migrationTableSchema: "awooop" });
    const { error } = await migrator.migrateToLatest();
    if (error) throw error;
  } finally {
    await db.destroy();
  }
}
