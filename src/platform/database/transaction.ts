import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  Transaction,
} from "kysely";
import type pg from "pg";
import { Pipeline } from "./batch.ts";
import type { DB } from "./database.generated.ts";
import type { StatementNames } from "./statement-names.ts";

/** An open transaction under one of the run-time roles; the only way to reach the tables. */
export type Tx = Transaction<DB>;

/** Whose rights a transaction has. */
export type Scope =
  | { role: "app"; projects: readonly string[] }
  | { role: "platform" }
  | { role: "system" }
  /** Forgets what a project no longer keeps: the only role that deletes runs. Of a list of several it sees nothing. */
  | { role: "retention"; projects: readonly string[] };

/** Compiles queries; that they reach a connection is the business of each transaction. */
const driver = new DummyDriver();
const dialect: Dialect = {
  createAdapter: () => new PostgresAdapter(),
  createDriver: () => driver,
  createIntrospector: (db) => new PostgresIntrospector(db),
  createQueryCompiler: () => new PostgresQueryCompiler(),
};
const executor = new Kysely<DB>({ dialect }).getExecutor();

interface Transacting<T> {
  scope: Scope;
  work: (tx: Tx) => Promise<T>;
  snapshot: boolean;
  /** When `work` is done, its statements have been sent but need not have been answered: the commit follows them at once. */
  isSent: boolean;
}

/** The connections that transactions are run on. */
interface Connections {
  pool: pg.Pool;
  types: pg.CustomTypesConfig;
  /** Where each transaction may get another connection, on which nothing has been set or prepared, undefined. */
  names: StatementNames | undefined;
}

/**
 * Runs `work` in one transaction on a connection of the pool. What opens it travels with the first statement of `work`, so it
 * costs no round trip of its own; and so do statements that are sent without waiting for the one before.
 */
export async function runTransaction<T>(
  { pool, types, names }: Connections,
  { scope, work, snapshot, isSent }: Transacting<T>,
): Promise<T> {
  const client = await pool.connect();
  const pipeline = new Pipeline(client, types);
  const session = new Session(pipeline, names);
  const isPrepared = names !== undefined;
  const opening = open(pipeline, scope, { snapshot, isPrepared, isSent });
  // Statements behind one that was not opened would run outside of it.
  opening.catch(() => session.end());
  let result: T;
  try {
    result = await work(transactionOn(session));
    session.end();
    if (!isSent) await opening;
  } catch (error) {
    session.end();
    await rollback(client, pipeline);
    // If it was not opened, that is the reason why everything else failed.
    await opening;
    throw error;
  }
  if (snapshot) endLater(client, pipeline);
  // Had it not been opened, nothing of it would be committed.
  else await Promise.all([commit(client, pipeline), opening]);
  return result;
}

/** What is the same in every transaction. */
const COMMON = {
  search_path: "awooop",
  timezone: "UTC",
  statement_timeout: "30s",
  // A plan that may read much is compiled for half a second, and then mostly reads little.
  jit: "off",
};

/** What a connection that is not shared with others is set to once. */
export const SETTINGS = Object.entries(COMMON)
  .map(([name, value]) => `set ${name} = '${value}'`)
  .join("; ");

/**
 * Travels before the first statement. That can't be refused before `begin` is done, for nothing in it but slugs comes from
 * outside: so no statement would ever run under the rights of the login; whatever fails leaves a transaction in which
 * nothing is done.
 *
 * A snapshot is for questions that are asked again and again, and so are statements that nobody waits for; those are planned once
 * and not for every value.
 */
function open(
  pipeline: Pipeline,
  scope: Scope,
  { snapshot, isPrepared, isSent }: Record<"snapshot" | "isPrepared" | "isSent", boolean>,
): Promise<unknown> {
  const settings = {
    role: `awooop_${scope.role}`,
    "awooop.projects": projectsOf(scope),
    ...(isPrepared ? {} : COMMON),
    ...((snapshot || isSent) && isPrepared ? { plan_cache_mode: "force_generic_plan" } : {}),
  };
  const names = Object.keys(settings);
  const begun = pipeline.send(
    snapshot ? "begin isolation level repeatable read read only" : "begin",
    [],
    isPrepared ? (snapshot ? "begin_snapshot" : "begin") : undefined,
  );
  const set = pipeline.send(
    `select ${names.map((name, at) => `set_config('${name}', $${at + 1}, true)`).join(", ")}`,
    Object.values(settings),
    isPrepared ? `set_${names.length}` : undefined,
  );
  return Promise.all([begun, set]);
}

/** A project's id is a slug; what is none names no project. */
function projectsOf(scope: Scope): string {
  const projects = "projects" in scope ? scope.projects : [];
  return projects.filter((id) => /^[a-z0-9-]+$/.test(id)).join(",");
}

/**
 * What was only read needs no word from the database that it was kept: the answer does not wait for the end, and the next
 * transaction's statements may queue up behind it.
 */
function endLater(client: pg.PoolClient, pipeline: Pipeline): void {
  pipeline.send("commit").catch(() => {});
  pipeline.flush();
  client.release();
}

async function commit(client: pg.PoolClient, pipeline: Pipeline): Promise<void> {
  let command: string;
  try {
    const ended = pipeline.send("commit");
    // Nothing comes behind it.
    pipeline.flush();
    ({ command } = await ended);
  } catch (error) {
    await rollback(client, pipeline);
    throw error;
  }
  client.release();
  // How PostgreSQL ends a transaction in which a statement failed before.
  if (command === "ROLLBACK") throw new Error("a statement had failed, so nothing was committed");
}

/** Gives the connection back; one that can't even roll back is closed. */
async function rollback(client: pg.PoolClient, pipeline: Pipeline): Promise<void> {
  try {
    await pipeline.send("rollback");
    client.release();
  } catch (error) {
    client.release(error as Error);
  }
}

function transactionOn(session: Session): Tx {
  return new Transaction<DB>({
    config: { dialect },
    dialect,
    driver,
    executor: executor.withConnectionProvider({ provideConnection: (use) => use(session) }),
  });
}

const CHANGES = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"]);

/** A connection for as long as its transaction lasts. */
class Session implements DatabaseConnection {
  readonly #pipeline: Pipeline;
  readonly #names: StatementNames | undefined;
  #hasEnded = false;

  constructor(pipeline: Pipeline, names: StatementNames | undefined) {
    this.#pipeline = pipeline;
    this.#names = names;
  }

  /** From now on it takes no statement: it would run under other rights. */
  end(): void {
    this.#hasEnded = true;
  }

  async executeQuery<R>({ sql: text, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#hasEnded) throw new Error("the transaction has ended");
    const name = this.#names?.nameOf(text);
    const { command, rowCount, rows } = await this.#pipeline.send(text, parameters, name);
    return {
      rows: rows as R[],
      ...(CHANGES.has(command) ? { numAffectedRows: BigInt(rowCount ?? 0) } : {}),
    };
  }

  // biome-ignore lint/correctness/useYield: nothing is read this way
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("rows are not read as a stream");
  }
}
