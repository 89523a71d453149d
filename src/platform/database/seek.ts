import { type RawBuilder, sql } from "kysely";

/** Which way a list is read. */
export type Direction = "asc" | "desc";

/** The direction of a list's order, turned round for a page that is read back. */
export function directionOf(order: Direction, back: boolean): Direction {
  return (order === "asc") === back ? "desc" : "asc";
}

/** `order by` these columns, which end in the primary key. */
export function inOrder(
  columns: readonly RawBuilder<unknown>[],
  direction: Direction,
): RawBuilder<unknown> {
  return sql`order by ${sql.join(columns.map((column) => sql`${column} ${sql.raw(direction)}`))}`;
}

/** The condition for rows beyond a position in that order; an index on the columns goes straight to it. */
export function isBeyond(
  columns: readonly RawBuilder<unknown>[],
  direction: Direction,
  position: readonly (string | number)[] | undefined,
): RawBuilder<unknown> {
  if (position === undefined) return sql`true`;
  const sign = sql.raw(direction === "asc" ? ">" : "<");
  return sql`(${sql.join(columns)}) ${sign} (${sql.join(position)})`;
}

const PAGE_SIZES = [51, 101, 201];

/**
 * A `limit` for at least this many rows, to be cut exactly further out. A number that stands in the statement itself tells
 * the planner that few rows are wanted; there are few such numbers, so that there are few such statements.
 */
export function limitOf(rows: number): RawBuilder<unknown> {
  const size = PAGE_SIZES.find((most) => rows <= most);
  return size === undefined ? sql`limit ${rows}` : sql.raw(`limit ${size}`);
}
