import { z } from "zod";
import {
  fieldErrorSchema,
  findingSchema,
  projectId,
  text,
  timestamp,
  uuid,
} from "../platform/contract.ts";
import type { Finding } from "../platform/findings-contract.ts";
import { permissionChange, permissions } from "./change-contract.ts";
import {
  CHANGE_LEVELS,
  FAMILIES,
  LIFECYCLE_EVENTS,
  LIFECYCLE_STATUSES,
  revisionItem,
} from "./contract.ts";

const MAX_REASON = 4_000;

/** A contract as it is drafted or validated. What it says is checked by its family, so that every error is reported. */
export const draftRequest = z.strictObject({
  contract_family: z.enum(FAMILIES),
  contract_id: text(1, 128),
  project_id: projectId.optional().describe("May be left out when the key opens one project"),
  body: z.unknown().describe("What the family asks for"),
});
export type DraftRequest = z.output<typeof draftRequest>;

/** Why something is done with a revision; it stands in the revision's history. */
export const lifecycleRequest = z.strictObject({ reason: text(1, MAX_REASON).optional() });
export const rejectRequest = z.strictObject({ reason: text(1, MAX_REASON) });

/** A revision without its body. */
export const revisionHead = revisionItem.extend({
  created_by: z.string(),
  version: z.string(),
  /** What was active when it was drafted. */
  base_revision_id: uuid.nullable(),
  /** Compared with that. */
  change_level: z.enum(CHANGE_LEVELS),
  /** Why it is a major change: each permission that it widens. */
  change_reasons: z.array(permissionChange),
  /** Whether someone who may do so has approved it. */
  is_approved: z.boolean(),
});
export type RevisionHead = z.infer<typeof revisionHead>;

/** One thing that was done with a revision. */
const revisionTransition = z.object({
  event: z.enum(["create", ...LIFECYCLE_EVENTS]),
  from_status: z.enum(LIFECYCLE_STATUSES).nullable(),
  to_status: z.enum(LIFECYCLE_STATUSES),
  actor_kind: z.string(),
  actor_id: z.string(),
  reason: z.string().nullable(),
  at: timestamp,
});
export type RevisionTransition = z.infer<typeof revisionTransition>;

/** A revision with what it says, and how it came to be what it is: the last 100 transitions, oldest first. */
export const revisionDetail = revisionHead.extend({
  body: z.unknown(),
  transitions: z.array(revisionTransition),
});
export type RevisionDetail = z.infer<typeof revisionDetail>;

/** What is worth saying of a contract that is valid: `warnings` in English, `notes` the same with their codes. */
const remarks = { warnings: z.array(z.string()), notes: z.array(findingSchema) };

/** What was found, as answers say it. */
export function remarksOf(notes: Finding[]): { warnings: string[]; notes: Finding[] } {
  return { warnings: notes.map(({ message }) => message), notes };
}

/** A new draft, with what its author should know. */
export const draftResponse = revisionHead.extend({ permissions, ...remarks });
export type DraftResponse = z.infer<typeof draftResponse>;

/** What would be said of a draft. The version and what it changes are null while it is not valid. */
export const validateResponse = z.object({
  valid: z.boolean(),
  errors: z.array(fieldErrorSchema),
  ...remarks,
  version: z.string().nullable(),
  change_level: z.enum(CHANGE_LEVELS).nullable(),
  change_reasons: z.array(permissionChange),
  permissions,
});
export type ValidateResponse = z.infer<typeof validateResponse>;

/** How revision `to` differs from revision `from`. */
export const diffResponse = z.object({
  from: revisionHead,
  to: revisionHead,
  /** `major` exactly when `reasons` are not empty. */
  level: z.enum(["minor", "major"]),
  permissions,
  reasons: z.array(permissionChange),
  /** RFC 6902: makes the body of `to` out of the body of `from`. */
  patch: z.array(
    z.object({
      op: z.enum(["add", "remove", "replace"]),
      path: z.string(),
      value: z.unknown().optional(),
    }),
  ),
});
export type DiffResponse = z.infer<typeof diffResponse>;
