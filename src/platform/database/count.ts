import { type RawBuilder, sql } from "kysely";
import type { Tx } from "./index.ts";

const COUNTED_EXACTLY = 10_000;

/**
 * How many rows a list has: exact up to 10,000, beyond it the planner's estimate, for counting them all would cost more
 * than the page.
 *
 * @param rowsOf the select whose rows are counted; the limit it is given (or nothing) belongs to its innermost part
 */
export async function countRows(
  tx: Tx,
  rowsOf: (limit: RawBuilder<unknown>) => RawBuilder<unknown>,
): Promise<{ count: number; isExact: boolean }> {
  const limit = sql`limit ${COUNTED_EXACTLY + 1}`;
  const { rows } = await sql<{ count: number }>`
    select count(*) from (select 1 from (${rowsOf(limit)}) found ${limit}) counted`.execute(tx);
  const count = rows[0]?.count ?? 0;
  if (count <= COUNTED_EXACTLY) return { count, isExact: true };
  const plan = await sql<{ "QUERY PLAN": [{ Plan: { "Plan Rows": number } }] }>`
    explain (format json) ${rowsOf(sql``)}`.execute(tx);
  const estimate = plan.rows[0]?.["QUERY PLAN"][0].Plan["Plan Rows"] ?? 0;
  return { count: Math.max(count, Math.round(estimate)), isExact: false };
}
