import { type RawBuilder, sql } from "kysely";
import type { Tx } from "./index.ts";

const COUNTED_EXACTLY = 10_000;

/** How many rows a list has: exact up to 10,000; beyond it the planner's estimate, for counting them would cost too much. */
export interface Total {
  count: number;
  isExact: boolean;
}

/** What is counted. */
interface Counted {
  /** The table that the rows are of. */
  table: string;
  /** The select whose rows are counted; the limit it is given (or nothing) belongs to its innermost parts. */
  rowsOf: (limit: RawBuilder<unknown>) => RawBuilder<unknown>;
  /** Common table expressions that it uses. */
  with?: RawBuilder<unknown>;
  /** The part of the rows that the planner has statistics of, if not of all. */
  known?: RawBuilder<unknown>;
}

const limit = sql.raw(`limit ${COUNTED_EXACTLY + 1}`);
const counted = (list: Counted) =>
  sql`select count(*) as list_count from (select 1 from (${list.rowsOf(limit)}) found ${limit}) counted`;

/**
 * A page of a list and how many rows the list has, in one statement and so of one moment.
 *
 * @param list.page the select of the page's rows
 * @param list.order their order, by the columns of `page`
 */
export async function readCounted<R extends object>(
  tx: Tx,
  list: Counted & { page: RawBuilder<R>; order: RawBuilder<unknown> },
): Promise<{ rows: R[]; total: Total }> {
  const { rows } = await sql<R & { list_count: number; is_row: true | null }>`
    ${withOf(list)} select page.*, total.list_count
    from (${counted(list)}) total
    left join (select true as is_row, page.* from (${list.page}) page) page on true
    ${list.order}`.execute(tx);
  return {
    rows: rows.filter((row) => row.is_row).map(({ list_count: _, is_row: __, ...row }) => row as R),
    total: await totalOf(tx, rows[0]?.list_count ?? 0, list),
  };
}

async function totalOf(tx: Tx, count: number, list: Counted): Promise<Total> {
  if (count <= COUNTED_EXACTLY) return { count, isExact: true };
  return { count: Math.max(count, await estimate(tx, list)), isExact: false };
}

const withOf = (list: Counted) => (list.with ? sql`with ${list.with}` : sql``);

/**
 * The planner knows the filters' statistics, and nothing about a policy's list of projects, which it takes for a filter
 * like any other. How much it has taken off for it shows in what it expects of the whole table.
 */
async function estimate(tx: Tx, list: Counted): Promise<number> {
  const [wanted, visible, all] = await Promise.all([
    expectedRows(tx, list.known ?? list.rowsOf(sql``)),
    expectedRows(tx, sql`select 1 from ${sql.table(list.table)}`),
    sql<{ rows: number }>`
      select reltuples as rows from pg_class where oid = ${list.table}::regclass`.execute(tx),
  ]);
  return Math.round((wanted * Math.max(all.rows[0]?.rows ?? 0, visible)) / Math.max(visible, 1));
}

async function expectedRows(tx: Tx, select: RawBuilder<unknown>): Promise<number> {
  const plan = await sql<{ "QUERY PLAN": [{ Plan: { "Plan Rows": number } }] }>`
    explain (format json) ${select}`.execute(tx);
  return plan.rows[0]?.["QUERY PLAN"][0].Plan["Plan Rows"] ?? 0;
}
