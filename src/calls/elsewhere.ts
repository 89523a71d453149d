import { sql } from "kysely";
import type { ExactCall } from "../approvals/index.ts";
import type { Tx } from "../platform/database/index.ts";
import { KEPT_HOURS } from "./kept.ts";

/**
 * The run of a client in which it is asked about this very call, or was and has not been told what came of it: the client has
 * come back under another session. The newest, if there are several.
 */
export async function runAskedIn(
  tx: Tx,
  call: ExactCall,
  keyId: string,
): Promise<string | undefined> {
  const { rows } = await sql<{ run_id: string }>`
    select a.run_id from runs r
      join approvals a on a.project_id = r.project_id and a.run_id = r.run_id
      left join mcp_calls c on c.project_id = a.project_id and c.call_id = a.redeemed_call_id
      left join task_outcomes t on t.project_id = a.project_id and t.approval_id = a.approval_id
    where r.project_id = ${call.projectId} and r.opened_by = ${keyId} and r.driver = 'client'
      and r.completed_at is null and r.run_id <> ${call.runId}
      and a.tool_name = ${call.tool} and a.asked_hash = ${call.argsHash} and a.server = ${call.server}
      and a.call_key = ${call.callKey} and a.contract_hash = ${call.contractHash} and a.answered_at is null
      and case when a.redeemed_at is null
        then a.status in ('open', 'rejected', 'changes_requested', 'expired')
          or a.status = 'approved' and a.redeem_by > clock_timestamp()
        else t.delivered_at is null and (t.outcome is not null or c.result_status in ('executing', 'unknown'))
          and a.redeemed_at > clock_timestamp() - make_interval(hours => ${KEPT_HOURS}) end
    order by a.created_at desc limit 1`.execute(tx);
  return rows[0]?.run_id;
}
