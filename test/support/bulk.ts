import { voidQuestionsOfWaiting } from "../../src/approvals/index.ts";
import type { CallDeps } from "../../src/calls/index.ts";
import { createCursors } from "../../src/platform/http/index.ts";
import { type BulkDeps, bulkRoutes, workOnBulk } from "../../src/runs/index.ts";
import { openShopBench, PROJECT } from "./calls.ts";
import { ask, caller } from "./fixtures.ts";

/** What a worker deals with bulk actions with. */
function bulkDeps({ db, effects, log }: CallDeps): BulkDeps {
  const voidQuestions: BulkDeps["voidQuestions"] = (tx, run, by) =>
    voidQuestionsOfWaiting(tx, effects, run, by);
  return { db, effects, log, voidQuestions };
}

/** Does what a worker would do with every bulk action that is not done. */
export async function workOnBulks(deps: CallDeps): Promise<void> {
  const open = await deps.db.transaction({ role: "platform" }, (tx) =>
    tx
      .selectFrom("run_bulk_actions")
      .select(["project_id", "bulk_id"])
      .where("status", "<>", "done")
      .execute(),
  );
  for (const ids of open) await workOnBulk(bulkDeps(deps), ids, new AbortController().signal);
}

export const operator = caller({
  role: "operator",
  projects: [PROJECT],
  actor: { kind: "key", id: "ada" },
});

/** What a run that is over has, for `runsOf`. */
export const OVER = { state: "failed", completed_at: "2026-11-22T03:07:58Z" };

/** The shop's bench with the routes of bulk actions, and runs to act on. */
export async function openBulkBench() {
  const bench = await openShopBench();
  const { db, effects } = bench.deps;
  const routes = bulkRoutes({ db, effects, cursors: createCursors(Buffer.alloc(32)) });
  const get = (path: string, as = operator) => ask(routes, path, { caller: as });
  return {
    ...bench,
    get,
    /** Asks for an action: to cancel, unless the body says otherwise. */
    post: (body: object, as = operator, headers: Record<string, string> = {}) =>
      ask(routes, "/runs/bulk", {
        caller: as,
        headers,
        body: { project_id: PROJECT, action: "cancel", reason: "the alert was wrong", ...body },
      }),
    results: async (bulkId: string) =>
      (await get(`/runs/bulk/${bulkId}/results?limit=200`)).body.results,
    /** The wake-ups of an action that wait in the queue. */
    queued: (bulkId: string) =>
      bench.asAdmin(`select 1 from pgboss.job where name = 'runs.bulk' and state = 'created'
        and data->>'bulk_id' = '${bulkId}'`),
    /** Does what a worker does with a job. */
    work: (bulk_id: string, { signal, ...more }: { signal?: AbortSignal; turnMs?: number } = {}) =>
      workOnBulk(
        { ...bulkDeps(bench.deps), ...more },
        { project_id: PROJECT, bulk_id },
        signal ?? new AbortController().signal,
      ),
    /** Runs of an agent of their own, so that each test has its own to choose. */
    async runsOf(agent: string, count: number, columns: Record<string, string> = {}) {
      const first = await bench.openWorkerRun();
      const set = { state: "pending", driver: "worker", ...columns };
      const names = Object.keys(set).join(", ");
      const values = Object.values(set)
        .map((value) => `'${value}'`)
        .join(", ");
      const rows = await bench.asAdmin(
        `insert into runs (run_id, project_id, agent_id, revision_id, title, is_shadow, trace_id, trigger_type, ${names})
        select gen_random_uuid(), project_id, '${agent}', revision_id, 'Disk almost full', false, trace_id, 'alertmanager',
          ${values} from runs, generate_series(1, ${count}) where run_id = '${first.run_id}' returning run_id`,
      );
      return rows.map(({ run_id }) => String(run_id));
    },
  };
}

export type BulkBench = Awaited<ReturnType<typeof openBulkBench>>;
