import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { createCursors } from "./cursor.ts";
import { openPage } from "./page.ts";

const cursors = createCursors(new Uint8Array(32).fill(7));
const position: z.ZodType<[number]> = z.tuple([z.number().int()]);

/** A list of numbers in rising order, read as a table would be. */
function pageOf(list: readonly number[], limit: number, cursor?: string, binding = "list") {
  const { place, cut } = openPage(cursors, { binding, cursor, limit, position });
  const [beyond] = place.beyond ?? [];
  const ahead = list.filter((n) => beyond === undefined || (place.back ? n < beyond : n > beyond));
  if (place.back) ahead.reverse();
  return cut(ahead.slice(0, limit + 1), (n) => [n]);
}

describe("pages of a list", () => {
  const sorted = fc
    .uniqueArray(fc.integer({ min: 0, max: 500 }), { maxLength: 40 })
    .map((list) => list.sort((a, b) => a - b));

  test("on and back again: every row once, in order, in both directions", () => {
    fc.assert(
      fc.property(sorted, fc.integer({ min: 1, max: 12 }), (list, limit) => {
        const pages: number[][] = [];
        let page = pageOf(list, limit);
        expect(page.prev_cursor).toBeNull();
        pages.push(page.rows);
        while (page.next_cursor !== null) {
          page = pageOf(list, limit, page.next_cursor);
          pages.push(page.rows);
        }
        expect(pages.flat()).toEqual(list);
        const backwards = [page.rows];
        while (page.prev_cursor !== null) {
          page = pageOf(list, limit, page.prev_cursor);
          backwards.unshift(page.rows);
        }
        expect(backwards).toEqual(pages);
        expect(page.next_cursor === null).toBe(pages.length === 1);
      }),
    );
  });

  test("rows that appear or vanish between two pages move none of the others", () => {
    const first = pageOf([10, 20, 30, 40], 2);
    const second = pageOf([5, 10, 15, 30, 35, 40], 2, first.next_cursor ?? "");
    expect(second.rows).toEqual([30, 35]);
    const back = pageOf([5, 10, 15, 30, 35, 40], 2, second.prev_cursor ?? "");
    expect(back.rows).toEqual([10, 15]);
    expect(pageOf([5, 10, 15, 30, 35, 40], 2, back.prev_cursor ?? "")).toEqual({
      rows: [5],
      next_cursor: expect.any(String),
      prev_cursor: null,
    });
  });

  test("a page that has nothing on it any more leads nowhere", () => {
    const { next_cursor } = pageOf([1, 2], 1);
    const empty = { rows: [], next_cursor: null, prev_cursor: null };
    expect(pageOf([1], 1, next_cursor ?? "")).toEqual(empty);
  });

  test("a cursor that holds something else is refused, although it is signed", () => {
    for (const held of [[], [5], [0], [0, "5"], [0, 1.5], [2, 5], ["0", 5], [0, 5, 6]]) {
      const cursor = cursors.encode("list", held);
      expect(() => pageOf([1], 1, cursor), JSON.stringify(held)).toThrow(AppError);
    }
    expect(pageOf([4, 6], 1, cursors.encode("list", [0, 5])).rows).toEqual([6]);
    expect(() => pageOf([1], 1, cursors.encode("list", [0, 5]), "other")).toThrow(/cursor/);
  });
});
