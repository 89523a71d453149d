import { type RawBuilder, sql } from "kysely";
import type { Tx } from "../platform/database/index.ts";

/** Where a pass through what is due has come to: the time and id of the last thing it looked at. */
export interface Place {
  at: string;
  id: string;
}

/** What one transaction is to deal with. */
export interface Batch {
  projectId: string;
  /** What is older is due. */
  days: number;
  /** How many things it may look at. */
  size: number;
  /** Begin behind it; undefined at the beginning of a pass. */
  after: Place | undefined;
}

export interface Dealt {
  /** How many of what were erased or deleted. */
  counts: Readonly<Record<string, number>>;
  /** Where the next batch begins. */
  next: Place | undefined;
  /** Nothing more is due behind that. */
  done: boolean;
}

/** Deals with one batch in the caller's transaction, which has the rights of the role `retention`. */
export type Work = (tx: Tx, batch: Batch) => Promise<Dealt>;

/** A row that is due. */
export interface Due {
  at: string;
  id: string;
}

/** The moment before which things are due, by the clock of the database at the transaction's start. */
export function dueBefore({ days }: Batch): RawBuilder<string> {
  return sql`(now() - make_interval(days => ${days}::int))`;
}

/** The condition that a row stands behind the place the pass has come to, in the order of an index. */
export function behind(
  { after }: Batch,
  at: RawBuilder<unknown>,
  id: RawBuilder<unknown>,
): RawBuilder<boolean> {
  return after === undefined
    ? sql`true`
    : sql`(${at}, ${id}) > (${after.at}::timestamptz, ${after.id}::uuid)`;
}

/** Where the next batch begins: behind the last row that was dealt with; done when there were fewer than asked for. */
export function passed(
  { size }: Batch,
  found: readonly Due[],
  dealtWith: number = found.length,
): Pick<Dealt, "next" | "done"> {
  return { next: found[dealtWith - 1], done: dealtWith === found.length && found.length < size };
}

/** How many rows a statement touched. */
export async function countOf(tx: Tx, statement: RawBuilder<unknown>): Promise<number> {
  const { numAffectedRows } = await statement.execute(tx);
  return Number(numAffectedRows ?? 0);
}
