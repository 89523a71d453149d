import type { Response } from "@cedar-policy/cedar-wasm/nodejs";
import { redact } from "../platform/redact.ts";
import type { PolicyDenial, PolicyFact } from "./facts.ts";
import type { Demand } from "./policy-text.ts";

/** What is known of a set's policies, by their names: `guardrails 1.2 @no-deletes`. */
export interface NamedPolicies {
  effects: ReadonlyMap<string, "permit" | "forbid">;
  /** The permits that let nothing through without a person's yes. */
  demands: ReadonlyMap<string, Demand>;
  /** SHA-256 of the list of the revisions' body hashes. */
  hash: string;
}

const NAMED_MAX = 3;
const PROBLEM_MAX = 300;

/**
 * What follows from Cedar's answer: as Cedar decides, except that a `forbid` that could not be evaluated denies too,
 * and that a permit which demands a person's yes demands it also where it could not be evaluated.
 */
export function factOf(response: Response, { effects, demands, hash }: NamedPolicies): PolicyFact {
  const { decision, diagnostics } = response;
  const errors = [...diagnostics.errors].sort((a, b) => (a.policyId < b.policyId ? -1 : 1));
  if (decision === "deny" && diagnostics.reason.length > 0) {
    return denied("forbidden", diagnostics.reason);
  }
  const failed = errors.filter(({ policyId }) => effects.get(policyId) !== "permit");
  if (failed.length > 0) return failedTo("forbid_failed", failed);
  if (decision === "allow") {
    const all = [...diagnostics.reason, ...errors.map(({ policyId }) => policyId)];
    const demanding = all.filter((policy) => demands.has(policy)).sort();
    const by = named(diagnostics.reason);
    if (demanding.length === 0) return { decision: "permit", by, hash };
    const words = demanding.flatMap((policy) => demands.get(policy) ?? []);
    const because = words.find(({ reason }) => reason !== "") ?? { reason: "", reasonZhTw: "" };
    return { decision: "permit", by, hash, asks: { by: named(demanding), ...because } };
  }
  if (errors.length > 0) return failedTo("permit_failed", errors);
  return denied("not_permitted", []);
}

function failedTo(why: PolicyDenial, errors: Response["diagnostics"]["errors"]): PolicyFact {
  return denied(
    why,
    errors.map(({ policyId }) => policyId),
    errors[0]?.error.message,
  );
}

/** A denial by the policies with these names. */
export function denied(
  why: PolicyDenial,
  policies: readonly string[],
  problem = "",
): PolicyFact & { decision: "deny" } {
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
