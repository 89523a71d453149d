import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ask,
  caller,
  openReading,
  type Reading,
  seedCall,
  seedProject,
  seedRevision,
  seedRun,
  withQuery,
} from "../../test/support/fixtures.ts";
import type { Caller } from "../identity/index.ts";
import { jsonb } from "../platform/database/index.ts";
import { runListRoutes } from "./list.ts";
import { type ListedRun, runListAnswer } from "./list-contract.ts";

let reading: Reading;
let routes: ReturnType<typeof runListRoutes>;
const acme = caller({ projects: ["acme"] });
const DAY = "2026-11-22T03:07:";

async function list(
  query: Record<string, string | number> = {},
  as: Caller = caller(),
  status = 200,
) {
  const answer = await ask(routes, withQuery("/runs", query), { caller: as });
  expect(answer.status, JSON.stringify(answer.body)).toBe(status);
  // Parsing drops what the schema does not name.
  if (status === 200) expect(answer.body).toEqual(runListAnswer.parse(answer.body));
  return answer.body;
}

const titles = (answer: { runs: ListedRun[] }) => answer.runs.map((run) => run.title);

beforeAll(async () => {
  reading = await openReading();
  routes = runListRoutes(reading);
  await reading.seed(async (tx) => {
    for (const project_id of ["acme", "globex", "many"]) {
      await seedProject(tx, { project_id });
      const { revision_id } = await seedRevision(tx, { project_id });
      const run = (second: string, given: object) =>
        seedRun(tx, { project_id, revision_id, created_at: `${DAY}${second}Z`, ...given });
      if (project_id === "acme") {
        const first = await run("01", {
          title: "a1",
          run_id: "01a1ff82-17a0-7c3e-9d2f-0123456789ab",
          trace_id: "ab".repeat(16),
          trigger_ref: "grp-1",
          cost_usd: 0.1,
          step_count: 4,
        });
        await seedCall(tx, first, { tool_name: "old", created_at: `${DAY}02Z` });
        await seedCall(tx, first, {
          tool_name: "clear_cache",
          result_status: "blocked",
          block_gate: 2,
          created_at: `${DAY}03Z`,
          verdicts: jsonb([{ gate: 1, outcome: "pass", reason: "password=hunter2" }]),
        });
        await run("02", {
          title: "a2 token=hunter2",
          state: "failed",
          completed_at: `${DAY}09Z`,
          started_at: `${DAY}02.5Z`,
          error_code: "E-DISK-FULL",
          is_shadow: true,
        });
        await run("03", { title: "a3", agent_id: "other", driver: "client", trigger_type: null });
      }
      if (project_id === "globex") {
        await run("02.5", { title: "g1" });
        await run("02", { title: "g2" });
      }
      if (project_id === "many") {
        // Groups of equal times, so that only the primary key tells them apart.
        for (let n = 0; n < 60; n++) await run(String(10 + (n % 7)), { title: `m${n}` });
      }
    }
  });
});

afterAll(async () => {
  await reading?.close();
});

describe("what a run shows", () => {
  test("all fields, in their order, with its newest call", async () => {
    const answer = await list({ project_id: "acme", q: "grp-1" });
    expect(Object.keys(answer).slice(0, 4)).toEqual(["runs", "total", "page", "per_page"]);
    expect(Object.keys(answer.runs[0]).slice(0, 9)).toEqual(
      "run_id project_id agent_id state is_shadow cost_usd step_count created_at timeout_at".split(
        " ",
      ),
    );
    expect(answer.runs[0]).toEqual({
      run_id: "01a1ff82-17a0-7c3e-9d2f-0123456789ab",
      project_id: "acme",
      agent_id: "disk-janitor",
      state: "running",
      is_shadow: false,
      cost_usd: 0.1,
      step_count: 4,
      created_at: "2026-11-22T03:07:01Z",
      timeout_at: null,
      title: "a1",
      started_at: null,
      completed_at: null,
      trigger_type: "alertmanager",
      error_code: null,
      driver: "worker",
      last_call: {
        tool_name: "clear_cache",
        result_status: "blocked",
        block_gate: 2,
        verdicts: [{ gate: 1, outcome: "pass", reason: "password=[redacted]" }],
      },
    });
  });

  test("without secrets, and null where there is nothing", async () => {
    const answer = await list({ project_id: "acme", state: "failed" });
    expect(answer.runs[0]).toMatchObject({
      title: "a2 token=[redacted]",
      last_call: null,
      started_at: "2026-11-22T03:07:02.5Z",
      error_code: "E-DISK-FULL",
    });
  });
});

describe("filters", () => {
  const [a1, a2, a3] = ["a1", "a2 token=[redacted]", "a3"];
  test.each<[Record<string, string>, (string | undefined)[]]>([
    [{}, [a3, a2, a1]],
    [{ state: "running" }, [a3, a1]],
    [{ agent_id: "other" }, [a3]],
    [{ agent_id: "Other" }, []],
    [{ is_shadow: "true" }, [a2]],
    [{ is_shadow: "false" }, [a3, a1]],
    [{ trigger_type: "alertmanager" }, [a2, a1]],
    [{ created_after: "2026-11-22T03:07:02Z" }, [a3, a2]],
    [{ created_before: "2026-11-22T03:07:02Z" }, [a1]],
    [{ created_after: "2026-11-22T11:07:03+08:00" }, [a3]],
    [{ q: "01a1ff82-17a0" }, [a1]],
    [{ q: "01A1FF82-17A0-7C3E-9D2F-0123456789AB" }, [a1]],
    [{ q: "01a" }, []],
    [{ q: "01a1ff8217a0" }, []],
    [{ q: "ab".repeat(16) }, [a1]],
    [{ q: "grp-1" }, [a1]],
    [{ q: "grp" }, []],
    [{ q: "tok" }, [a2]],
    [{ q: "E-DISK-FULL" }, [a2]],
    [{ q: "%" }, []],
    [{ q: "____-" }, []],
    [{ q: "x".repeat(400) }, []],
    [{ state: "running", agent_id: "other", is_shadow: "true" }, []],
  ])("%o", async (filter, expected) => {
    const answer = await list({ project_id: "acme", ...filter }, acme);
    expect(titles(answer)).toEqual(expected);
    expect(answer).toMatchObject({ total: expected.length, total_is_exact: true });
  });

  test.each([
    [{ state: "waiting" }, "waiting_approval"],
    [{ is_shadow: "yes" }, '"false"'],
    [{ created_after: "yesterday" }, "2026-11-22T03:07:58Z"],
    [{ created_after: "0000-01-01T00:00:00Z" }, "such as"],
    [{ created_after: "2026-01-01T00:00:00+23:59" }, "such as"],
    [{ created_before: `2026-01-01T00:00:00.${"1".repeat(60)}Z` }, "40"],
    [{ q: "a\0b" }, "NUL"],
    [{ project_id: "ac\0me" }, "NUL"],
    [{ page: 0 }, "query.page"],
    [{ page: "1e30" }, "query.page"],
    [{ page: "two" }, "query.page"],
    [{ page: "0x10" }, "query.page"],
    [{ page: "1e1" }, "plain digits"],
    [{ page: " 5" }, "query.page"],
    [{ page: "05" }, "query.page"],
    [{ page: "+5" }, "query.page"],
    [{ page: "" }, "query.page"],
    [{ limit: "5.0" }, "query.limit"],
    [{ sort: "title" }, "completed_at"],
    [{ sort: "" }, "query.sort"],
    [{ order: "DESC" }, "asc"],
    [{ per_page: 201 }, "query.per_page"],
    [{ per_page: 0 }, "query.per_page"],
    [{ limit: "1.5" }, "query.limit"],
    [{ page: 1, cursor: "x" }, "either page or cursor"],
    [{ cursor: "nonsense" }, "cursor"],
  ])("%o is refused in words", async (filter, named) => {
    expect((await list(filter, caller(), 422)).detail).toContain(named);
  });

  test.each([
    "9999-12-31T23:59:59.999999999Z",
    "0001-01-01T00:00:00Z",
    "2026-01-01T00:00:00-14:59",
    "2024-02-29T23:59:59Z",
  ])("the time %s is understood", async (at) => {
    await list({ created_after: at });
  });
});

describe("who sees what", () => {
  test("several projects are merged, newest first", async () => {
    const both = caller({ projects: ["acme", "globex", "acme"] });
    expect(titles(await list({}, both))).toEqual([
      "a3",
      "g1",
      expect.anything(),
      expect.anything(),
      "a1",
    ]);
    expect((await list({}, both)).total).toBe(5);
    expect((await list({})).total).toBe(65);
  });

  test("an invisible project looks like one that does not exist", async () => {
    const invisible = await list({ project_id: "globex" }, acme);
    expect(invisible).toEqual(await list({ project_id: "nowhere" }, acme));
    expect(invisible).toMatchObject({ runs: [], total: 0 });
    expect(titles(await list({}, acme))).toHaveLength(3);
    expect((await list({}, caller({ projects: [] }))).runs).toEqual([]);
  });

  test("an agent's key is refused", async () => {
    const agent = caller({ role: "agent", projects: ["acme"], agentId: "disk-janitor" });
    expect((await list({}, agent, 403)).code).toBe("E-FORBIDDEN");
  });
});

describe("paging", () => {
  const everything = async (query: Record<string, string | number>, as = caller()) => {
    const seen: ListedRun[] = [];
    let cursor: string | null = null;
    do {
      const page = await list(cursor === null ? query : { ...query, cursor }, as);
      seen.push(...page.runs);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return seen;
  };

  test("by cursor and by page, of any size: the same runs in the same order, none twice", async () => {
    const whole = (await list({ per_page: 200 })).runs.map((run: ListedRun) => run.run_id);
    expect(new Set(whole).size).toBe(65);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 70 }), async (size) => {
        expect((await everything({ limit: size })).map((run) => run.run_id)).toEqual(whole);
        const pages: string[] = [];
        for (let page = 1; pages.length < whole.length; page++) {
          const answer = await list({ page, per_page: size });
          expect(answer).toMatchObject({ page, per_page: size, total: 65 });
          pages.push(...answer.runs.map((run: ListedRun) => run.run_id));
        }
        expect(pages).toEqual(whole);
      }),
      { numRuns: 8, seed: 7 },
    );
  });

  test("a page beyond the end is empty; the cursor of the last page is null", async () => {
    expect(await list({ page: 900_000 })).toMatchObject({ runs: [], total: 65, next_cursor: null });
    expect((await list({ project_id: "acme", limit: 3 })).next_cursor).toBeNull();
  });

  test("following the cursor counts the pages on", async () => {
    const first = await list({ limit: 20 });
    expect(await list({ limit: 20, cursor: first.next_cursor })).toMatchObject({
      page: 2,
      per_page: 20,
    });
  });

  test("a cursor serves only its list, filters and caller", async () => {
    const { next_cursor: cursor } = await list({ project_id: "many", limit: 5 });
    await list({ project_id: "many", limit: 9, cursor });
    for (const [query, as] of [
      [{ project_id: "acme", cursor }, caller()],
      [{ project_id: "many", state: "running", cursor }, caller()],
      [{ project_id: "many", cursor }, caller({ keyId: "k2" })],
      [{ project_id: "many", cursor: `${cursor.slice(0, -2)}AA` }, caller()],
    ] as const) {
      expect((await list(query, as, 422)).code).toBe("E-CURSOR");
    }
  });

  // The last of this file: it adds a run.
  test("a run that arrives meanwhile moves nothing for a cursor", async () => {
    const first = await list({ project_id: "globex", limit: 1 });
    await reading.seed(async (tx) => {
      const { revision_id } = await seedRevision(tx, {
        project_id: "globex",
        version_minor: 4,
        lifecycle_status: "draft",
      });
      await seedRun(tx, { project_id: "globex", revision_id, title: "newer" });
    });
    const page = await list({ project_id: "globex", limit: 1, cursor: first.next_cursor });
    expect(titles(page)).toEqual(["g2"]);
    expect(titles(await list({ project_id: "globex" }))).toEqual(["newer", "g1", "g2"]);
  });
});
