import type { ErrorCode } from "../platform/errors.ts";
import type { VerdictKey, VerdictParams } from "./contract.ts";

export const GATES = ["tenant", "contract", "policy", "budget", "approval"] as const;
export type GateName = (typeof GATES)[number];
export type GateNumber = 1 | 2 | 3 | 4 | 5;

/** What one gate said of one call; words are for a person, codes for a machine. */
export interface Verdict {
  gate: GateNumber;
  name: GateName;
  outcome: "pass" | "block" | "ask" | "would_ask" | "approved";
  code: ErrorCode | null;
  /** In English; `key` and `params` say it in any language (`verdictText`). */
  reason: string;
  key: VerdictKey;
  params: VerdictParams;
}
