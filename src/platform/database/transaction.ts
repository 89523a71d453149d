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
import pg from "pg";
import type { DB } from "./database.generated.ts";
import type { Scope, Tx } from "./index.ts";
import type { StatementNames } from "./statement-names.ts";

/** Compiles queries; that they reach a connection is the business of each transaction. */
const driver = new DummyDriver();
const dialect: Dialect = {
  createAdapter: () => new PostgresAdapter(),
  createDriver: () => driver,
  createIntrospector: (db) => new PostgresIntrospector(db),
  createQueryCompiler: () => new PostgresQueryCompiler(),
};
const executor = new Kysely<DB>({ dialect }).getExecutor();

/**
 * Runs `work` in one transaction on a connection of the pool. What opens it is on its way when `work` sends its first
 * statement, so it costs no round trip of its own; and statements that are sent without waiting for the one before travel
 * together.
 */
export async function runTransaction<T>(
  pool: pg.Pool,
  names: StatementNames | undefined,
  { scope, work, snapshot }: { scope: Scope; work: (tx: Tx) => Promise<T>; snapshot: boolean },
): Promise<T> {
  const client = await pool.connect();
  // A connection that is lost fails the statement under way; unheard, its error would end the process as well.
  client.on("error", ignore);
  const session = new Session(client, names);
  const opening = open(client, scope, snapshot);
  let result: T;
  try {
    result = await work(transactionOn(session));
    session.end();
    await opening;
  } catch (error) {
    session.end();
    await rollback(client);
    // If it was not opened, that is the reason why everything else failed.
    await opening;
    throw error;
  }
  if (snapshot) endLater(client);
  else await commit(client);
  return result;
}

/**
 * Two messages: whatever is wrong with the second, the transaction is open and then a failed one, in which nothing is done
 * any more. Never would a statement run under the rights of the login.
 */
function open(client: pg.PoolClient, scope: Scope, snapshot: boolean): Promise<unknown> {
  const opening = Promise.all([
    client.query(snapshot ? "begin isolation level repeatable read read only" : "begin"),
    client.query(`set local role awooop_${scope.role}; set local awooop.projects = ${projectsOf(scope)};
      set local search_path = awooop; set local timezone = 'UTC'; set local statement_timeout = '30s'`),
  ]);
  // Until it is awaited, its failure must not count as unhandled.
  opening.catch(() => {});
  return opening;
}

/** A project's id is a slug; what is none names no project. */
function projectsOf(scope: Scope): string {
  const projects = "projects" in scope ? scope.projects : [];
  return pg.escapeLiteral(projects.filter((id) => /^[a-z0-9-]+$/.test(id)).join(","));
}

function ignore(): void {}

/** Gives a connection back to the pool, which hears its errors from then on; a broken one is closed. */
function release(client: pg.PoolClient, error?: Error): void {
  client.release(error);
  client.off("error", ignore);
}

/** What was only read needs no word from the database that it was kept: the answer does not wait for the end. */
function endLater(client: pg.PoolClient): void {
  client.query("commit").then(
    () => release(client),
    (error: Error) => release(client, error),
  );
}

async function commit(client: pg.PoolClient): Promise<void> {
  let command: string;
  try {
    ({ command } = await client.query("commit"));
  } catch (error) {
    release(client, error as Error);
    throw error;
  }
  release(client);
  // How PostgreSQL ends a transaction in which a statement failed before.
  if (command === "ROLLBACK") throw new Error("a statement had failed, so nothing was committed");
}

/** Gives the connection back; one that can't even roll back is closed. */
async function rollback(client: pg.PoolClient): Promise<void> {
  try {
    await client.query("rollback");
    release(client);
  } catch (error) {
    release(client, error as Error);
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
  readonly #client: pg.PoolClient;
  readonly #names: StatementNames | undefined;
  #hasEnded = false;

  constructor(client: pg.PoolClient, names: StatementNames | undefined) {
    this.#client = client;
    this.#names = names;
  }

  /** From now on it takes no statement: it would run under other rights. */
  end(): void {
    this.#hasEnded = true;
  }

  async executeQuery<R>({ sql: text, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#hasEnded) throw new Error("the transaction has ended");
    const name = this.#names?.nameOf(text);
    const { command, rowCount, rows } = await this.#client.query({
      text,
      values: [...parameters],
      ...(name === undefined ? {} : { name }),
    });
    return {
      rows,
      ...(CHANGES.has(command) ? { numAffectedRows: BigInt(rowCount ?? 0) } : {}),
    };
  }

  // biome-ignore lint/correctness/useYield: nothing is read this way
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("rows are not read as a stream");
  }
}
