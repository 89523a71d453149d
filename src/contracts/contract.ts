import { z } from "zod";
import { paging, projectId, text, timestamp, uuid } from "../platform/contract.ts";
import { says } from "../platform/findings-contract.ts";
import { permissionChange, permissions } from "./change-contract.ts";

/** What kinds of thing a contract can be about. */
export const FAMILIES = ["agent", "tool_server", "policy", "channel"] as const;
export type Family = (typeof FAMILIES)[number];

/** Where a revision is in its life. One revision of a contract is active at most. */
export const LIFECYCLE_STATUSES = [
  "draft",
  "review",
  "active",
  "deprecated",
  "retired",
  "rejected",
] as const;
export type LifecycleStatus = (typeof LIFECYCLE_STATUSES)[number];

/** What is done with a revision in the course of its life. */
export const LIFECYCLE_EVENTS = [
  "submit",
  "approve",
  "reject",
  "activate",
  "deprecate",
  "retire",
] as const;
export type LifecycleEvent = (typeof LIFECYCLE_EVENTS)[number];

/** How a revision differs from the one that was active before it: the first ever, any other, a wider one. */
export const CHANGE_LEVELS = ["initial", "minor", "major"] as const;
export type ChangeLevel = (typeof CHANGE_LEVELS)[number];

/** The most documents that one request may apply. */
const MAX_DOCUMENTS = 200;

/** What `POST /contracts/apply` takes. The documents are checked one by one, so that every error is reported. */
export const applyRequest = z.strictObject({
  documents: z.array(z.unknown()).min(1).max(MAX_DOCUMENTS),
  project_id: projectId.optional(),
  dry_run: z.boolean().default(false),
  prune: z
    .boolean()
    .default(false)
    .describe(
      "Also take out of use what is active in the named projects and not among the documents",
    ),
  expected_plan: z
    .string()
    .regex(/^[0-9a-f]{64}$/, says("no_plan"))
    .optional()
    .describe("Refuse (409) unless exactly the plan of an earlier dry run would be carried out"),
});

/** What became of one applied document. */
const applyResult = z.object({
  project_id: z.string(),
  contract_id: z.string(),
  contract_family: z.enum(FAMILIES),
  revision_id: uuid.nullable(),
  version: z.string(),
  /** `submitted`: it waits for another person to approve it. */
  status: z.enum(["created", "changed", "unchanged", "submitted"]),
  /** Compared with what was active; null when nothing changes. */
  change_level: z.enum(CHANGE_LEVELS).nullable(),
  /** Why the change is a major one. */
  reasons: z.array(permissionChange),
  permissions,
  warnings: z.array(z.string()),
});
export type ApplyResult = z.infer<typeof applyResult>;

/** A contract that was active and that no document described. */
const prunedContract = z.object({
  project_id: z.string(),
  contract_id: z.string(),
  contract_family: z.enum(FAMILIES),
  revision_id: uuid,
  version: z.string(),
});
export type PrunedContract = z.infer<typeof prunedContract>;

export const applyResponse = z.object({
  results: z.array(applyResult),
  pruned: z.array(prunedContract),
  /** Names what was done or would be done, for `expected_plan`. */
  plan: z.string(),
});
export type ApplyResponse = z.infer<typeof applyResponse>;

export const contractsQuery = z.object({
  project_id: projectId.optional(),
  lifecycle_status: z.enum(LIFECYCLE_STATUSES).optional(),
  contract_family: z.enum(FAMILIES).optional(),
  contract_id: text(1, 128).optional(),
  ...paging,
});
export type ContractsQuery = z.infer<typeof contractsQuery>;

/** A revision as lists show it. */
export const revisionItem = z.object({
  revision_id: uuid,
  contract_id: z.string(),
  contract_family: z.enum(FAMILIES),
  lifecycle_status: z.enum(LIFECYCLE_STATUSES),
  body_hash: z.string(),
  version_major: z.number().int(),
  version_minor: z.number().int(),
  created_at: timestamp,
  project_id: z.string(),
});
export type RevisionItem = z.infer<typeof revisionItem>;

export const contractsResponse = z.object({
  contracts: z.array(revisionItem),
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});
export type ContractsResponse = z.infer<typeof contractsResponse>;
