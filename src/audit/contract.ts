import { z } from "zod";
import { moment, paging, projectId, text, timestamp } from "../platform/contract.ts";

export const auditListQuery = z.object({
  project_id: projectId.optional(),
  actor: text(1, 200).optional().describe("Who did it, by the name that is shown"),
  action: text(1, 128).optional().describe("What was done, as `run.approval.approve`"),
  target: text(1, 300).optional().describe("The id of what it was done to"),
  created_after: moment.optional().describe("Entries of this time or later"),
  created_before: moment.optional().describe("Entries before this time"),
  ...paging,
});
export type AuditListQuery = z.infer<typeof auditListQuery>;

const auditEntrySchema = z.object({
  audit_id: z.string(),
  /** `_platform` for what belongs to no tenant. */
  project_id: z.string(),
  at: timestamp,
  actor: z.object({ kind: z.enum(["key", "worker", "system", "agent"]), id: z.string() }),
  action: z.string(),
  target: z.object({ kind: z.string(), id: z.string() }),
  /** Facts without free text and personal data. */
  details: z.record(z.string(), z.unknown()),
  /** Free text and personal data; null where there was none, and once it was erased. */
  private: z.record(z.string(), z.unknown()).nullable(),
  /** SHA-256 of `private` (RFC 8785) as it was written; it stays when that is erased. */
  private_hash: z.string().nullable(),
  is_erased: z.boolean(),
});
export type AuditLogEntry = z.infer<typeof auditEntrySchema>;

export const auditListAnswer = z.object({
  entries: z.array(auditEntrySchema),
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});
