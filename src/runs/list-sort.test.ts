import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  askFor,
  openReading,
  type Reading,
  seedProject,
  seedRevision,
  seedRun,
  withQuery,
} from "../../test/support/fixtures.ts";
import { runListRoutes } from "./list.ts";
import { runListAnswer } from "./list-contract.ts";

const SORTS = ["created_at", "completed_at", "timeout_at", "cost_usd"] as const;
const STATES = ["running", "failed", "completed"];
const at = (second: number) => `2026-11-22T03:07:${String(second).padStart(2, "0")}Z`;

interface Known {
  run_id: string;
  project_id: string;
  state: string;
  error_code: string | null;
  created_at: string;
  completed_at: string | null;
  timeout_at: string | null;
  cost_usd: number;
}

let reading: Reading;
let routes: ReturnType<typeof runListRoutes>;
const known: Known[] = [];

beforeAll(async () => {
  reading = await openReading();
  routes = runListRoutes(reading);
  await reading.seed(async (tx) => {
    for (const project_id of ["acme", "globex"]) {
      await seedProject(tx, { project_id });
      const { revision_id } = await seedRevision(tx, { project_id });
      // Few different values, so that only the primary key tells most of them apart.
      for (let n = 0; n < 45; n++) {
        const state = STATES[n % 3] as string;
        const row = await seedRun(tx, {
          project_id,
          revision_id,
          state,
          title: n % 2 ? "Disk almost full" : "Certificate expired",
          error_code: n % 5 ? null : "E-DISK",
          created_at: at(n % 7),
          completed_at: state === "running" ? null : at(20 + (n % 4)),
          timeout_at: n % 4 ? at(40 + (n % 5)) : null,
          cost_usd: (n % 6) * 0.1,
        });
        known.push(row as Known);
      }
    }
  });
});

afterAll(async () => {
  await reading?.close();
});

type Query = Record<string, string | number>;
const list = (query: Query) => askFor(routes, withQuery("/runs", query), runListAnswer);

/** What stands for a run's place in an order, as a text that sorts like it. */
function placeOf(run: Known, sort: (typeof SORTS)[number]): string {
  const key = sort === "cost_usd" ? run.cost_usd.toFixed(6) : (run[sort] ?? "infinity");
  return `${key} ${run.run_id}`;
}

function expected(sort: (typeof SORTS)[number], order: string, fits: (run: Known) => boolean) {
  const sorted = known.filter(fits).map((run) => placeOf(run, sort));
  sorted.sort();
  if (order === "desc") sorted.reverse();
  return sorted.map((place) => place.split(" ")[1]);
}

const FILTERS: [Query, (run: Known) => boolean][] = [
  [{}, () => true],
  [{ project_id: "acme" }, (run) => run.project_id === "acme"],
  [{ state: "running" }, (run) => run.state === "running"],
  [{ q: "E-DISK" }, (run) => run.error_code === "E-DISK"],
  [{ q: "almost" }, (run) => (known.indexOf(run) % 45) % 2 === 1],
  [
    { q: "disk full", state: "failed", created_after: at(3), project_id: "globex" },
    (run) =>
      (known.indexOf(run) % 45) % 2 === 1 &&
      run.state === "failed" &&
      run.created_at >= at(3) &&
      run.project_id === "globex",
  ],
];

describe("every order, with every filter", () => {
  const orders = SORTS.flatMap((sort) => ["asc", "desc"].map((order) => [sort, order] as const));

  test.each(orders)("by %s %s: on, back, and by number the same runs", async (sort, order) => {
    for (const [filter, fits] of FILTERS) {
      const whole = expected(sort, order, fits);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 4, max: 50 }), async (limit) => {
          const query = { ...filter, sort, order, limit };
          let page = await list(query);
          const there = [page];
          for (; page.next_cursor !== null; there.push(page)) {
            page = await list({ ...query, cursor: page.next_cursor });
          }
          const back = [page];
          for (; page.prev_cursor !== null; back.unshift(page)) {
            page = await list({ ...query, cursor: page.prev_cursor });
          }
          for (const pages of [there, back]) {
            expect(pages.flatMap(({ runs }) => runs.map(({ run_id }) => run_id))).toEqual(whole);
            expect(pages.map((one) => one.page)).toEqual(pages.map((_, n) => n + 1));
          }
          const second = await list({ ...filter, sort, order, page: 2, per_page: limit });
          expect(second.runs.map(({ run_id }) => run_id)).toEqual(whole.slice(limit, 2 * limit));
          expect(second).toMatchObject({ total: whole.length, total_is_exact: true });
          const { prev_cursor } = second;
          if (prev_cursor === null) return;
          expect((await list({ ...query, cursor: prev_cursor })).runs).toEqual(there[0]?.runs);
        }),
        { numRuns: 3, seed: 11 },
      );
    }
  });

  test("newest first is what is meant when nothing is said", async () => {
    const { runs } = await list({ per_page: 200 });
    expect(runs.map(({ run_id }) => run_id)).toEqual(expected("created_at", "desc", () => true));
  });

  test("what has no end or deadline yet is still to come", async () => {
    const running = await list({ sort: "completed_at", limit: 30 });
    expect(running.runs.every((run) => run.completed_at === null)).toBe(true);
    const endless = await list({ sort: "timeout_at", order: "asc", limit: 66 });
    expect(endless.runs.every((run) => run.timeout_at !== null)).toBe(true);
  });

  test("a cursor serves only its order", async () => {
    const { next_cursor: cursor } = await list({ sort: "cost_usd", limit: 5 });
    const others: Query[] = [{ sort: "created_at" }, { sort: "cost_usd", order: "asc" }];
    for (const other of others) {
      await expect(list({ ...other, limit: 5, cursor: cursor ?? "" })).rejects.toThrow("E-CURSOR");
    }
  });
});
