import type { Account } from "../budgets/index.ts";
import type { GateDecision, GateFacts } from "../gates/index.ts";
import type { LedgerRow } from "./ledger-rows.ts";

/** A call that is about to be sent: its row is there, its count and its money are reserved, before it is. */
export interface Begin {
  kind: "begin";
  row: LedgerRow;
  agentId: string;
  /** What gates 1 to 3 and 5 look at; the project, the run and the budget are read anew where the decision is written. */
  facts: GateFacts;
  accounts: readonly Account[];
  amountUsd: number;
  /** It has been sent already, and only shows: nothing can stop it any more. */
  isUnderWay?: boolean;
}

/** A call that has ended. */
export interface End {
  kind: "end";
  row: LedgerRow & { end: NonNullable<LedgerRow["end"]> };
  /** Its row is there and says `executing`. Without one it counts against its run's calls now. */
  hasBegun: boolean;
  accounts: readonly Account[];
  amountUsd: number;
  money: "spent" | "released";
}

/** What became of an item. */
export type Entered =
  | { kind: "executing" }
  | { kind: "blocked"; decision: GateDecision }
  | { kind: "ended" }
  /** The call has been declared lost before its end could be written. */
  | { kind: "lost" };

/** What is written into the record. */
export type Item = Begin | End;
