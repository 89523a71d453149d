import type { z } from "zod";
import type { DecideAnswer, DecideManyAnswer } from "../../../src/approvals/contract.ts";
import type { approvalListAnswer } from "../../../src/approvals/list-contract.ts";
import type { VerdictParams } from "../../../src/gates/contract.ts";
import type { Session } from "../../../src/identity/contract.ts";
import type { Bulk, bulkResultsAnswer, DryRun } from "../../../src/runs/bulk-contract.ts";
import type { RunState } from "../../../src/runs/contract.ts";
import type { runListAnswer } from "../../../src/runs/list-contract.ts";
import type { RunAnswer, timelineAnswer } from "../../../src/timeline/contract.ts";

/** The shapes of the operator API that the console reads. Times are RFC 3339 UTC, money is USD. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type GateNumber = 1 | 2 | 3 | 4 | 5;
export type GateOutcome = "pass" | "block" | "ask" | "would_ask" | "approved";

/** What a gate said; `verdictText` says it in the reader's language. */
export interface Verdict {
  gate: GateNumber;
  name: string;
  outcome: GateOutcome;
  code: string | null;
  reason: string;
  key?: string;
  params?: VerdictParams;
}

/** What the contracts leave open, because it is recorded JSON, as it arrives. */
type Wire<T> = unknown extends T
  ? Json
  : T extends readonly (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Key in keyof T]: Key extends "verdicts" ? Verdict[] : Wire<T[Key]> }
      : T;

export type { Bulk, DecideAnswer, DecideManyAnswer, DryRun, RunState, Session };
export type BulkResults = z.output<typeof bulkResultsAnswer>;
export type Project = Session["projects"][number];

export type RunList = Wire<z.output<typeof runListAnswer>>;
export type RunRow = RunList["runs"][number];

export type RunDetail = Wire<RunAnswer>;
export type Run = RunDetail["run"];
export type Call = RunDetail["mcp_calls"][number];
export type Step = RunDetail["steps"][number];

export type TimelinePage = Wire<z.output<typeof timelineAnswer>>;
export type TimelineItem = TimelinePage["items"][number];
export type ItemOf<Kind extends TimelineItem["kind"]> = Extract<TimelineItem, { kind: Kind }>;

export type ApprovalList = Wire<z.output<typeof approvalListAnswer>>;
export type Approval = ApprovalList["items"][number];

// Written again, because the contract's own list would bring its schemas into the console.
export const RUN_STATES = [
  "pending",
  "running",
  "waiting_approval",
  "completed",
  "failed",
  "cancelled",
  "timed_out",
] as const satisfies readonly RunState[];

export const isFinal = (state: RunState): boolean =>
  state === "completed" || state === "failed" || state === "cancelled" || state === "timed_out";
