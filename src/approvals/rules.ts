import type { Decision } from "./contract.ts";

const LINE_MAX = 128;

function compact(value: string): string {
  return value
    .replace(/\s+/gu, " ")
    .trim()
    .replace(/[\\;=]/gu, (sign) => `\\${sign}`);
}

/**
 * The line a decision leaves in the journal: `approver=…; decision=…; reason=…`, single spaces, `;` and `=` inside the
 * values escaped with a backslash, at most 128 code points (127 and `…`).
 */
export function decisionLine(approver: string, decision: Decision, reason: string): string {
  const line = `approver=${compact(approver)}; decision=${decision}; reason=${compact(reason)}`;
  const points = [...line];
  return points.length <= LINE_MAX ? line : `${points.slice(0, LINE_MAX - 1).join("")}…`;
}

/** How a question stands. */
type Outcome = "approved" | "rejected" | "changes_requested" | "open";

/**
 * What the decisions about a question's present arguments make of it: a rejection or a wish for changes ends it, `quorum` approvals complete
 * it. An edit approves what it edited.
 */
export function outcomeOf(decisions: readonly Decision[], quorum: number): Outcome {
  if (decisions.includes("reject")) return "rejected";
  if (decisions.includes("request_changes")) return "changes_requested";
  return decisions.length >= quorum ? "approved" : "open";
}

/** The exact call an approval is for; every field is bound into its token. */
export interface ExactCall {
  projectId: string;
  runId: string;
  callKey: string;
  server: string;
  tool: string;
  /** SHA-256 of the canonical arguments (RFC 8785): those to be executed, where a person has edited them. */
  argsHash: string;
  revisionId: string;
  /** Hash of the contract revision's body. */
  contractHash: string;
}

/** What an approval was signed for. */
export interface ApprovedCall extends Omit<ExactCall, "revisionId"> {
  /** Approvals of the release before this one name only the hash of its body. */
  revisionId?: string | undefined;
}

/** The first field in which two calls differ, by the name a person knows; undefined when they are the same. */
export function firstDifference(approved: ApprovedCall, call: ExactCall): string | undefined {
  const names: Record<keyof ExactCall, string> = {
    projectId: "project",
    runId: "run",
    callKey: "step",
    server: "tool server",
    tool: "tool",
    argsHash: "arguments",
    revisionId: "contract revision",
    contractHash: "contract",
  };
  const fields = Object.keys(names) as (keyof ExactCall)[];
  const isBound = (field: keyof ExactCall) =>
    field !== "revisionId" || approved.revisionId !== undefined;
  const differing = fields.find((field) => isBound(field) && approved[field] !== call[field]);
  return differing && names[differing];
}
