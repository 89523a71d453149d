import { type RawBuilder, sql } from "kysely";
import pg from "pg";
import { AppError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { JsonValue } from "./database.generated.ts";
import { createStatementNames } from "./statement-names.ts";
import { runTransaction, type Scope, SETTINGS, type Tx } from "./transaction.ts";
import { CONNECT_MS, isConnectionTrouble, Unreachable } from "./unreachable.ts";

export type { DB } from "./database.generated.ts";
export type { Scope, Tx } from "./transaction.ts";

/** A time as it leaves the database: RFC 3339, UTC, microseconds, `Z`. */
export type Timestamp = string;

export interface Database {
  /**
   * Runs `work` in one transaction under the scope's role; commits when it resolves, rolls back when it throws. A
   * deadlock or serialization failure is tried again (three times in all), so `work` does nothing but SQL. Throws
   * `Unreachable` while the database is not there.
   *
   * @param options.snapshot every statement sees the same moment (REPEATABLE READ, read only)
   * @param options.isSent `work` resolves once its statements are sent, and answers with the promise of what they say: the
   *   commit follows them without a round trip between. A statement that fails leaves nothing committed; its error is
   *   that promise's.
   */
  transaction<T>(
    scope: Scope,
    work: (tx: Tx) => Promise<T>,
    options?: { snapshot?: boolean; isSent?: boolean },
  ): Promise<T>;
  close(): Promise<void>;
}

const TIMESTAMPTZ = 1184;
const INT8 = 20;
const NUMERIC = 1700;

const PARSERS: Record<number, (text: string) => unknown> = {
  // Microseconds would be lost in a Date, and cursors need them.
  [TIMESTAMPTZ]: (text) => `${text.replace(" ", "T").replace(/\+00(:00)?$/, "")}Z`,
  // Counters and fences stay far below 2^53.
  [INT8]: Number,
  // numeric(14,6) has at most 14 digits, which a double holds exactly enough to print them back.
  [NUMERIC]: Number,
};

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    (format !== "binary" && PARSERS[oid]) ||
    pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

/**
 * Opens the pool. Nothing but `transaction` reaches it.
 *
 * @param options.isPooled whether a pooler stands in between: each transaction may then get another connection, on which
 *   nothing has been prepared
 * @param options.connectMs how long a transaction waits for its connection, in milliseconds (30,000)
 */
export function openDatabase(options: {
  url: string;
  max?: number;
  isPooled?: boolean;
  connectMs?: number;
  log: Logger;
}): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: "awooop",
    max: options.max ?? 12,
    connectionTimeoutMillis: options.connectMs ?? CONNECT_MS,
    // Statements are sent without waiting for the answer to the one before.
    pipeline: true,
  });
  pool.on("error", (error) =>
    options.log.warn({ err: error }, "an idle database connection was lost"),
  );
  // A connection that is lost fails the statements under way; unheard, its error would end the process as well.
  pool.on("connect", (client) => client.on("error", () => {}));
  if (!options.isPooled) pool.on("connect", (client) => client.query(SETTINGS).catch(() => {}));
  const names = options.isPooled ? undefined : createStatementNames();
  return {
    transaction: (scope, work, more) =>
      withRetries(() =>
        runTransaction(
          { pool, types, names },
          { scope, work, snapshot: more?.snapshot === true, isSent: more?.isSent === true },
        ),
      ),
    close: () => pool.end(),
  };
}

const RETRYABLE = new Set(["40001", "40P01"]);

async function withRetries<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (isConnectionTrouble(error)) throw new Unreachable(error);
      const code = error instanceof pg.DatabaseError ? error.code : undefined;
      if (tries >= 3 || code === undefined || !RETRYABLE.has(code)) throw error;
    }
  }
}

/** NUL and halves of surrogate pairs as JSON.stringify writes them: jsonb takes neither. */
const UNSTORABLE = /(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g;

/**
 * A value for a jsonb column. (The driver would send an array as a PostgreSQL array.) Characters that jsonb can't hold,
 * NUL and halves of surrogate pairs, become U+FFFD, in keys as well.
 */
export function jsonb(value: unknown): RawBuilder<JsonValue> {
  return sql<JsonValue>`${jsonbText(value)}::jsonb`;
}

/** The text of such a value, for a statement whose own text stays the same. */
export function jsonbText(value: unknown): string {
  return (JSON.stringify(value) ?? "null").replaceAll(UNSTORABLE, "$1\\ufffd");
}

/** Whether the error is a violation of the named unique constraint or index. */
export function violates(error: unknown, constraint: string): boolean {
  return (
    error instanceof pg.DatabaseError && error.code === "23505" && error.constraint === constraint
  );
}

/** Whether an error says that a check of the database, by its name, does not hold. */
export function breaks(error: unknown, check: string): boolean {
  return error instanceof pg.DatabaseError && error.code === "23514" && error.constraint === check;
}

/** Whether a lock was not to be had within the transaction's `lock_timeout`. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === "55P03";
}

/** Whether the database answers; it throws where it does not. */
export async function isReady(db: Database): Promise<true> {
  await db.transaction({ role: "system" }, (tx) =>
    tx.selectFrom("projects").select("project_id").limit(1).execute(),
  );
  return true;
}

/**
 * Proves that row-level security binds each run-time role on every table, by asking PostgreSQL as that role.
 *
 * @throws AppError E-DB-RLS naming the role and the first table that would be open
 */
export async function assertRlsHolds(db: Database): Promise<void> {
  const scopes: Scope[] = [
    { role: "app", projects: [] },
    { role: "platform" },
    { role: "system" },
    { role: "retention", projects: [] },
  ];
  for (const scope of scopes) {
    await db.transaction(scope, async (tx) => {
      const { rows } = await sql<{ relname: string | null; bypass: boolean }>`
        select r.rolsuper or r.rolbypassrls as bypass, (
          select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where n.nspname = 'awooop' and c.relkind in ('r', 'p') and c.relname not like 'kysely_%'
            and (not row_security_active(c.oid) or not c.relforcerowsecurity
              or pg_has_role(current_user, c.relowner, 'MEMBER')) limit 1) as relname
        from pg_roles r where r.rolname = current_user`.execute(tx);
      const found = rows[0];
      if (!found || found.bypass || found.relname !== null) {
        throw new AppError(
          "E-DB-RLS",
          `Role awooop_${scope.role} would bypass row-level security${found?.relname ? ` on table ${found.relname}` : ""}. Take SUPERUSER, BYPASSRLS and the ownership of tables from it, and leave row-level security forced.`,
        );
      }
    });
  }
}
