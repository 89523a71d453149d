import { brokenLimit, type Standing } from "../budgets/index.ts";
import type { ToolGrant } from "../contracts/index.ts";
import type { ErrorCode } from "../platform/errors.ts";
import { redact } from "../platform/redact.ts";
import { type VerdictKey, type VerdictParams, verdictText } from "./contract.ts";
import type { GatedCall, GateFacts, PolicyDenial, QuestionFact } from "./facts.ts";
import { GATES, type GateNumber, type Verdict } from "./verdicts.ts";

type Said = Pick<Verdict, "outcome" | "code" | "key" | "params">;
type Gate = (call: GatedCall, facts: GateFacts) => Said;

const pass = (key: VerdictKey, params: VerdictParams = {}): Said => ({
  outcome: "pass",
  code: null,
  key,
  params,
});
const block = (code: ErrorCode, key: VerdictKey, params: VerdictParams = {}): Said => ({
  outcome: "block",
  code,
  key,
  params,
});

/** Whether a tool's calls need a person: what the contract says, and where it is silent every write does. */
function needsApproval(grant: {
  effect: "read" | "write";
  approval?: "never" | "always" | undefined;
}): boolean {
  return (grant.approval ?? (grant.effect === "write" ? "always" : "never")) === "always";
}

type Frozen = NonNullable<GateFacts["project"]["freeze"]>;

/** Who has stopped an agent's calls, when and why. */
function frozenBy(
  { scope, frozen_by, frozen_at, reason }: Frozen,
  project: string,
  agent: string,
): { key: VerdictKey; params: VerdictParams } {
  const at = `${frozen_at.slice(0, 19).replace("T", " ")} UTC`;
  const params = { by: frozen_by, at, why: String(redact(reason)), project, agent };
  return { key: `frozen_${scope}`, params };
}

/** The same in words, for whoever asks without making a call. */
export function frozenReason(freeze: Frozen, project: string, agent: string): string {
  return verdictText({ ...frozenBy(freeze, project, agent), reason: "" }, "en");
}

const tenantGate: Gate = (_call, facts) => {
  const { run } = facts;
  const { project_id: project, ...tenant } = facts.project;
  if (!tenant.is_active && !tenant.drains) {
    return block("E-TENANT-INACTIVE", "tenant_inactive", { project });
  }
  if (tenant.migration_mode === "legacy") {
    return block("E-TENANT-LEGACY", "tenant_legacy", { project });
  }
  const frozen = tenant.freeze && frozenBy(tenant.freeze, project, facts.contract.agentId);
  if (frozen) return block("E-FROZEN", frozen.key, frozen.params);
  if (!run.ofCaller) return block("E-RUN-NOT-RUNNING", "run_of_another");
  if (run.state !== "running" && run.state !== "waiting_approval") {
    return block("E-RUN-NOT-RUNNING", "run_not_running", { state: run.state });
  }
  return pass("tenant_passed", { project, mode: tenant.migration_mode });
};

const nameOf = ({ contract }: GateFacts) => `${contract.agentId} ${contract.version}`;

const contractGate: Gate = ({ server, tool }, facts) => {
  const contract = nameOf(facts);
  if (!facts.contract.grant) {
    const wanted = server ? `${server}/${tool}` : tool;
    return block("E-CONTRACT-TOOL", "tool_not_listed", { contract, tool: wanted });
  }
  if (facts.pin === "absent") {
    return block("E-CONTRACT-TOOL", "tool_absent", { contract, server, tool });
  }
  if (facts.pin === "changed") return block("E-TOOL-CHANGED", "tool_changed", { server, tool });
  if (facts.contract.isObserved) return observed(facts.contract.grant, facts);
  return pass("contract_passed", { contract });
};

/** What nobody has listed may be tried where it can do no harm: reads, and writes that are only simulated. */
function observed({ server, tool, effect }: ToolGrant, facts: GateFacts): Said {
  const params = { contract: nameOf(facts), server, tool };
  if (effect === "read") return pass("observed_read", params);
  if (facts.run.is_shadow) return pass("observed_in_shadow", params);
  return block("E-CONTRACT-TOOL", "observed_write", params);
}

const policyGate: Gate = (_call, { argumentProblems: [found, ...more], policy, project }) => {
  if (found !== undefined) {
    const problem = { problem: found.en, problem_zh_tw: found["zh-TW"] };
    if (more.length === 0) return block("E-POLICY-ARGS", "arguments_unfit", problem);
    return block("E-POLICY-ARGS", "arguments_unfit_more", { ...problem, more: more.length });
  }
  if (policy.decision === "unpoliced") return pass("policy_passed");
  if (policy.decision === "permit") return pass("policy_permits", { by: policy.by });
  const params = { by: policy.by, problem: policy.problem, project: project.project_id };
  return block("E-POLICY-DENIED", DENIALS[policy.why], params);
};

const DENIALS: Record<PolicyDenial, VerdictKey> = {
  forbidden: "policy_forbids",
  forbid_failed: "policy_forbid_failed",
  not_permitted: "policy_permits_not",
  permit_failed: "policy_permit_failed",
  unreadable: "policy_unreadable",
  unusable: "policy_unusable",
};

const dollars = (usd: number) => `$${usd.toFixed(6).replace(/0{1,4}$/, "")}`;

const budgetGate: Gate = (_call, { budget, contract }) => {
  const cost = contract.grant?.cost_per_call ?? 0;
  for (const standing of budget) {
    const broken = brokenLimit(standing.account, standing.usage, cost);
    if (broken) return usedUp(standing, broken, cost);
  }
  const [run] = budget;
  if (!run) return pass("budget_unlimited");
  const { usage, account } = run;
  const { limits } = account;
  const calls = limits.calls === null ? undefined : { calls: limits.calls };
  const money =
    limits.costUsd === null
      ? undefined
      : { used: dollars(usage.costUsd), limit: dollars(limits.costUsd) };
  const params = { call: usage.calls + 1, ...calls, ...money };
  if (calls && money) return pass("budget_passed_both", params);
  if (calls) return pass("budget_passed_calls", params);
  return pass(money ? "budget_passed_money" : "budget_passed", params);
};

const CODES = {
  run: "E-BUDGET-RUN",
  agent: "E-BUDGET-AGENT",
  tool: "E-BUDGET-TOOL",
  project: "E-BUDGET-PROJECT",
} as const;

function usedUp({ account, usage }: Standing, broken: "calls" | "money", cost: number): Said {
  const { scope, period, limits } = account;
  if (broken === "calls") {
    const params = { limit: limits.calls ?? 0 };
    if (period === "minute") return block("E-RATE", `${scope}_calls_of_minute_used_up`, params);
    if (scope === "run") return block(CODES.run, "calls_used_up", params);
    return block(CODES[scope], `${scope}_calls_of_day_used_up`, params);
  }
  const params = {
    cost: dollars(cost),
    used: dollars(usage.costUsd),
    limit: dollars(limits.costUsd ?? 0),
  };
  if (scope === "run") return block(CODES.run, "money_used_up", params);
  if (scope === "project") return block(CODES.project, "project_money_used_up", params);
  return block(CODES[scope], `${scope}_money_of_day_used_up`, params);
}

interface ApprovalDemand {
  key: VerdictKey;
  /** What is said of it in a shadow run. */
  wouldKey: VerdictKey;
  params: VerdictParams;
}

/** Who says that the call needs a person: a policy, whatever the contract says, or else the contract; undefined if nobody. */
function demandOf(tool: string, facts: GateFacts): ApprovalDemand | undefined {
  const { policy } = facts;
  if (policy.decision === "permit" && policy.asks) {
    const { by, reason, reasonZhTw } = policy.asks;
    if (reason === "") {
      return { key: "asks_by_policy", wouldKey: "would_ask_by_policy", params: { by } };
    }
    const params = { by, reason, reason_zh_tw: reasonZhTw };
    return { key: "asks_by_policy_because", wouldKey: "would_ask_by_policy_because", params };
  }
  const { grant } = facts.contract;
  if (!grant || !needsApproval(grant)) return undefined;
  const params = { contract: nameOf(facts), tool };
  return grant.approval === "always"
    ? { key: "asks_always", wouldKey: "would_ask_always", params }
    : { key: "asks_for_writes", wouldKey: "would_ask_for_writes", params };
}

const approvalGate: Gate = ({ tool }, facts) => {
  const { question, run } = facts;
  const demand = demandOf(tool, facts);
  if (!demand) return pass("no_person_needed");
  const { key, wouldKey, params } = demand;
  if (run.is_shadow) return { outcome: "would_ask", code: null, key: wouldKey, params };
  const { is_active, project_id: project } = facts.project;
  // The questions of a project that was deactivated, or a contract that was retired, are voided; so would a new one be.
  const ask: Said = !is_active
    ? block("E-TENANT-INACTIVE", "nobody_is_asked", { project })
    : facts.contract.isRetired
      ? block("E-CONTRACT-NONE", "contract_retired", { contract: nameOf(facts) })
      : { outcome: "ask", code: "E-APPR-REQUIRED", key, params };
  if (!question) return ask;
  return answerFrom(question, ask);
};

/**
 * What follows from a question about this very call. An expiry and a wish for changes are told once; after that the call
 * may ask anew.
 */
function answerFrom(question: QuestionFact, ask: Said): Said {
  const expired = (key: VerdictKey) => (question.answered ? ask : block("E-APPR-EXPIRED", key));
  switch (question.status) {
    case "open":
      return question.isPast ? expired("not_decided") : ask;
    case "expired":
      return expired("not_decided");
    case "rejected":
      return block("E-APPR-REJECTED", "rejected", { by: question.decidedBy });
    case "changes_requested":
      if (question.answered) return ask;
      return block("E-APPR-CHANGES", "changes_requested", { by: question.decidedBy });
    case "voided":
      return ask;
    case "approved":
      if (question.redeemed) return ask; // a repeat of a call that ran is a new question
      if (question.isPastRedeem) return expired("not_redeemed");
      return {
        outcome: "approved",
        code: null,
        key: question.edited ? "approved_edited" : "approved",
        params: { by: question.decidedBy },
      };
  }
}

const IN_ORDER: readonly Gate[] = [tenantGate, contractGate, policyGate, budgetGate, approvalGate];

/** What the gates together decide; `verdicts` holds what each gate reached said. */
export interface GateDecision {
  decision: "pass" | "block" | "ask";
  verdicts: Verdict[];
  /** The verdict that decided. */
  last: Verdict;
}

/**
 * Asks the five gates in order; the first that does not let the call pass ends it. They decide and do nothing else.
 *
 * @param upTo ask only the gates up to this one; for facts that would have to be fetched for the later ones
 */
export function askGates(call: GatedCall, facts: GateFacts, upTo: GateNumber = 5): GateDecision {
  const verdicts: Verdict[] = [];
  for (const [at, gate] of IN_ORDER.slice(0, upTo).entries()) {
    const said = gate(call, facts);
    const verdict: Verdict = {
      gate: (at + 1) as GateNumber,
      name: GATES[at] ?? "tenant",
      ...said,
      reason: verdictText({ ...said, reason: "" }, "en"),
    };
    verdicts.push(verdict);
    if (verdict.outcome === "block" || verdict.outcome === "ask") {
      return { decision: verdict.outcome, verdicts, last: verdict };
    }
  }
  const last = verdicts.at(-1);
  if (!last) throw new RangeError("at least one gate has to be asked");
  return { decision: "pass", verdicts, last };
}
