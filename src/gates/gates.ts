import type { ErrorCode } from "../platform/errors.ts";
import type { GatedCall, GateFacts } from "./facts.ts";
import { GATES, type GateNumber, type Verdict } from "./verdicts.ts";

type Gate = (call: GatedCall, facts: GateFacts) => Omit<Verdict, "gate" | "name">;

const pass = (reason: string) => ({ outcome: "pass", code: null, reason }) as const;
const block = (code: ErrorCode, reason: string) => ({ outcome: "block", code, reason }) as const;

/** Whether a tool's calls need a person: what the contract says, and where it is silent every write does. */
function needsApproval(grant: {
  effect: "read" | "write";
  approval?: "never" | "always" | undefined;
}): boolean {
  return (grant.approval ?? (grant.effect === "write" ? "always" : "never")) === "always";
}

const tenantGate: Gate = (_call, { project, run }) => {
  const name = project.project_id;
  if (!project.is_active) return block("E-TENANT-INACTIVE", `Project ${name} is not active.`);
  if (project.migration_mode === "legacy") {
    return block("E-TENANT-LEGACY", `Project ${name} is in legacy mode: agents may not act there.`);
  }
  if (!run.ofCaller) return block("E-RUN-NOT-RUNNING", "The run belongs to another caller.");
  if (run.state !== "running" && run.state !== "waiting_approval") {
    return block(
      "E-RUN-NOT-RUNNING",
      `The run is ${run.state}; only a running one may call tools.`,
    );
  }
  return pass(`${name} is ${project.migration_mode}, this run is its own`);
};

const contractGate: Gate = ({ server, tool }, { contract, pin }) => {
  const of = `${contract.agentId} ${contract.version}`;
  if (!contract.grant) {
    return block(
      "E-CONTRACT-TOOL",
      `The contract ${of} does not list the tool ${server ? `${server}/` : ""}${tool}.`,
    );
  }
  if (pin === "absent") {
    return block(
      "E-CONTRACT-TOOL",
      `The contract ${of} lists ${tool}, but the tool server ${server} has no such tool.`,
    );
  }
  if (pin === "changed") {
    return block(
      "E-TOOL-CHANGED",
      `${server}/${tool} is no longer what was pinned; someone has to look at the change first.`,
    );
  }
  return pass(`Listed in ${of}, tool unchanged since it was pinned`);
};

const policyGate: Gate = (_call, { argumentProblems }) => {
  const [first] = argumentProblems;
  if (first === undefined) return pass("Arguments fit the schema and the contract's constraints");
  const rest = argumentProblems.length > 1 ? ` (and ${argumentProblems.length - 1} more)` : "";
  return block("E-POLICY-ARGS", `The arguments do not fit: ${first}${rest}.`);
};

const dollars = (usd: number) => `$${usd.toFixed(6).replace(/0{1,4}$/, "")}`;

const budgetGate: Gate = (_call, { budget: { limits, usage }, contract }) => {
  const cost = contract.grant?.cost_per_call ?? 0;
  if (limits.calls !== null && usage.calls >= limits.calls) {
    return block("E-BUDGET-RUN", `The run has used all of its ${limits.calls} calls.`);
  }
  // Money is kept with six decimals; the tolerance is far below one of them.
  if (limits.costUsd !== null && usage.costUsd + cost > limits.costUsd + 1e-9) {
    return block(
      "E-BUDGET-RUN",
      `The call costs ${dollars(cost)} and the run has used ${dollars(usage.costUsd)} of ${dollars(limits.costUsd)}.`,
    );
  }
  const calls =
    limits.calls === null
      ? `call ${usage.calls + 1}`
      : `call ${usage.calls + 1} of ${limits.calls}`;
  const money =
    limits.costUsd === null ? "" : `, ${dollars(usage.costUsd)} of ${dollars(limits.costUsd)} used`;
  return pass(`${calls[0]?.toUpperCase()}${calls.slice(1)}${money}`);
};

/** Why a person is asked, in words. */
export function approvalRule(facts: GateFacts, tool: string): string {
  const { contract } = facts;
  return contract.grant?.approval === "always"
    ? `Contract ${contract.agentId} ${contract.version} says approval: always for ${tool}.`
    : `Contract ${contract.agentId} ${contract.version} lists ${tool} as a write, and a write needs a person.`;
}

const approvalGate: Gate = ({ tool }, facts) => {
  const { contract, question, run } = facts;
  if (!contract.grant || !needsApproval(contract.grant))
    return pass("No person is needed for this tool");
  const rule = approvalRule(facts, tool);
  if (run.is_shadow)
    return { outcome: "would_ask", code: null, reason: `${rule} A shadow run asks nobody.` };
  const ask = { outcome: "ask", code: "E-APPR-REQUIRED", reason: rule } as const;
  switch (question?.status) {
    case undefined:
      return ask;
    case "open":
      return question.isPast ? afterExpiry(question.answered, "Nobody decided in time.", ask) : ask;
    case "expired":
      return afterExpiry(question.answered, "Nobody decided in time.", ask);
    case "rejected":
      return block(
        "E-APPR-REJECTED",
        `A person said no to exactly this call: ${question.decidedBy}.`,
      );
    case "voided":
      return ask;
    case "approved":
      if (question.redeemed) return ask; // a repeat of a call that ran is a new question
      if (question.isPastRedeem)
        return afterExpiry(question.answered, "The approval was not used in time.", ask);
      return {
        outcome: "approved",
        code: null,
        reason: `Approved for exactly this call: ${question.decidedBy}`,
      };
  }
};

/** An expiry is told once; after that the same call may ask anew. */
function afterExpiry<A>(answered: boolean, reason: string, ask: A) {
  return answered ? ask : block("E-APPR-EXPIRED", `${reason} The call was not executed.`);
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
    const verdict: Verdict = {
      gate: (at + 1) as GateNumber,
      name: GATES[at] ?? "tenant",
      ...gate(call, facts),
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
