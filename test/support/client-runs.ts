import type { Site } from "./site.ts";

/**
 * Running runs of a client, which no worker takes up, of an agent whose contract is in force: `Disk almost full on 1` is
 * the newest of them, each of the others a second older.
 *
 * @param agent the one of the questions by default
 */
export async function seedClientRuns(
  { admin }: Site,
  count: number,
  agent = "janitor",
): Promise<string[]> {
  const made = await admin(
    `insert into awooop.runs (run_id, project_id, agent_id, revision_id, driver, state, title, is_shadow, trace_id, created_at,
       started_at, heartbeat_at)
     select gen_random_uuid(), project_id, contract_id, revision_id, 'client', 'running', 'Disk almost full on ' || n, false,
       md5(n::text), now() - n * interval '1 second', now(), now()
     from awooop.contract_revisions, generate_series(1, ${count}) n
     where contract_id = '${agent}' and lifecycle_status = 'active' returning run_id`,
  );
  return made.map(({ run_id }) => String(run_id));
}

/** Calls of a run, which were answered by `line 1` and so on. */
export async function seedLines({ admin }: Site, runId: string, count: number): Promise<void> {
  await admin(
    `insert into awooop.mcp_calls (project_id, run_id, call_id, call_key, server, tool_name, args, args_hash, effect,
       is_shadow, result_status, created_at, result)
     select project_id, run_id, gen_random_uuid(), 'k', 'tools', 'tail_log', json_build_object('line', n),
       repeat('0', 64), 'read', false, 'success', created_at + n * interval '1 ms', to_json('line ' || n)
     from awooop.runs, generate_series(1, ${count}) n where run_id = '${runId}'`,
  );
}
