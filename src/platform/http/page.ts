import { z } from "zod";
import { type Cursors, foreignCursor } from "./cursor.ts";

/** Where a page of a list begins. */
export interface Place<P> {
  /** How many rows it has at most; one more is read, to know whether there is more. */
  limit: number;
  /** How many rows of the list are passed over first; only where pages are asked for by number. */
  offset: number;
  /** The row next to the page, which is not on it; undefined: the list's first page, or a numbered one. */
  beyond: P | undefined;
  /** Whether the page is read from `beyond` back towards the list's beginning, against its order. */
  back: boolean;
}

/** What a cut page has beside its rows; `prev_cursor` is null on a list's first page, `next_cursor` on its last. */
export interface Page<R> {
  rows: R[];
  next_cursor: string | null;
  prev_cursor: string | null;
}

/** One request for a page of a list. */
export interface Paging<P> {
  place: Place<P>;
  /**
   * The page out of the rows that were read: one more than fit, in the direction they were read in.
   *
   * @param positionOf what a cursor at this row has to hold; `step` is 1 when it leads on and -1 when it leads back
   */
  cut<R>(read: readonly R[], positionOf: (row: R, step: 1 | -1) => P): Page<R>;
}

/** What the cursors of a list hold that is sorted by a time and then by an id. */
export type TimeAndId = [time: string, id: string];
export const timeAndId: z.ZodType<TimeAndId> = z.tuple([z.iso.datetime(), z.uuid()]);

const ON = 0;
const BACK = 1;

/**
 * Reads a request's cursor, and gives out those of its answer.
 *
 * @param asked.binding what the cursor must be used with again: list, filters, order, caller
 * @param asked.position the shape of what the list's cursors hold
 * @throws AppError E-CURSOR when it was changed, or made for another list, filter or caller
 */
export function openPage<P extends readonly (string | number)[]>(
  cursors: Cursors,
  asked: {
    binding: unknown;
    cursor: string | undefined;
    limit: number;
    offset?: number;
    position: z.ZodType<P>;
  },
): Paging<P> {
  const { binding, limit, offset = 0 } = asked;
  const from = asked.cursor === undefined ? undefined : decode(cursors, asked, asked.cursor);
  const place = { limit, offset, beyond: from?.position, back: from?.back ?? false };
  return {
    place,
    cut(read, positionOf) {
      const hasMore = read.length > limit;
      const rows = read.slice(0, limit);
      if (place.back) rows.reverse();
      const hasBefore = place.back ? hasMore : from !== undefined || offset > 0;
      const hasAfter = place.back || hasMore;
      const cursorAt = (row: (typeof rows)[number] | undefined, has: boolean, step: 1 | -1) =>
        row === undefined || !has
          ? null
          : cursors.encode(binding, [step === 1 ? ON : BACK, ...positionOf(row, step)]);
      return {
        rows,
        next_cursor: cursorAt(rows.at(-1), hasAfter, 1),
        prev_cursor: cursorAt(rows[0], hasBefore, -1),
      };
    },
  };
}

const direction = z.union([z.literal(ON), z.literal(BACK)]);

function decode<P extends readonly (string | number)[]>(
  cursors: Cursors,
  { binding, position }: { binding: unknown; position: z.ZodType<P> },
  cursor: string,
): { back: boolean; position: P } {
  const [step, ...rest] = cursors.decode(binding, cursor);
  const read = z.object({ step: direction, position }).safeParse({ step, position: rest });
  // Signed, and yet of another shape: an earlier version of the server gave it out.
  if (!read.success) throw foreignCursor();
  return { back: read.data.step === BACK, position: read.data.position };
}
