import { FlattenedSign } from "jose";
import { canonicalJson } from "../platform/canonical.ts";
import type { Tx } from "../platform/database/index.ts";
import { redact } from "../platform/redact.ts";
import type { Sealer } from "../platform/sealing.ts";
import { RECORD_SCHEMA, type SignedRecord } from "./record-contract.ts";
import {
  type RecordQuestion,
  readRecordCalls,
  readRecordDecisions,
  readRecordEvents,
  readRecordQuestion,
} from "./record-rows.ts";
import { ALGORITHM, currentKey } from "./signing-keys.ts";

const TYPE = "awooop-decision-record+jws";

type Decisions = Awaited<ReturnType<typeof readRecordDecisions>>;
type Calls = Awaited<ReturnType<typeof readRecordCalls>>;
type Events = Awaited<ReturnType<typeof readRecordEvents>>;

/**
 * Who decided what about a question, when, through which surface, seeing what, allowed by which rule, about exactly which
 * bytes, and what came of it: from the database alone, in one snapshot, signed with the key that signs approvals.
 *
 * @returns undefined where there is no such question, or the transaction may not see it
 */
export async function signRecord(
  tx: Tx,
  sealer: Sealer,
  approvalId: string,
): Promise<{ projectId: string; signed: SignedRecord } | undefined> {
  const question = await readRecordQuestion(tx, approvalId);
  if (!question) return undefined;
  const record = await compose(tx, question);
  const { kid, key } = await currentKey(tx, sealer);
  const {
    payload,
    protected: header,
    signature,
  } = await new FlattenedSign(new TextEncoder().encode(canonicalJson(record)))
    .setProtectedHeader({ alg: ALGORITHM, kid, typ: TYPE, cty: "application/json" })
    .sign(key);
  return {
    projectId: question.project_id,
    signed: { payload, protected: header ?? "", signature },
  };
}

async function compose(tx: Tx, question: RecordQuestion): Promise<Record<string, unknown>> {
  const decisions = await readRecordDecisions(tx, question);
  const calls = await readRecordCalls(tx, question);
  const events = await readRecordEvents(tx, question);
  const shown = redact({
    schema: RECORD_SCHEMA,
    issuer: "awooop",
    recorded_at: question.read_at,
    status: question.status,
    question: aboutQuestion(question),
    arguments: aboutArguments(question),
    contract: {
      contract_id: question.contract_id,
      version: question.version,
      revision_id: question.revision_id,
      body_hash: question.contract_hash,
    },
    policy_hash: question.policy_hash,
    decisions: decisions.map((decision) => aboutDecision(decision, question)),
    calls: calls.map((call) => aboutCall(call, question)),
    outcome: outcomeOf(calls, question),
    events: events.map(aboutEvent),
  }) as Record<string, unknown>;
  // A signature looks like a secret, and is none: nothing takes it but the server, out of its own database.
  return { ...shown, approval: aboutApproval(question) };
}

function aboutQuestion(question: RecordQuestion) {
  const { approval_id, project_id, run_id, agent_id, call_id, call_key, server, tool, effect } =
    question;
  const { rule, demand, headline, agent_reason, quorum, on_reject, on_expire } = question;
  const { asked_at, expires_at, decided_at, void_reason } = question;
  return {
    ...{ approval_id, project_id, run_id, agent_id, call_id, call_key, server, tool, effect },
    ...{ rule, demand, headline, agent_reason, quorum, on_reject, on_expire },
    approvers: question.approvers,
    ...{ asked_at, expires_at, decided_at, void_reason },
  };
}

/** Which bytes: their hashes, and what may be shown of them. */
function aboutArguments(question: RecordQuestion) {
  return {
    form: "RFC 8785, SHA-256",
    asked_hash: question.asked_hash,
    approved_hash: question.approved_hash,
    asked: question.args_display,
    /** Those that a person has put in their place. */
    edited: question.approved_args_display,
  };
}

function aboutDecision(row: Decisions[number], { round, approved_hash }: RecordQuestion) {
  const isYes = row.decision === "approve" || row.decision === "edit";
  const stands = approved_hash !== null && row.round === round && row.counts_for !== null;
  return {
    decision_id: row.decision_id,
    decision: row.decision,
    actor: { kind: row.actor_kind, id: row.actor_id },
    at: row.created_at,
    surface: row.surface,
    via_key_id: row.via_key_id,
    reason: row.reason,
    /** Approvals of arguments that were edited away count no more, and an edit may need another person's yes. */
    counted: isYes ? stands : null,
    counts_for: row.counts_for,
    allowed_by: Object.keys(Object(row.allowed_by)).length === 0 ? null : row.allowed_by,
    seen: row.seen,
    seen_hash: row.seen_hash,
    args_hash_confirmed: row.args_hash_confirmed,
  };
}

function aboutCall(row: Calls[number], question: RecordQuestion) {
  const { call_id, result_status: status, created_at, completed_at, is_shadow, ...rest } = row;
  const executed = call_id === question.redeemed_call_id ? "executed" : "refused";
  return {
    call_id,
    part: call_id === question.call_id ? "asked" : executed,
    status,
    ...rest,
    made_at: created_at,
    ended_at: completed_at,
  };
}

/** What came of it: how the call ended that was made with the approval. */
function outcomeOf(calls: Calls, question: RecordQuestion) {
  const { redeemed_call_id } = question;
  if (redeemed_call_id === null) return null;
  const call = calls.find(({ call_id }) => call_id === redeemed_call_id);
  return {
    call_id: redeemed_call_id,
    status: call?.result_status ?? null,
    args_hash: call?.args_hash ?? null,
    result_hash: call?.result_hash ?? null,
    error_code: call?.error_code ?? null,
    ended_at: call?.completed_at ?? null,
  };
}

function aboutEvent({ at, action, actor_kind, actor_id, details }: Events[number]) {
  return { at, action, actor: { kind: actor_kind, id: actor_id }, details };
}

/** The approval that was issued, as it was signed then, and its use. */
function aboutApproval(question: RecordQuestion) {
  const { jti, token, redeem_by, redeemed_at, redeemed_call_id, redeemed_hash } = question;
  if (jti === null || token === null) return null;
  const redemption =
    redeemed_at === null || redeemed_call_id === null
      ? null
      : { at: redeemed_at, call_id: redeemed_call_id, args_hash: redeemed_hash };
  return { jti, token, redeem_by, redemption };
}
