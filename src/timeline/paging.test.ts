import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ask,
  caller,
  openReading,
  type Reading,
  seedProject,
  seedRevision,
  seedRun,
  withQuery,
} from "../../test/support/fixtures.ts";
import type { Tx } from "../platform/database/index.ts";
import { runAnswer, type TimelineItem, timelineAnswer } from "./contract.ts";
import { timelineRoutes } from "./index.ts";
import { readTimeline } from "./timeline-query.ts";

const COUNTS = {
  steps: 330,
  decisions: 12,
  mcp_calls: 400,
  messages: 120,
  events: 100,
  changes: 37,
};
/** And the creation. */
const ITEMS = 1_000;

const RANKS = ["run", "inbound", "step", "approval", "mcp", "outbound"];

let reading: Reading;
let routes: ReturnType<typeof timelineRoutes>;
let runId: string;
let emptyRunId: string;
let hugeRunId: string;
let whole: string[];

/** Many rows in few different moments, so that most neighbours have equal times. */
async function fill(tx: Tx, run: { project_id: string; run_id: string }, from = 0): Promise<void> {
  const moment = sql`'2026-11-22T03:07:00Z'::timestamptz
    + make_interval(secs => ${from}::int + ((n - ${from}::int) * 7919 % 97) / 10.0)`;
  const ids = sql`${run.project_id}, ${run.run_id}::uuid`;
  const rows = (count: number) =>
    sql`from generate_series(${from + 1}::int, ${from + count}::int) as n`;
  await sql`insert into run_steps (project_id, run_id, step_id, step_seq, step_key, kind, tool_name, result_status, created_at)
    select ${ids}, gen_random_uuid(), n, 'step_' || n, 'tool_call', case when n - ${from}::int <= ${COUNTS.decisions} then
      'operator_console.approve' else 'tail_log' end, 'success', ${moment}
    ${rows(COUNTS.steps + COUNTS.decisions)}`.execute(tx);
  await sql`insert into mcp_calls (project_id, run_id, call_id, call_key, tool_name, args_hash, effect, is_shadow,
      result_status, created_at)
    select ${ids}, gen_random_uuid(), 'k', 'tail_log', repeat('0', 64), 'read', false, 'success', ${moment}
    ${rows(COUNTS.mcp_calls)}`.execute(tx);
  await sql`insert into outbound_messages (project_id, run_id, message_id, channel_type, channel_id, message_type, content,
      send_status, queued_at, sent_at)
    select ${ids}, gen_random_uuid(), 'slack', 'ops', 'interim', '{}', 'sent', ${moment},
      case when n % 2 = 0 then ${moment} + interval '1 second' end
    ${rows(COUNTS.messages)}`.execute(tx);
  await sql`insert into channel_events (project_id, run_id, event_id, channel_type, channel_id, provider_event_id, payload,
      received_at)
    select ${ids}, gen_random_uuid(), 'webhook', ${run.run_id}, 'e' || n, '{}', ${moment}
    ${rows(COUNTS.events)}`.execute(tx);
  await sql`insert into run_transitions (project_id, run_id, transition_id, from_state, to_state, event, actor_kind,
      actor_id, at)
    select ${ids}, gen_random_uuid(), 'waiting_approval', 'running', 'resume', 'key', 'op-1', ${moment}
    ${rows(COUNTS.changes)}`.execute(tx);
}

beforeAll(async () => {
  reading = await openReading();
  routes = timelineRoutes(reading);
  await reading.seed(async (tx) => {
    await seedProject(tx, { project_id: "acme" });
    const { revision_id } = await seedRevision(tx, { project_id: "acme" });
    const run = () =>
      seedRun(tx, { project_id: "acme", revision_id, created_at: "2026-11-22T03:06:00Z" });
    const long = await run();
    runId = long.run_id;
    emptyRunId = (await run()).run_id;
    hugeRunId = (await run()).run_id;
    await fill(tx, long);
  });
  whole = (await walk({ limit: 200 })).map((item) => item.id);
});

afterAll(() => reading?.close());

type Query = Record<string, string | number>;

async function page(query: Query, as = caller(), of = runId) {
  const answer = await ask(routes, withQuery(`/runs/${of}/timeline`, query), { caller: as });
  if (answer.status === 200) expect(answer.body).toEqual(timelineAnswer.parse(answer.body));
  return answer.body;
}

/** Follows one kind of cursor to its end. */
async function walk(query: Query, way: "next_cursor" | "prev_cursor" = "next_cursor") {
  const items: TimelineItem[] = [];
  for (let answer = await page(query); ; answer = await page({ ...query, cursor: answer[way] })) {
    items.splice(way === "next_cursor" ? items.length : 0, 0, ...answer.items);
    if (answer[way] === null) return items;
  }
}

const idsOf = (items: readonly TimelineItem[]) => items.map((item) => item.id);

test("the whole run: every item once, oldest first", () => {
  expect(whole).toHaveLength(ITEMS);
  expect(new Set(whole).size).toBe(ITEMS);
});

test("times never go back, and of one time the kinds keep the order of their table", async () => {
  const places = (await walk({ limit: 200 })).map(
    (item) => [item.ts, RANKS.indexOf(item.kind)] as const,
  );
  const sorted = places.toSorted(([a, x], [b, y]) => Date.parse(a) - Date.parse(b) || x - y);
  expect(places).toEqual(sorted);
});

test("around any item, in either order: it is on the page, which goes on both ways without a gap", async () => {
  const oldestFirst = (order: string, ids: string[]) => (order === "asc" ? ids : ids.toReversed());
  for (const order of ["asc", "desc"]) {
    for (const at of [0, 1, 499, 777, ITEMS - 1]) {
      const id = whole[at] ?? "";
      const first = await page({ around: id, limit: 40, order });
      const here = idsOf(first.items);
      expect(here).toContain(id);
      expect(first.total).toBe(ITEMS);
      const all = [...here];
      for (const way of ["next_cursor", "prev_cursor"] as const) {
        if (first[way] === null) continue;
        const more = idsOf(await walk({ limit: 200, order, cursor: first[way] }, way));
        all.splice(way === "next_cursor" ? all.length : 0, 0, ...more);
      }
      expect(oldestFirst(order, all)).toEqual(whole);
    }
  }
  const half = await page({ around: whole[499] ?? "", limit: 40 });
  expect(idsOf(half.items).indexOf(whole[499] ?? "")).toBe(20);
});

test("around what the run does not have there is nothing", async () => {
  const other = await page({ limit: 1 }, caller(), emptyRunId);
  const absent = ["mcp:01a1ff82-17a0-7c3e-9d2f-0123456789ab", "run:ended", "nonsense", ":"];
  for (const around of absent) expect((await page({ around })).code).toBe("E-NOT-FOUND");
  expect((await page({ around: whole[0] ?? "", cursor: "x" })).errors[0].code).toBe(
    "around_or_cursor",
  );
  expect(other.items).toHaveLength(1);
});

test("any page size, any order, any kind, there and back: no gap and none twice", async () => {
  const kinds = fc.constantFrom(undefined, "run", "inbound", "step", "approval", "mcp", "outbound");
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 7, max: 200 }),
      fc.constantFrom("asc", "desc"),
      kinds,
      async (limit, order, kind) => {
        const query = { limit, order, ...(kind === undefined ? {} : { kind }) };
        const there = await walk(query);
        const expected = kind === undefined ? ITEMS : there.length;
        expect(there.every((item) => kind === undefined || item.kind === kind)).toBe(true);
        expect((await page(query)).total).toBe(expected);
        const ids = idsOf(there);
        const ofKind = new Set(ids);
        const sorted = whole.filter((id) => ofKind.has(id));
        expect(ids).toEqual(order === "asc" ? sorted : sorted.toReversed());

        // To the last page, and from there back to the first.
        let last = await page(query);
        while (last.next_cursor) last = await page({ ...query, cursor: last.next_cursor });
        const before = last.prev_cursor ? await walkBack(query, last.prev_cursor) : [];
        expect([...idsOf(before), ...idsOf(last.items)]).toEqual(ids);
      },
    ),
    { numRuns: 12, seed: 11 },
  );
});

async function walkBack(query: Query, from: string): Promise<TimelineItem[]> {
  return walk({ ...query, cursor: from }, "prev_cursor");
}

test("in descending order it opens at the end, with nothing before it", async () => {
  const end = await page({ order: "desc", limit: 5 });
  expect(idsOf(end.items)).toEqual(whole.slice(-5).reverse());
  expect(end.prev_cursor).toBeNull();
  const older = await page({ order: "desc", limit: 5, cursor: end.next_cursor });
  expect(idsOf(older.items)).toEqual(whole.slice(-10, -5).reverse());
  const back = await page({ order: "desc", limit: 5, cursor: older.prev_cursor });
  expect(idsOf(back.items)).toEqual(idsOf(end.items));
  expect(back.prev_cursor).toBeNull();
  expect(back.next_cursor).not.toBeNull();
});

test("kinds add up to the whole", async () => {
  const totals = await Promise.all(
    ["run", "inbound", "step", "approval", "mcp", "outbound"].map(
      async (kind) => (await page({ kind, limit: 1 })).total,
    ),
  );
  expect(totals).toEqual([
    1 + COUNTS.changes,
    COUNTS.events,
    COUNTS.steps,
    COUNTS.decisions,
    COUNTS.mcp_calls,
    COUNTS.messages,
  ]);
});

test("a run of one item", async () => {
  expect(await page({}, caller(), emptyRunId)).toMatchObject({
    items: [{ id: "run:created" }],
    next_cursor: null,
    prev_cursor: null,
    total: 1,
  });
});

test("the run's page carries the first hundred of each list and says what it cut", async () => {
  const answer = runAnswer.parse((await ask(routes, `/runs/${runId}`)).body);
  expect(idsOf(answer.timeline)).toEqual(whole.slice(0, 100));
  expect(answer.steps.map((step) => step.step_seq)).toEqual(
    Array.from({ length: 100 }, (_, at) => at + 1),
  );
  expect(answer.counts).toEqual({
    steps: COUNTS.steps + COUNTS.decisions,
    inbound_events: COUNTS.events,
    outbound_messages: COUNTS.messages,
    mcp_calls: COUNTS.mcp_calls,
    timeline: ITEMS,
  });
  expect(answer.truncated).toEqual({
    steps: true,
    inbound_events: false,
    outbound_messages: true,
    mcp_calls: true,
    timeline: true,
  });
});

test("a page brings the records behind its items when they are asked for, and no others", async () => {
  const { items, records } = await page({ order: "desc", limit: 40, records: "true" });
  const idsIn = {
    step: records.steps.map((row: { step_id: string }) => row.step_id),
    inbound: records.inbound_events.map((row: { event_id: string }) => row.event_id),
    mcp: records.mcp_calls.map((row: { call_id: string }) => row.call_id),
    outbound: records.outbound_messages.map((row: { message_id: string }) => row.message_id),
  };
  const found = Object.entries(idsIn).flatMap(([kind, ids]) =>
    ids.map((id: string) => `${kind}:${id}`),
  );
  const expected = idsOf(items).filter((id) => !id.startsWith("run:"));
  expect(found.toSorted()).toEqual(expected.toSorted());
  expect(await page({ limit: 1 })).toMatchObject({ records: null });
});

describe("cursors", () => {
  test("serve only their run, order, kind and caller", async () => {
    const { next_cursor: cursor } = await page({ limit: 5 });
    expect((await page({ limit: 50, cursor })).items).toHaveLength(50);
    const moved = [
      await page({ cursor, order: "desc" }),
      await page({ cursor, kind: "mcp" }),
      await page({ cursor }, caller({ keyId: "k2" })),
      await page({ cursor }, caller(), emptyRunId),
      await page({ cursor: `${cursor.slice(0, -3)}AAA` }),
    ];
    for (const answer of moved) expect(answer).toMatchObject({ status: 422, code: "E-CURSOR" });
  });

  test.each([
    [{ kind: "calls" }, '"outbound"'],
    [{ order: "up" }, '"desc"'],
    [{ limit: 201 }, "query.limit"],
    [{ limit: 0 }, "query.limit"],
  ])("%o is refused in words", async (query, named) => {
    const answer = await page(query);
    expect(answer).toMatchObject({ status: 422, code: "E-INPUT" });
    expect(answer.detail).toContain(named);
  });
});

test("a page of a long run reads few of its rows, as PostgreSQL counts them", async () => {
  const many = 10_000;
  const run = { project_id: "acme", run_id: hugeRunId, trigger_ref: "e1" };
  await reading.seed(async (tx) => {
    for (let part = 0; part < many; part += 1_000) await fill(tx, run, part);
    await sql`set local role awooop_owner`.execute(tx);
    await sql`analyze run_steps, mcp_calls, channel_events`.execute(tx);
  });
  const tables = ["run_steps", "mcp_calls", "channel_events"];
  await reading.seed(async (tx) => {
    const rowsRead = async () => {
      const { rows } = await sql<{ n: number }>`
        select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int8 as n from pg_stat_xact_user_tables
        where relname in (${sql.join(tables)})`.execute(tx);
      return rows[0]?.n ?? 0;
    };
    // As the routes ask: one plan for all values.
    await sql`set local plan_cache_mode = force_generic_plan`.execute(tx);
    const { run_id } = run;
    const item = (await readTimeline(tx, run_id, { order: "asc", limit: many / 2 })).at(-1);
    for (const order of ["asc", "desc"] as const) {
      for (const from of [undefined, item && { item }, item && { item, inclusive: true }]) {
        const before = await rowsRead();
        expect(await readTimeline(tx, run_id, { order, from, limit: 5 })).toHaveLength(5);
        const read = (await rowsRead()) - before;
        // Ties have to be read to their end, and there are ten at most of one moment in each table.
        expect(read).toBeGreaterThan(0);
        expect(read).toBeLessThan(200);
      }
    }
  });
});
