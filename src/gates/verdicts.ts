import type { ErrorCode } from "../platform/errors.ts";

export const GATES = ["tenant", "contract", "policy", "budget", "approval"] as const;
export type GateName = (typeof GATES)[number];
export type GateNumber = 1 | 2 | 3 | 4 | 5;

/** What one gate said of one call; reasons are for a person, codes for a machine. */
export interface Verdict {
  gate: GateNumber;
  name: GateName;
  outcome: "pass" | "block" | "ask" | "would_ask" | "approved";
  code: ErrorCode | null;
  reason: string;
}
