import { sql } from "kysely";
import { type Actor, appendAudit } from "../audit/index.ts";
import type { EscalationStep } from "../contracts/index.ts";
import { announce } from "../platform/database/changes.ts";
import { jsonb, type Tx } from "../platform/database/index.ts";
import { redact } from "../platform/redact.ts";
import type { Sealer } from "../platform/sealing.ts";
import { type RunEffects, type RunRow, transition } from "../runs/index.ts";
import { sealAsked } from "./arguments.ts";
import { shapeHash } from "./arguments-table.ts";
import type { Demand } from "./question-rows.ts";
import { revisedQuestion } from "./revision.ts";
import type { Risk } from "./risk-contract.ts";
import type { ExactCall } from "./rules.ts";

export interface NewQuestion {
  approvalId: string;
  run: RunRow;
  callId: string;
  stepId: string | null;
  call: ExactCall;
  args: Record<string, unknown>;
  effect: "read" | "write";
  /** Why a person is asked, in words. */
  rule: string;
  /** The same for any language, with what it is that demands a person. */
  demand: Demand;
  /** What of the tool and the arguments is worth a second look. */
  risks: readonly Risk[];
  headline?: Record<string, string>;
  undoable?: boolean;
  blastRadius?: Record<string, string>;
  estimate?: Record<string, string>;
  agentReason?: string;
  costUsd: number;
  verdicts: unknown;
  /** Of the policies that permitted the call; recorded only, for they are asked again when it is executed. */
  policyHash: string | undefined;
  quorum: number;
  /** What happens while nobody decides, in its order. */
  escalation: readonly EscalationStep[];
  /** What the contract says of those who may approve. */
  approvers?: { group?: string; editorCounts?: boolean; twoPerson?: boolean };
  onReject: "cancel" | "return";
  onExpire: "cancel" | "fail" | "return";
  expiresSeconds: number;
  redeemSeconds: number;
  actor: Actor;
}

/**
 * Opens a question about one exact call and lets the run wait, in the caller's transaction, which has locked the run.
 */
export async function openQuestion(
  tx: Tx,
  deps: { effects: RunEffects; sealer: Sealer },
  question: NewQuestion,
): Promise<{ approval_id: string; expires_at: string }> {
  const { run, call, approvalId: id } = question;
  const row = await insertQuestion(tx, deps.sealer, question);
  await appendAudit(tx, {
    projectId: run.project_id,
    actor: question.actor,
    action: "run.approval.ask",
    subject: { kind: "approval", id },
    details: { run_id: run.run_id, server: call.server, tool: call.tool, args_hash: call.argsHash },
  });
  if (run.state === "running") {
    await transition(tx, deps.effects, {
      projectId: run.project_id,
      runId: run.run_id,
      event: "wait",
      actor: question.actor,
      reason: question.rule,
    });
  }
  await announce(tx, { project_id: run.project_id, kind: "approval", id });
  await deps.effects.send(tx, "approval.opened", {
    project_id: run.project_id,
    run_id: run.run_id,
    approval_id: id,
  });
  return row;
}

async function insertQuestion(
  tx: Tx,
  sealer: Sealer,
  question: NewQuestion,
): Promise<{ approval_id: string; expires_at: string }> {
  const { run, call, approvalId: id } = question;
  const revised = await revisedQuestion(tx, call, question.args);
  const [firstStep] = question.escalation;
  return tx
    .insertInto("approvals")
    .values({
      ...(await factsOf(tx, question)),
      ...approverColumns(question),
      revision: revised ? revised.revision + 1 : 1,
      revision_of: revised?.approval_id ?? null,
      approval_id: id,
      project_id: run.project_id,
      run_id: run.run_id,
      call_id: question.callId,
      step_id: question.stepId,
      call_key: call.callKey,
      agent_id: run.agent_id,
      revision_id: run.revision_id,
      contract_hash: call.contractHash,
      policy_hash: question.policyHash ?? null,
      server: call.server,
      tool_name: call.tool,
      effect: question.effect,
      args_display: jsonb(redact(question.args)),
      args_ciphertext: sealAsked(
        sealer,
        { projectId: run.project_id, approvalId: id },
        question.args,
      ),
      asked_hash: call.argsHash,
      status: "open",
      rule: question.rule,
      headline: question.headline ? jsonb(question.headline) : null,
      undoable: question.undoable ?? null,
      blast_radius: question.blastRadius ? jsonb(question.blastRadius) : null,
      estimate: question.estimate ? jsonb(question.estimate) : null,
      agent_reason: question.agentReason ?? null,
      cost_usd: question.costUsd,
      verdicts: jsonb(question.verdicts),
      quorum: question.quorum,
      escalation: jsonb(question.escalation),
      next_step_at: firstStep ? afterSeconds(firstStep.after_seconds) : null,
      on_reject: question.onReject,
      on_expire: question.onExpire,
      redeem_seconds: question.redeemSeconds,
      expires_at: afterSeconds(question.expiresSeconds),
    })
    .returning(["approval_id", "expires_at"])
    .executeTakeFirstOrThrow();
}

/** Whom the rules of approving are about: who had the run started, and who wrote the revision it is pinned to. */
function approverColumns({ run, approvers = {} }: NewQuestion) {
  const { project_id, run_id, revision_id, opened_by } = run;
  return {
    approver_group: approvers.group ?? null,
    editor_counts: approvers.editorCounts === true,
    two_person: approvers.twoPerson === true,
    // A person who retried it, or the one who works through the agent's key.
    requested_by: sql<string | null>`coalesce(
      (select actor_id from run_transitions where project_id = ${project_id} and run_id = ${run_id}
        and from_state is null and actor_kind = 'key' limit 1),
      (select held_by from api_keys where key_id = ${opened_by}))`,
    contract_author: sql<string | null>`(select created_by from contract_revisions
      where project_id = ${project_id} and revision_id = ${revision_id})`,
  };
}

/** What is told of the question beside the call itself, as it is when it is asked. */
async function factsOf(tx: Tx, { run, call, args, demand, risks }: NewQuestion) {
  const isFirst = !(await hasAskedBefore(tx, run, call));
  const first: Risk = { key: "first_of_agent", params: { agent: run.agent_id, tool: call.tool } };
  return {
    args_shape: shapeHash(args),
    demand: jsonb(redact(demand)),
    risks: jsonb(redact(isFirst ? [first, ...risks] : risks)),
  };
}

/** Whether an agent has asked for a tool before, as far back as questions are kept. */
async function hasAskedBefore(tx: Tx, run: RunRow, call: ExactCall): Promise<boolean> {
  const row = await tx
    .selectFrom("approvals")
    .select("approval_id")
    .where("project_id", "=", run.project_id)
    .where("agent_id", "=", run.agent_id)
    .where("server", "=", call.server)
    .where("tool_name", "=", call.tool)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

function afterSeconds(seconds: number) {
  return sql<string>`clock_timestamp() + make_interval(secs => ${seconds})`;
}
