import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, DatabaseError, escapeIdentifier, escapeLiteral } from "pg";
import { startEmbeddedPostgres } from "../../src/platform/postgres/index.ts";
import { waitFor } from "./wait.ts";

/** What global-setup.ts hands to every test file. */
export interface TestServer {
  /** May create databases and roles; a superuser on the embedded server. */
  adminUrl: string;
  /** An ordinary login with CREATEROLE, as in production; owns the databases of the tests. */
  loginUrl: string;
  /** The migrated database that test databases are copies of. */
  template: string;
  /** Begins the name of each database of this run. */
  prefix: string;
}

declare module "vitest" {
  interface ProvidedContext {
    testServer: TestServer;
  }
}

/**
 * One name for all runs: the roles that migrations make belong to the whole server, and from
 * PostgreSQL 16 on only the login that made them may grant them.
 */
const LOGIN = "awooop_test_login";

/** The same server, another database (and login). */
export function urlOf(url: string, database: string, login?: { user: string; password: string }) {
  // libpq allows an empty host, the URL parser does not beside a user.
  const target = new URL(url.replace(/\/\/([^/@]*)@\//, "//$1@localhost/"));
  if (target.hostname === "") target.hostname = "localhost";
  target.pathname = `/${database}`;
  if (login !== undefined) {
    target.username = login.user;
    target.password = login.password;
  }
  return target.href;
}

export async function withClient<T>(
  url: string | undefined,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The rows of one statement, on a connection of its own. */
export function queryRows(
  url: string | undefined,
  statement: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  return withClient(url, async (client) => {
    await client.query("set search_path to awooop, public");
    return (await client.query(statement, values)).rows;
  });
}

/**
 * The server of DATABASE_URL, whose role must be able to create databases and roles; by default an
 * embedded one for this run, without durability.
 */
export async function openServer(): Promise<{ adminUrl: string; close(): Promise<void> }> {
  const external = process.env.DATABASE_URL;
  if (external !== undefined && external !== "") {
    return { adminUrl: external, close: () => dropLogin(external) };
  }
  const folder = await mkdtemp(join(tmpdir(), "awooop-test-run-"));
  await chmod(folder, 0o711);
  const watchdog = guard(folder);
  try {
    const server = await startEmbeddedPostgres({
      dataDir: join(folder, "data"),
      log: (level, message) => {
        if (level === "error") console.error(message);
      },
      settings: {
        fsync: "off",
        synchronous_commit: "off",
        full_page_writes: "off",
        max_connections: "200",
      },
    });
    const { host, port } = server.superuserConfig;
    const query = new URLSearchParams({ host, sslmode: "disable" });
    return {
      adminUrl: `postgresql://postgres@localhost:${port}/postgres?${query}`,
      async close() {
        await server.stop();
        await rm(folder, { recursive: true, force: true });
        watchdog.stdin?.end();
      },
    };
  } catch (error) {
    watchdog.stdin?.end();
    throw error;
  }
}

/**
 * A test run that is killed cannot stop its server. This process does: its standard input closes
 * when the run ends, however it ends.
 */
export function guard(folder: string): ChildProcess {
  const script = `
    cat >/dev/null
    file="$1/data/cluster/postmaster.pid"
    if [ -e "$file" ]; then
      kill -INT "$(head -n 1 "$file")"
      tries=0
      while [ -e "$file" ] && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
    fi
    rm -rf "$1"`;
  return spawn("sh", ["-c", script, "sh", folder], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
}

/**
 * Another run may make or drop the same login at the same moment: duplicate object, unique
 * violation, undefined object, "tuple concurrently updated".
 */
const COLLISIONS = new Set(["42710", "23505", "42704", "XX000"]);

/** Makes the login, and the still empty template database that it owns. */
export async function prepareServer(adminUrl: string): Promise<TestServer> {
  const run = randomBytes(4).toString("hex");
  const template = `awooop_template_${run}`;
  // The same for every run on this server, so that runs side by side do not lock each other out.
  const password = createHash("sha256").update(`awooop test login ${adminUrl}`).digest("hex");
  await withClient(adminUrl, async (client) => {
    for (let tries = 1; ; tries += 1) {
      try {
        await ensureLogin(client, password);
        await client.query(
          `create database ${template} owner ${LOGIN} template template0 encoding 'UTF8'`,
        );
        return;
      } catch (error) {
        const code = error instanceof DatabaseError ? (error.code ?? "") : "";
        if (!COLLISIONS.has(code) || tries === 10) throw error;
      }
    }
  });
  const loginUrl = urlOf(adminUrl, template, { user: LOGIN, password });
  return { adminUrl, loginUrl, template, prefix: `awooop_test_${run}_` };
}

async function ensureLogin(client: Client, password: string): Promise<void> {
  const { rows } = await client.query<{ found: boolean; member: boolean }>(
    `select count(*) > 0 as found, coalesce(bool_or(pg_has_role(oid, 'usage')), false) as member
       from pg_roles where rolname = $1`,
    [LOGIN],
  );
  if (rows[0]?.found !== true) await client.query(`create role ${LOGIN}`);
  await client.query(`alter role ${LOGIN} login createrole password ${escapeLiteral(password)}`);
  // Giving a database to a role takes membership in it; a superuser has that anyway.
  if (rows[0]?.member !== true) await client.query(`grant ${LOGIN} to current_user`);
}

/**
 * Drops a database, cutting the sessions that are left. An ordinary administrator may cut those of its login, but on
 * PostgreSQL 15 not an autovacuum worker that happens to be there: that one is gone in a moment.
 */
export async function dropDatabase(client: Client, name: string): Promise<void> {
  await waitFor(
    async () => {
      await client.query(`drop database if exists ${escapeIdentifier(name)} with (force)`);
      return true;
    },
    { timeoutMs: 15_000, what: `the database ${name} to be dropped` },
  );
}

/** Drops the template and what test files have left behind. */
export async function dropDatabases(server: TestServer): Promise<void> {
  await withClient(server.adminUrl, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "select datname as name from pg_database where datname = $1 or starts_with(datname, $2)",
      [server.template, server.prefix],
    );
    for (const { name } of rows) {
      await dropDatabase(client, name);
    }
  });
}

/**
 * The roles that migrations made stay on somebody else's server: a real installation there would
 * use the same ones. So does the login while another run's databases, or those roles, need it.
 */
export async function dropLogin(adminUrl: string): Promise<void> {
  await withClient(adminUrl, async (client) => {
    await client.query(`drop role if exists ${LOGIN}`).catch((error: unknown) => {
      const dependentObjects = "2BP01";
      if (!(error instanceof DatabaseError && error.code === dependentObjects)) throw error;
    });
  });
}
