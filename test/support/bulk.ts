import { voidQuestionsOfWaiting } from "../../src/approvals/index.ts";
import type { CallDeps } from "../../src/calls/index.ts";
import { type BulkDeps, workOnBulk } from "../../src/runs/index.ts";

/** What a worker deals with bulk actions with. */
export function bulkDeps({ db, effects, log }: CallDeps): BulkDeps {
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
