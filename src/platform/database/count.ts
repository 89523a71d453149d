import { type RawBuilder, sql } from "kysely";
import type { Tx } from "./index.ts";

const COUNTED_EXACTLY = 10_000;

/** How many rows a list has: exact up to 10,000, beyond it the planner's estimate. */
export interface Total {
  count: number;
  isExact: boolean;
}

/** The select whose rows are counted; the limit it is given (or nothing) belongs to its innermost parts. */
type RowsOf = (limit: RawBuilder<unknown>) => RawBuilder<unknown>;

const counted = (rowsOf: RowsOf): RawBuilder<unknown> => {
  const limit = sql`limit ${COUNTED_EXACTLY + 1}`;
  return sql`select count(*) as count from (select 1 from (${rowsOf(limit)}) found ${limit}) counted`;
};

/** How many rows a list has; counting them all would cost more than the page. */
export async function countRows(tx: Tx, rowsOf: RowsOf): Promise<Total> {
  const { rows } = await sql<{ count: number }>`${counted(rowsOf)}`.execute(tx);
  return total(tx, rows[0]?.count ?? 0, rowsOf);
}

/**
 * A page of a list and how many rows the list has, in one statement and so of one moment.
 *
 * @param list.with common table expressions that both parts use
 * @param list.page the select of the page's rows
 * @param list.order their order, by the columns of `page`
 */
export async function readCounted<R extends object>(
  tx: Tx,
  list: {
    with?: RawBuilder<unknown>;
    page: RawBuilder<R>;
    order: RawBuilder<unknown>;
    rowsOf: RowsOf;
  },
): Promise<{ rows: R[]; total: Total }> {
  const shared = list.with ? sql`with ${list.with}` : sql``;
  const { rows } = await sql<R & { list_count: number; is_row: true | null }>`
    ${shared} select page.*, total.count as list_count from (${counted(list.rowsOf)}) total
    left join (select true as is_row, page.* from (${list.page}) page) page on true
    ${list.order}`.execute(tx);
  const explained = (limit: RawBuilder<unknown>) => sql`${shared} ${list.rowsOf(limit)}`;
  return {
    rows: rows.filter((row) => row.is_row).map(({ list_count: _, is_row: __, ...row }) => row as R),
    total: await total(tx, rows[0]?.list_count ?? 0, explained),
  };
}

async function total(tx: Tx, count: number, rowsOf: RowsOf): Promise<Total> {
  if (count <= COUNTED_EXACTLY) return { count, isExact: true };
  const plan = await sql<{ "QUERY PLAN": [{ Plan: { "Plan Rows": number } }] }>`
    explain (format json) ${rowsOf(sql``)}`.execute(tx);
  const estimate = plan.rows[0]?.["QUERY PLAN"][0].Plan["Plan Rows"] ?? 0;
  return { count: Math.max(count, Math.round(estimate)), isExact: false };
}
