import { z } from "zod";
import {
  groupName,
  moment,
  paging,
  projectId,
  text,
  timestamp,
  uuid,
} from "../platform/contract.ts";
import { says } from "../platform/findings-contract.ts";

const MEMBER_ROLES = ["viewer", "operator", "admin"] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

const memberId = text(1, 200).refine(
  (name) => !name.startsWith("system:"),
  says("name_of_the_server"),
);

const groups = z
  .array(groupName)
  .max(50)
  .transform((names) => [...new Set(names)].sort())
  .describe("the groups they are in, by name");

/** A new member of a project; keys that are named like it are theirs. */
export const newMemberBody = z.strictObject({
  project_id: projectId,
  member_id: memberId.describe("what their keys are named"),
  display_name: text(1, 200).optional(),
  role: z.enum(MEMBER_ROLES).default("operator").describe("the most that they may do here"),
  groups: groups.default([]),
});
export type NewMember = z.infer<typeof newMemberBody>;

export const memberPatch = z
  .strictObject({
    project_id: projectId,
    display_name: text(1, 200).optional(),
    role: z.enum(MEMBER_ROLES).optional(),
    groups: groups.optional(),
    is_active: z.boolean().optional(),
  })
  .refine((patch) => Object.keys(patch).length > 1, says("nothing_to_change"));
export type MemberPatch = z.infer<typeof memberPatch>;

export const memberParams = z.object({ member_id: text(1, 200) });
export const memberOfProject = z.object({ project_id: projectId });

export const memberListQuery = z.object({
  project_id: projectId.optional(),
  group: groupName.optional().describe("only those in this group"),
  is_active: z.enum(["true", "false"]).optional(),
  ...paging,
});
export type MemberListQuery = z.infer<typeof memberListQuery>;

export const memberSchema = z.object({
  project_id: z.string(),
  member_id: z.string(),
  display_name: z.string(),
  role: z.enum(MEMBER_ROLES),
  groups: z.array(z.string()),
  is_active: z.boolean(),
  created_at: timestamp,
  created_by: z.string(),
});
export type Member = z.infer<typeof memberSchema>;

export const memberListSchema = z.object({
  members: z.array(memberSchema),
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});

/** A right that is lent: whoever it is lent to may approve where the lender may, until it ends. */
export const newDelegationBody = z.strictObject({
  project_id: projectId,
  delegated_by: memberId.optional().describe("whose right; yours where it is left out"),
  delegated_to: memberId,
  group: groupName.optional().describe("only what they may as one of this group; else of any"),
  ends_at: moment.describe("at most 90 days from now"),
});
export type NewDelegation = z.infer<typeof newDelegationBody>;

export const delegationParams = z.object({ delegation_id: uuid });

export const delegationListQuery = z.object({
  project_id: projectId.optional(),
  standing: z
    .enum(["true", "false"])
    .optional()
    .describe("true: those that hold now; false: those that have ended or were revoked"),
  ...paging,
});
export type DelegationListQuery = z.infer<typeof delegationListQuery>;

export const delegationSchema = z.object({
  delegation_id: z.string(),
  project_id: z.string(),
  delegated_by: z.string(),
  delegated_to: z.string(),
  group: z.string().nullable(),
  created_at: timestamp,
  created_by: z.string(),
  ends_at: timestamp,
  revoked_at: timestamp.nullable(),
  revoked_by: z.string().nullable(),
  /** By the database's clock. */
  is_standing: z.boolean(),
});
export type Delegation = z.infer<typeof delegationSchema>;

export const delegationListSchema = z.object({
  delegations: z.array(delegationSchema),
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});
