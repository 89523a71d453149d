import { sql } from "kysely";
import pg from "pg";
import type { Tx } from "./index.ts";

/** What came of a part of a transaction: its value, or the error that undid it. */
export type Part<T> = { ok: true; value: T } | { ok: false; error: unknown };

/**
 * Does a part of a transaction that may fail by itself: what it wrote is undone then, and the rest of the transaction
 * stands.
 *
 * @throws what concerns the whole transaction: a deadlock, a lost connection, anything but data that does not fit
 */
export async function inSavepoint<T>(tx: Tx, work: () => Promise<T>): Promise<Part<T>> {
  await sql`savepoint part`.execute(tx);
  try {
    const value = await work();
    await sql`release savepoint part`.execute(tx);
    return { ok: true, value };
  } catch (error) {
    if (error instanceof pg.DatabaseError && !isOfData(error)) throw error;
    await sql`rollback to savepoint part`.execute(tx);
    await sql`release savepoint part`.execute(tx);
    return { ok: false, error };
  }
}

/** Classes 22 and 23 (PostgreSQL, appendix A): data exceptions and violated constraints. */
function isOfData(error: pg.DatabaseError): boolean {
  return error.code !== undefined && /^2[23]/.test(error.code);
}
