import type { Standing } from "../budgets/index.ts";
import type { ToolGrant } from "../contracts/index.ts";
import type { MigrationMode } from "../platform/contract.ts";
import type { Template } from "../platform/words-contract.ts";
import type { RunState } from "../runs/index.ts";
import type { Freeze } from "../tenants/index.ts";

/** Everything the gates look at, read before they are asked; they read nothing themselves. */
export interface GateFacts {
  project: {
    project_id: string;
    is_active: boolean;
    /** It is not active, but runs that were under way may go on to their end. */
    drains: boolean;
    migration_mode: MigrationMode;
    /** What stops the agent, the project or everything; the widest of those that stand. */
    freeze: Pick<Freeze, "scope" | "frozen_by" | "frozen_at" | "reason"> | undefined;
  };
  run: { state: RunState; is_shadow: boolean; ofCaller: boolean };
  contract: {
    agentId: string;
    /** `1.3` */
    version: string;
    /** What the contract says of this tool; undefined when it does not list it. */
    grant: ToolGrant | undefined;
    /** The contract does not list the tool, but observes its server: the grant is what the server says of it. */
    isObserved?: boolean;
    /** Its runs go on, but what it says about asking people counts no more. */
    isRetired?: boolean;
  };
  /** The tool as it is pinned; `absent` when the tool server has no such tool. */
  pin: "pinned" | "changed" | "absent";
  /** Why the arguments don't fit, in words; empty when they do. */
  argumentProblems: readonly Template[];
  policy: PolicyFact;
  /** Where all that the call counts against stands, the run first; empty when nothing of it is limited. */
  budget: readonly Standing[];
  /** The newest question about exactly this call, if there is one. */
  question: QuestionFact | undefined;
}

/** What the project's policies say of the call. Policies are named with their revision: `guardrails 1.2 @no-deletes`. */
export type PolicyFact =
  /** The project has none. */
  | { decision: "unpoliced" }
  /** @param hash of all the policies that were asked: SHA-256 of the list of their body hashes */
  | { decision: "permit"; by: string; hash: string; asks?: PolicyAsks }
  | { decision: "deny"; why: PolicyDenial; by: string; problem: string };

/** Policies that permit a call only with a person's yes. */
export interface PolicyAsks {
  /** Their names. */
  by: string;
  /** Why, in the words of one of them; may be empty. */
  reason: string;
  reasonZhTw: string;
}

export type PolicyDenial =
  | "forbidden"
  /** A `forbid` could not be evaluated. */
  | "forbid_failed"
  | "not_permitted"
  /** No policy permits it, and some could not be evaluated. */
  | "permit_failed"
  /** The arguments can't be shown to policies. */
  | "unreadable"
  /** The policies themselves can't be used. */
  | "unusable";

export interface QuestionFact {
  status: "open" | "approved" | "rejected" | "changes_requested" | "expired" | "voided";
  /** Its time to decide is over. */
  isPast: boolean;
  /** Its time to be executed is over. */
  isPastRedeem: boolean;
  redeemed: boolean;
  /** The agent has been told how it ended. */
  answered: boolean;
  /** It was approved with other arguments than it was asked for with; they are the call's now. */
  edited: boolean;
  /** Who decided as it stands, and why, in words. */
  decidedBy: string;
}

/** The call at the gates. */
export interface GatedCall {
  server: string;
  tool: string;
}
