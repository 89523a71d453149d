import { z } from "zod";
import { paging, projectId, text, timestamp, uuid } from "../platform/contract.ts";

/** What kinds of thing a contract can be about. */
export const FAMILIES = ["agent", "tool_server", "policy", "channel"] as const;
export type Family = (typeof FAMILIES)[number];

/** Where a revision is in its life. One revision of a contract is active at most. */
const LIFECYCLE_STATUSES = [
  "draft",
  "review",
  "active",
  "deprecated",
  "retired",
  "rejected",
] as const;
export type LifecycleStatus = (typeof LIFECYCLE_STATUSES)[number];

/** The most documents that one request may apply. */
const MAX_DOCUMENTS = 200;

/** What `POST /contracts/apply` takes. The documents are checked one by one, so that every error is reported. */
export const applyRequest = z.strictObject({
  documents: z
    .array(z.unknown())
    .min(1, "must hold at least one document")
    .max(MAX_DOCUMENTS, `must hold at most ${MAX_DOCUMENTS} documents`),
  project_id: projectId.optional(),
  dry_run: z.boolean().default(false),
});

/** What became of one applied document. */
const applyResult = z.object({
  project_id: z.string(),
  contract_id: z.string(),
  contract_family: z.enum(FAMILIES),
  revision_id: uuid.nullable(),
  version: z.string(),
  status: z.enum(["created", "changed", "unchanged"]),
  warnings: z.array(z.string()),
});
export type ApplyResult = z.infer<typeof applyResult>;

export const applyResponse = z.object({ results: z.array(applyResult) });

export const contractsQuery = z.object({
  project_id: projectId.optional(),
  lifecycle_status: z.enum(LIFECYCLE_STATUSES).optional(),
  contract_family: z.enum(FAMILIES).optional(),
  contract_id: text(1, 128).optional(),
  ...paging,
});
export type ContractsQuery = z.infer<typeof contractsQuery>;

/** A revision as lists show it. */
const revisionItem = z.object({
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
});
export type ContractsResponse = z.infer<typeof contractsResponse>;

/** A revision with what it says. */
export const revisionDetail = revisionItem.extend({ body: z.unknown(), created_by: z.string() });
export type RevisionDetail = z.infer<typeof revisionDetail>;
