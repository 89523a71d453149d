import { type RawBuilder, sql } from "kysely";
import { readCounted, type Total } from "./count.ts";
import type { Tx } from "./index.ts";
import { type Direction, directionOf, inOrder, isBeyond, limitOf } from "./seek.ts";

/** A list of rows that lie in several projects. */
export interface List {
  /** The table that the rows are of. */
  table: string;
  /** The projects, as a table `p`. */
  projects: RawBuilder<unknown>;
  /** What follows `select`. */
  columns: RawBuilder<unknown>;
  /** What follows `from`: with a condition for the project `p.project_id` that an index serves. */
  from: RawBuilder<unknown>;
  /** What it is sorted by: columns of the answer, and what they are in `from`. They end in the primary key. */
  by: Readonly<Record<string, RawBuilder<unknown>>>;
  order: Direction;
}

/**
 * A page of a list and one row more, in the direction it is read in, with how many rows the list has. Each project gives
 * its first rows from its own index, then the first of those are taken: sorting all rows of all projects would cost a
 * hundred times as much.
 */
export function readList<R extends object>(
  tx: Tx,
  list: List,
  place: { limit: number; back: boolean; beyond: readonly (string | number)[] | undefined },
): Promise<{ rows: R[]; total: Total }> {
  const direction = directionOf(list.order, place.back);
  const inner = Object.values(list.by);
  const order = inOrder(Object.keys(list.by).map(sql.ref), direction);
  const size = place.limit + 1;
  return readCounted<R>(tx, {
    table: list.table,
    page: sql<R>`
      select first.* from ${list.projects} cross join lateral (
        select ${list.columns} from ${list.from} and ${isBeyond(inner, direction, place.beyond)}
        ${inOrder(inner, direction)} ${limitOf(size)}
      ) first
      ${order} limit ${size}`,
    order,
    rowsOf: (most) => sql`
      select 1 from ${list.projects} cross join lateral (select 1 from ${list.from} ${most}) matching`,
  });
}

/**
 * Has the statements of this transaction that follow planned for the values they carry. Worth it where a plan that suits
 * some values reads far too much for others: a filter in an order that its index does not have, a prefix, words.
 */
export async function planForValues(tx: Tx): Promise<void> {
  await sql`set local plan_cache_mode = force_custom_plan`.execute(tx);
}
