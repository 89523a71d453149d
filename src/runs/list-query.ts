import { type RawBuilder, sql } from "kysely";
import { type Caller, projectsTable } from "../identity/index.ts";
import { readCounted, type Total } from "../platform/database/count.ts";
import type { Tx } from "../platform/database/index.ts";
import { directionOf, inOrder, isBeyond, limitOf } from "../platform/database/seek.ts";
import type { Place } from "../platform/http/index.ts";
import { exactMatches, plainFilters } from "./filters.ts";
import type { ListedRun, RunListQuery } from "./list-contract.ts";

/** What a cursor holds: the sort key as text, the run, and the number of the page it leads to. */
export type RunPosition = [key: string, runId: string, page: number];

/** What is asked of the list of runs. */
export interface WantedRuns {
  caller: Caller;
  query: RunListQuery;
  place: Place<RunPosition>;
}

export type ListedRow = Omit<ListedRun, "last_call"> & {
  /** What it is sorted by, and the same as text, as a cursor holds it. */
  page_key: unknown;
  sort_key: string;
  last_tool_name: string | null;
  last_result_status: string;
  last_block_gate: number | null;
  last_verdicts: Record<string, unknown>[];
};

/** As in the indexes: what has no end or deadline yet sorts as still to come. */
const SORT_KEYS: Record<RunListQuery["sort"], RawBuilder<unknown>> = {
  created_at: sql`created_at`,
  completed_at: sql`coalesce(completed_at, 'infinity'::timestamptz)`,
  timeout_at: sql`coalesce(timeout_at, 'infinity'::timestamptz)`,
  cost_usd: sql`cost_usd`,
};

const PAGE_KEY = sql`page_key`;
const RUN_ID = sql`run_id`;

/**
 * One page and one run more, with how many there are. Each project, and each thing that `q` can mean, gives its first
 * runs from an index of its own, then the first of those are taken: sorting all that match would cost a hundred times
 * as much.
 */
export async function readRuns(
  tx: Tx,
  wanted: WantedRuns,
): Promise<{ rows: ListedRow[]; total: Total }> {
  const { query, place } = wanted;
  const direction = directionOf(query.order, place.back);
  const size = place.limit + 1;
  const order = inOrder([PAGE_KEY, RUN_ID], direction);
  const firstOfEach: PartOf = (columns) => sql`
    and ${isBeyond(columns, direction, place.beyond?.slice(0, 2))}
    ${inOrder(columns, direction)} ${limitOf(place.offset + size)}`;
  const words = query.q === undefined ? {} : { with: foundByWords(wanted, query.q) };
  return readCounted<ListedRow>(tx, {
    ...words,
    table: "runs",
    page: sql<ListedRow>`
      select r.run_id, r.project_id, r.agent_id, r.state, r.is_shadow, r.cost_usd, r.step_count, r.created_at,
        r.timeout_at, r.title, r.started_at, r.completed_at, r.trigger_type, r.error_code, r.driver,
        c.tool_name as last_tool_name, c.result_status as last_result_status, c.block_gate as last_block_gate,
        c.verdicts as last_verdicts, ids.page_key, ids.page_key::text as sort_key
      from (
        select * from (${matching(wanted, firstOfEach)}) matching ${order} limit ${size} offset ${place.offset}
      ) ids
      join runs r on r.project_id = ids.project_id and r.run_id = ids.run_id
      left join lateral (
        select tool_name, result_status, block_gate, verdicts from mcp_calls
        where project_id = r.project_id and run_id = r.run_id
        order by created_at desc, call_id desc limit 1
      ) c on true`,
    order,
    rowsOf: (limit) => matching(wanted, () => limit),
    known: exactlyMatching(wanted, () => sql``),
  });
}

/** Words that more texts of a project have are not looked for in all of them: walking the list comes upon enough of them. */
const COMMON = 50_000;

/**
 * Common table expressions: `by_words`, the runs that have all words of `q` in one of their texts and fit the filters; and
 * `common`, the projects that have too many of them. Runs are looked up one by one: how many there are, the planner can't
 * know, and it would read all of a project's for a few.
 */
function foundByWords({ caller, query }: WantedRuns, q: string): RawBuilder<unknown> {
  return sql`texts as materialized (
      select p.project_id, text.run_id from ${projectsTable(caller, query.project_id)}
      cross join lateral awooop_search_runs(p.project_id, ${q}, ${COMMON + 1}) as text (run_id)
    ),
    common as materialized (
      select project_id, awooop_search_query(project_id, ${q}) as words
      from texts group by project_id having count(*) > ${COMMON}
    ),
    by_words as materialized (
      select found.project_id, found.run_id, r.page_key
      from (
        select distinct project_id, run_id from texts where project_id not in (select project_id from common)
      ) found
      cross join lateral (
        select ${SORT_KEYS[query.sort]} as page_key from runs
        where project_id = found.project_id and run_id = found.run_id and ${plainFilters(query)} limit 1
      ) r
    )`;
}

/** Whether a run of the project `p`, one of `common`, has the words. */
const HAS_WORDS = sql`(
  select bool_or(w.words @@ p.words) from run_words w where w.project_id = p.project_id and w.run_id = runs.run_id)`;

/** What ends the select of each part, given the columns that it is sorted by: a condition, order, limit. */
type PartOf = (columns: readonly RawBuilder<unknown>[]) => RawBuilder<unknown>;

/** The runs of each project, a table `p`, that fit the filters and a further condition. */
function runsOf(
  projects: RawBuilder<unknown>,
  { query }: WantedRuns,
  match: RawBuilder<unknown>,
  partOf: PartOf,
): RawBuilder<unknown> {
  const key = SORT_KEYS[query.sort];
  return sql`
    select found.* from ${projects} cross join lateral (
      select project_id, run_id, ${key} as page_key from runs
      where project_id = p.project_id and ${plainFilters(query)} and ${match} ${partOf([key, RUN_ID])}
    ) found`;
}

/** The runs that fit the filters and are what `q` names exactly; without `q`, all that fit. */
function exactlyMatching(wanted: WantedRuns, partOf: PartOf): RawBuilder<unknown> {
  const { caller, query } = wanted;
  const projects = projectsTable(caller, query.project_id);
  const matches = query.q === undefined ? [sql`true`] : exactMatches(query.q);
  return sql.join(
    matches.map((match) => runsOf(projects, wanted, match, partOf)),
    sql` union `,
  );
}

/** The runs that match, each once. */
function matching(wanted: WantedRuns, partOf: PartOf): RawBuilder<unknown> {
  const exactly = exactlyMatching(wanted, partOf);
  if (wanted.query.q === undefined) return exactly;
  return sql`${exactly} union ${runsOf(sql`common p`, wanted, HAS_WORDS, partOf)} union
    (select project_id, run_id, page_key from by_words where true ${partOf([PAGE_KEY, RUN_ID])})`;
}
