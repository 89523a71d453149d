import type { GateNumber, Verdict } from "../../app/api.ts";
import type { Mark } from "../../ui/pips.tsx";

export const GATES = [1, 2, 3, 4, 5] as const satisfies GateNumber[];

export function markOf(verdict: Verdict | undefined): Mark {
  if (verdict === undefined) return "off";
  return verdict.code === "E-APPR-REJECTED" ? "rejected" : verdict.outcome;
}

/** The verdict of the gate that did more than let the call pass. */
export const tellingVerdict = (verdicts: readonly Verdict[]): Verdict | undefined =>
  verdicts.find((verdict) => verdict.outcome !== "pass");

/** One mark per gate, in order; a gate without a verdict was not reached. */
export function marksOf(verdicts: readonly Verdict[]): Mark[] {
  return GATES.map((gate) => markOf(verdicts.find((v) => v.gate === gate)));
}

export type Saying =
  | { kind: "passed" | "none" }
  | {
      kind: "blocked" | "asks" | "asked" | "approved" | "rejected" | "would_ask" | "reached";
      gate: GateNumber;
    };

const TELLING = {
  block: "blocked",
  rejected: "rejected",
  ask: "asks",
  approved: "approved",
  would_ask: "would_ask",
} as const;

/**
 * What five marks say in words: the first gate that did more than pass rules.
 *
 * @param isOver the call has ended, so that nobody is waited for any more
 */
export function sayingOf(verdicts: readonly Verdict[], isOver = false): Saying {
  const marks = marksOf(verdicts);
  for (const gate of GATES) {
    const mark = marks[gate - 1];
    if (mark === "ask" && isOver) return { kind: "asked", gate };
    if (mark && mark !== "pass" && mark !== "off") return { kind: TELLING[mark], gate };
  }
  const last = GATES.findLast((gate) => marks[gate - 1] === "pass");
  if (last === undefined) return { kind: "none" };
  return last === 5 ? { kind: "passed" } : { kind: "reached", gate: last };
}
