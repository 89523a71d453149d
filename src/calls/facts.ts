import {
  type ApprovalRow,
  type ApprovedArguments,
  approvedArguments,
  decisionsOf,
  type ExactCall,
  lockQuestion,
} from "../approvals/index.ts";
import { type Account, accountsOf, readAccounts } from "../budgets/index.ts";
import {
  type AgentBody,
  type Revision,
  readAgent,
  readRevision,
  type ToolGrant,
} from "../contracts/index.ts";
import type { ArgumentChecker, GateFacts, QuestionFact } from "../gates/index.ts";
import { canonicalHash, canonicalJson, sha256Hex } from "../platform/canonical.ts";
import type { MigrationMode } from "../platform/contract.ts";
import type { Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { redact } from "../platform/redact.ts";
import type { Template } from "../platform/words-contract.ts";
import type { RunRow } from "../runs/index.ts";
import { readProjectOfAgent } from "../tenants/index.ts";
import {
  isTooLongForHeaders,
  readPin,
  type ToolPin,
  type ToolServerRef,
} from "../toolservers/index.ts";
import { serverRef } from "./catalog.ts";
import type { FactDeps } from "./deps.ts";
import { grantFor } from "./names.ts";
import { readObservedGrants } from "./observed.ts";
import type { CallRequest } from "./outcome.ts";
import { decidePolicy, readPolicies } from "./policy.ts";
import { readingGrant } from "./reading.ts";

/** How long a call's arguments may be, as canonical JSON, in characters. */
export const ARGS_MAX = 256 * 1024;
const TOO_LARGE = {
  decision: "deny",
  why: "unreadable",
  by: "",
  problem: `they are larger than ${ARGS_MAX} bytes`,
} as const;

const TOO_LARGE_WORDS: Template = {
  en: TOO_LARGE.problem,
  "zh-TW": `大於 ${ARGS_MAX} 位元組`,
};
const TOO_LONG: Template = {
  en: "the values that the tool's server wants in headers are longer than headers may be",
  "zh-TW": "工具伺服器要求放在標頭中的值超過標頭的長度上限",
};
const OF_TOOL: Template = { en: "the tool's schema", "zh-TW": "工具的結構描述" };
const OF_CONTRACT: Template = { en: "the contract", "zh-TW": "合約的限制" };

/** Everything known about a call when the gates are asked. */
export interface CallFacts {
  gates: GateFacts;
  agent: Revision<AgentBody>;
  grant: ToolGrant | undefined;
  ref: ToolServerRef | undefined;
  pin: ToolPin | undefined;
  exact: ExactCall;
  /** What is executed if the gates let it: the arguments asked for, or those that a person has approved, as they were sealed. */
  args: Record<string, unknown>;
  isEdited: boolean;
  /** There is an approval of it that can be used. */
  isApproved: boolean;
  /** Why nothing can be executed in the name of the question, though it was approved, in words. */
  mismatch: string | undefined;
  question: ApprovalRow | undefined;
  /** All that the call counts against. */
  accounts: Account[];
}

/** The project, the contract and the policies that a run's calls are decided on; on their way together. */
export async function readGround(
  tx: Tx,
  deps: Pick<FactDeps, "policies">,
  projectId: string,
  pinned: Pick<RunRow, "agent_id" | "revision_id">,
) {
  const [project, revision, policies] = await Promise.all([
    readProjectOfAgent(tx, projectId, pinned.agent_id),
    readRevision(tx, projectId, pinned.revision_id),
    readPolicies(tx, deps.policies, projectId),
  ]);
  return { project, revision, policies };
}

/**
 * Reads what the gates look at, in the transaction that has locked the run.
 *
 * @param findQuestion the newest question about exactly this call
 * @param ground what it is decided on, where that is on its way already
 */
export async function readFacts(
  tx: Tx,
  deps: FactDeps,
  request: CallRequest,
  run: RunRow,
  findQuestion: (tx: Tx, call: ExactCall) => Promise<ApprovalRow | undefined> = lockQuestion,
  ground?: ReturnType<typeof readGround>,
): Promise<CallFacts> {
  const { projectId } = request;
  const { project, revision, policies } = await (ground ?? readGround(tx, deps, projectId, run));
  if (!project || !revision)
    throw new AppError("E-NOT-FOUND", "The run's project or contract is gone.");
  const agent = readAgent(revision);
  const observed = await readObservedGrants(tx, projectId, agent.body);
  const grant = request.isReading
    ? readingGrant(agent.body, request)
    : grantFor([...agent.body.tools, ...observed], request);
  const asked = askedCall(request, agent, grant);
  const { contract_id: agentId, body } = agent;
  const counted = { projectId, runId: run.run_id, agentId, agent: body, project };
  const accounts = grant ? accountsOf(counted, grant) : [];
  const [ref, pinned, question, budget] = await Promise.all([
    grant && serverRef(tx, projectId, grant.server),
    grant && !request.isReading && readPin(tx, projectId, grant.server, grant.tool),
    grant && findQuestion(tx, asked),
    readAccounts(tx, accounts),
  ]);
  const pin = ref && pinned ? pinned : undefined;
  const approved = question && approvedArguments(deps.sealer, question);
  const args = approved?.args ?? request.args;
  const argsText = canonicalJson(args);
  const exact: ExactCall = { ...asked, argsHash: sha256Hex(argsText) };
  const gates: GateFacts = {
    project: { ...project, migration_mode: project.migration_mode as MigrationMode },
    run: { state: run.state, is_shadow: run.is_shadow, ofCaller: isOfCaller(request, run) },
    contract: {
      agentId: agent.contract_id,
      version: `${agent.version_major}.${agent.version_minor}`,
      grant,
      isObserved: grant !== undefined && observed.includes(grant),
      isRetired: agent.lifecycle_status === "retired",
    },
    // What is read has no schema and no description that could be pinned; the contract names what may be read.
    pin: request.isReading && ref ? "pinned" : pinFact(pin),
    argumentProblems:
      pin && grant ? argumentProblems(deps.checker, grant, pin, args, argsText.length) : [],
    policy:
      argsText.length > ARGS_MAX
        ? TOO_LARGE
        : decidePolicy(deps.policies, policies, { ...exact, run, agent, grant, args }),
    budget,
    question: question && (await questionFact(tx, question)),
  };
  const isEdited = approved?.isEdited === true;
  const mismatch = approved && mismatchOf(approved, { asked, question });
  const isApproved = approved !== undefined;
  const called = { exact, args, isEdited, isApproved, mismatch, question };
  return { gates, agent, grant, ref, pin, accounts, ...called };
}

/** The call as it is asked for. */
function askedCall(
  request: CallRequest,
  agent: Revision<AgentBody>,
  grant: ToolGrant | undefined,
): ExactCall {
  return {
    projectId: request.projectId,
    runId: request.runId,
    callKey: request.callKey,
    server: grant?.server ?? request.server ?? "",
    tool: grant?.tool ?? request.tool,
    argsHash: canonicalHash(request.args),
    revisionId: agent.revision_id,
    contractHash: agent.body_hash,
  };
}

/** A call that names its question may be another than that was asked about. */
function mismatchOf(
  { args }: ApprovedArguments,
  { asked, question }: { asked: ExactCall; question: ApprovalRow | undefined },
): string | undefined {
  if (args === undefined) return "The approved arguments are not as they were sealed.";
  if (asked.argsHash !== question?.asked_hash) return "The approval is for other arguments.";
  return undefined;
}

function isOfCaller(request: CallRequest, run: RunRow): boolean {
  return run.driver === "worker" ? request.fence === run.fence : run.opened_by === request.keyId;
}

/** What gate 2 has to know of a tool's pin. */
export function pinFact(pin: ToolPin | undefined): GateFacts["pin"] {
  if (pin === undefined || pin.absentSince) return "absent";
  return pin.changed ? "changed" : "pinned";
}

/** Why the arguments fit neither the tool's schema nor the contract; empty when they do. */
export function argumentProblems(
  checker: ArgumentChecker,
  grant: ToolGrant,
  pin: ToolPin,
  args: Record<string, unknown>,
  size: number,
): Template[] {
  if (size > ARGS_MAX) return [TOO_LARGE_WORDS];
  const bySchema = checker.problems(pin.definition.inputSchema, args, OF_TOOL);
  const byContract = grant.args ? checker.problems(grant.args, args, OF_CONTRACT) : [];
  const byHeaders = isTooLongForHeaders(pin.definition.inputSchema, args) ? [TOO_LONG] : [];
  return [...bySchema, ...byContract, ...byHeaders];
}

async function questionFact(tx: Tx, question: ApprovalRow): Promise<QuestionFact> {
  const decisions =
    question.status === "open"
      ? []
      : await decisionsOf(tx, question.project_id, question.approval_id);
  const said = decisions
    .filter(standsFor(question))
    .map(({ actor_id, reason }) => (reason ? `${actor_id}, “${redact(reason)}”` : actor_id));
  return {
    status: question.status as QuestionFact["status"],
    isPast: question.is_past,
    isPastRedeem: question.is_past_redeem,
    redeemed: question.redeemed_at !== null,
    answered: question.answered_at !== null,
    edited: question.approved_args_ciphertext !== null,
    decidedBy: said.length > 0 ? said.join("; ") : (question.void_reason ?? question.status),
  };
}

/** The decisions that made a question end as it did: approvals of its arguments, or the one that refused the call. */
function standsFor(question: ApprovalRow) {
  const refusals: Record<string, string> = {
    rejected: "reject",
    changes_requested: "request_changes",
  };
  const refusal = refusals[question.status];
  return ({ decision, round }: { decision: string; round: number }) =>
    refusal === undefined ? round === question.round : decision === refusal;
}
