import { z } from "zod";
import { money, paging, projectId, timestamp, uuid } from "../platform/contract.ts";
import { approversSchema, mayDecideSchema } from "./approver-contract.ts";
import { questionFacts } from "./question-contract.ts";

export const approvalListQuery = z.object({
  project_id: projectId.optional(),
  run_id: uuid.optional(),
  status: z
    .enum(["open", "closed"])
    .default("open")
    .describe(
      "open: what waits, oldest first; closed: what was decided, has expired or was withdrawn, newest first",
    ),
  ...paging,
});
export type ApprovalListQuery = z.infer<typeof approvalListQuery>;

/** What happens next while nobody answers a question. */
const nextStep = z.object({
  at: timestamp,
  /** Who is asked then as well; null where those that were asked are only reminded. */
  to_group: z.string().nullable(),
});

/** A question and what a person needs to answer it. */
export const openApproval = z.object({
  run_id: z.string(),
  project_id: z.string(),
  agent_id: z.string(),
  /** The run's. */
  created_at: timestamp,
  /** The run's. */
  timeout_at: timestamp.nullable(),
  approval_id: z.string(),
  tool: z.string(),
  server: z.string(),
  /** What a decision is about now. Redacted; the exact ones are what `args_hash` is of. */
  arguments: z.record(z.string(), z.unknown()),
  args_hash: z.string(),
  /** A person has put these arguments in the place of those the agent asked for. */
  edited: z.boolean(),
  /** Begins anew with each edit to other arguments; from 1. */
  round: z.number().int(),
  effect: z.enum(["read", "write"]),
  headline: z.string(),
  blast_radius: z.string().nullable(),
  estimate: z.string().nullable(),
  undoable: z.boolean().nullable(),
  /** The agent's own words, unchecked. */
  agent_reason: z.string().nullable(),
  /** Why a person is asked. */
  rule: z.string(),
  run_title: z.string(),
  asked_at: timestamp,
  expires_at: timestamp,
  next_step: nextStep.nullable(),
  /** How long after approval the call may be executed, in seconds. */
  redeem_seconds: z.number().int(),
  on_reject: z.enum(["cancel", "return"]),
  on_expire: z.enum(["cancel", "fail", "return"]),
  quorum: z.number().int(),
  decisions: z.array(
    z.object({
      actor: z.string(),
      decision: z.string(),
      reason: z.string().nullable(),
      at: timestamp,
      /** Whether it is about these arguments, and no edit that another person has to agree to first. */
      counts: z.boolean(),
    }),
  ),
  cost_usd: money,
  run_cost_usd: money,
  is_shadow: z.boolean(),
  /** By the database's clock. */
  expired: z.boolean(),
  verdicts: z.array(z.record(z.string(), z.unknown())),
  status: z.string(),
  approvers: approversSchema,
  may_decide: mayDecideSchema.nullable().describe("what the caller may do; null where nobody asks"),
  ...questionFacts,
});
export type OpenApproval = z.infer<typeof openApproval>;

export const approvalListAnswer = z.object({
  approvals: z.array(openApproval),
  total: z.number().int(),
  items: z.array(openApproval).describe("The same as `approvals`"),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});
