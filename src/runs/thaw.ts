import { sql } from "kysely";
import type { Tx } from "../platform/database/index.ts";
import type { FreezePlace } from "../tenants/index.ts";
import type { RunEffects } from "./transition.ts";

/** Woken at once; what is left is found by the sweep for runs that nobody has claimed. */
const WOKEN = 500;

/** Wakes the runs that no worker could claim while they were frozen, oldest first; what is frozen otherwise stays so. */
export async function wakeThawedRuns(
  tx: Tx,
  effects: Pick<RunEffects, "send">,
  { projectId, agentId }: FreezePlace,
): Promise<void> {
  const { rows } = await sql<{ project_id: string; run_id: string }>`
    select project_id, run_id from runs
    where driver = 'worker' and state in ('pending', 'running') and worker_id is null
      and ${projectId === undefined ? sql`true` : sql`project_id = ${projectId}`}
      and ${agentId === undefined ? sql`true` : sql`agent_id = ${agentId}`}
    order by created_at limit ${WOKEN}`.execute(tx);
  if (rows.length > 0) await effects.send(tx, "run.execute", rows, { afterOthers: true });
}
