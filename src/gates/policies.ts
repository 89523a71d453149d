import type { Response, StatefulAuthorizationCall } from "@cedar-policy/cedar-wasm/nodejs";
import { redact } from "../platform/redact.ts";
import type { PolicyDenial, PolicyFact } from "./facts.ts";
import { type PolicyCall, policyContext, Unreadable } from "./policy-context.ts";
import { type Answer, createPolicySets, type PolicyRevision } from "./policy-sets.ts";

export interface Policies {
  /** Whether these revisions, together, are known already, so that their bodies are not needed. */
  knows(revisions: readonly PolicyRevision[]): boolean;
  /**
   * What the policies of all the revisions together say of a call: one `forbid` denies, else one `permit` permits, else
   * it is denied, as Cedar decides. Unlike Cedar, a `forbid` that could not be evaluated denies too. Nothing that could
   * not be decided is permitted.
   *
   * @param revisions all the project's active ones; those that `knows` does not know with their bodies
   */
  decide(revisions: readonly PolicyRevision[], call: PolicyCall): PolicyFact;
}

const REVISIONS_MAX = 50;
const NAMED_MAX = 3;
const PROBLEM_MAX = 300;

/** Policies, parsed once and kept as long as they are used. */
export function createPolicies(): Policies {
  const sets = createPolicySets();
  return {
    // There is nothing to read where there are too many.
    knows: (revisions) => revisions.length > REVISIONS_MAX || sets.has(revisions),
    decide(revisions, call) {
      if (revisions.length === 0) return { decision: "unpoliced" };
      if (revisions.length > REVISIONS_MAX) {
        return denied("unusable", [], `more than ${REVISIONS_MAX} policy contracts are active`);
      }
      try {
        return factOf(sets.ask(revisions, questionOf(call)));
      } catch (error) {
        if (error instanceof Unreadable) return denied("unreadable", [], error.message);
        throw error;
      }
    },
  };
}

function questionOf(call: PolicyCall): Omit<StatefulAuthorizationCall, "preparsedPolicySetId"> {
  const action = { type: "Action", id: call.effect };
  const resource = { type: "Tool", id: `${call.server}/${call.tool}` };
  return {
    principal: { type: "Agent", id: call.agent },
    action,
    resource,
    context: policyContext(call),
    entities: [
      { uid: action, attrs: {}, parents: [{ type: "Action", id: "call" }] },
      { uid: resource, attrs: {}, parents: [{ type: "Server", id: call.server }] },
    ],
  };
}

function factOf(answer: Answer): PolicyFact {
  if (answer.kind === "unusable") return denied("unusable", [], answer.problem);
  const { response, effects, hash } = answer;
  const { decision, diagnostics } = response;
  const isForbid = (policy: string) => effects.get(policy) !== "permit";
  if (decision === "deny" && diagnostics.reason.length > 0) {
    return denied("forbidden", diagnostics.reason);
  }
  const failed = diagnostics.errors.filter(({ policyId }) => isForbid(policyId));
  if (failed.length > 0) return failedTo("forbid_failed", failed);
  if (decision === "allow") return { decision: "permit", by: named(diagnostics.reason), hash };
  if (diagnostics.errors.length > 0) return failedTo("permit_failed", diagnostics.errors);
  return denied("not_permitted", []);
}

function failedTo(why: PolicyDenial, errors: Response["diagnostics"]["errors"]): PolicyFact {
  return denied(
    why,
    errors.map(({ policyId }) => policyId),
    errors[0]?.error.message,
  );
}

function denied(why: PolicyDenial, policies: readonly string[], problem = ""): PolicyFact {
  // An error may quote an argument.
  const shown = redact(problem);
  return {
    decision: "deny",
    why,
    by: named(policies),
    problem: shown.length > PROBLEM_MAX ? `${shown.slice(0, PROBLEM_MAX - 1)}…` : shown,
  };
}

function named(policies: readonly string[]): string {
  const sorted = [...policies].sort();
  const more = sorted.length - NAMED_MAX;
  return `${sorted.slice(0, NAMED_MAX).join(", ")}${more > 0 ? ` (+${more})` : ""}`;
}
