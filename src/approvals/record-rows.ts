import { sql } from "kysely";
import type { Timestamp, Tx } from "../platform/database/index.ts";

/** Of one question; that many entries nobody makes by hand. */
const MOST = 500;

export interface RecordQuestion {
  approval_id: string;
  project_id: string;
  run_id: string;
  agent_id: string;
  call_id: string;
  call_key: string;
  server: string;
  tool: string;
  effect: string;
  rule: string;
  demand: unknown;
  headline: unknown;
  agent_reason: string | null;
  quorum: number;
  round: number;
  /** Who could approve: a group, how many people, and whose yes would not count. */
  approvers: unknown;
  on_reject: string;
  on_expire: string;
  asked_at: Timestamp;
  expires_at: Timestamp;
  decided_at: Timestamp | null;
  status: string;
  void_reason: string | null;
  asked_hash: string;
  approved_hash: string | null;
  args_display: unknown;
  approved_args_display: unknown;
  policy_hash: string | null;
  contract_hash: string;
  revision_id: string;
  contract_id: string | null;
  version: string | null;
  jti: string | null;
  token: string | null;
  redeem_by: Timestamp | null;
  redeemed_at: Timestamp | null;
  redeemed_call_id: string | null;
  redeemed_hash: string | null;
  read_at: Timestamp;
}

/** A question with its contract and its redemption; undefined where the transaction may not see it, or there is none. */
export async function readRecordQuestion(
  tx: Tx,
  approvalId: string,
): Promise<RecordQuestion | undefined> {
  const { rows } = await sql<RecordQuestion>`
    select a.approval_id, a.project_id, a.run_id, a.agent_id, a.call_id, a.call_key, a.server, a.tool_name as tool, a.effect,
      json_build_object('group', a.approver_group, 'two_person', a.two_person, 'editor_counts', a.editor_counts,
        'requested_by', a.requested_by, 'contract_author', a.contract_author) as approvers,
      a.rule, a.demand, a.headline, a.agent_reason, a.quorum, a.round, a.on_reject, a.on_expire, a.created_at as asked_at,
      a.expires_at, a.decided_at, a.void_reason, a.asked_hash, a.approved_hash, a.args_display, a.approved_args_display,
      case when a.status = 'open' and a.expires_at <= clock_timestamp() then 'expired' else a.status end as status,
      a.policy_hash, a.contract_hash, a.revision_id, v.contract_id,
      v.version_major || '.' || v.version_minor as version, a.jti, a.token, a.redeem_by,
      coalesce(u.redeemed_at, a.redeemed_at) as redeemed_at, coalesce(u.call_id, a.redeemed_call_id) as redeemed_call_id,
      u.args_hash as redeemed_hash, clock_timestamp() as read_at
    from approvals a
      left join contract_revisions v on v.project_id = a.project_id and v.revision_id = a.revision_id
      left join approval_redemptions u on u.project_id = a.project_id and u.approval_id = a.approval_id
    where a.approval_id = ${approvalId}`.execute(tx);
  return rows[0];
}

type Of = Pick<RecordQuestion, "project_id" | "approval_id">;

/** The decisions about a question, oldest first, with what was seen where that is still kept. */
export async function readRecordDecisions(tx: Tx, { project_id, approval_id }: Of) {
  return tx
    .selectFrom("approval_decisions as d")
    .leftJoin("approval_seen as s", (on) =>
      on.onRef("s.project_id", "=", "d.project_id").onRef("s.decision_id", "=", "d.decision_id"),
    )
    .select(["d.decision_id", "d.decision", "d.actor_kind", "d.actor_id", "d.reason", "d.surface"])
    .select(["d.via_key_id", "d.round", "d.created_at", "d.allowed_by", "d.counts_for"])
    .select(["d.seen_hash", "d.args_hash_confirmed", "s.content as seen"])
    .where("d.project_id", "=", project_id)
    .where("d.approval_id", "=", approval_id)
    .orderBy("d.created_at")
    .orderBy("d.decision_id")
    .limit(MOST)
    .execute();
}

/** The calls that asked the question, were made with its approval, or were refused in its name, oldest first. */
export async function readRecordCalls(tx: Tx, { project_id, approval_id }: Of) {
  return tx
    .selectFrom("mcp_calls")
    .select(["call_id", "result_status", "block_gate", "block_code", "args_hash", "result_hash"])
    .select(["error_code", "is_shadow", "created_at", "completed_at"])
    .where("project_id", "=", project_id)
    .where("approval_id", "=", approval_id)
    .orderBy("created_at")
    .orderBy("call_id")
    .limit(MOST)
    .execute();
}

/** What the audit log has about the question itself: that it was asked, that somebody was reminded, how it ended. */
export async function readRecordEvents(tx: Tx, { project_id, approval_id }: Of) {
  return tx
    .selectFrom("audit_log")
    .select(["at", "action", "actor_kind", "actor_id", "details"])
    .where("project_id", "=", project_id)
    .where("subject_kind", "=", "approval")
    .where("subject_id", "=", approval_id)
    .orderBy("at")
    .orderBy("audit_id")
    .limit(MOST)
    .execute();
}
