import { z } from "zod";
import {
  MIGRATION_MODES,
  moment,
  paging,
  projectId,
  text,
  timestamp,
} from "../platform/contract.ts";
import { asIssue, says } from "../platform/findings-contract.ts";

/** What a key may do, from least to most; an `agent` key works through the gateway only. */
const ROLES = ["viewer", "operator", "admin", "agent"] as const;
export type Role = (typeof ROLES)[number];

export const signInBody = z.strictObject({ key: text(1, 400) });

/** Who is signed in, and the projects they may see (at most 1,000, by project_id). */
export const sessionSchema = z.object({
  actor: z.object({ id: z.string(), kind: z.string(), name: z.string() }),
  role: z.enum(ROLES),
  is_platform: z.boolean(),
  projects: z.array(
    z.object({
      project_id: z.string(),
      display_name: z.string(),
      migration_mode: z.enum(MIGRATION_MODES),
      is_active: z.boolean(),
    }),
  ),
});
export type Session = z.infer<typeof sessionSchema>;

/** A new key. Without `project_ids` it opens every project, which only a platform admin may give. */
export const newKeyBody = z
  .strictObject({
    name: text(1, 200).refine((name) => !name.startsWith("system:"), says("name_of_the_server")),
    role: z.enum(ROLES),
    project_ids: z.array(projectId).min(1).max(100).nullable().optional(),
    agent_id: text(1, 128).nullable().optional(),
    hold_seconds: z.number().int().min(0).max(50).default(4),
    may_act_for_others: z.boolean().default(false),
    expires_at: moment.nullable().optional(),
    held_by: text(1, 200)
      .nullable()
      .optional()
      .describe(
        "for an agent's key: the member who works through it, and so asks for what it calls",
      ),
  })
  .superRefine((body, context) => {
    const refuse = (field: string, issue: ReturnType<typeof asIssue>) =>
      context.addIssue({ ...issue, path: [field] });
    if (body.role === "agent" && !body.agent_id) {
      refuse("agent_id", asIssue("key_needs_agent"));
    }
    if (body.role === "agent" && body.project_ids?.length !== 1) {
      refuse("project_ids", asIssue("key_of_one_project"));
    }
    if (body.role !== "agent" && body.agent_id) {
      refuse("agent_id", asIssue("key_without_agent"));
    }
    if (body.role !== "agent" && body.held_by) {
      refuse("held_by", asIssue("key_of_a_person"));
    }
    if (body.role === "agent" && body.may_act_for_others) {
      refuse("may_act_for_others", asIssue("key_acts_for_nobody"));
    }
  });
export type NewKey = z.infer<typeof newKeyBody>;

/** A key as it was made: the only time its secret is shown. */
export const newKeySchema = z.object({ key_id: z.string(), key: z.string() });

const keySchema = z.object({
  key_id: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  project_ids: z.array(z.string()).nullable(),
  agent_id: z.string().nullable(),
  hold_seconds: z.number().int(),
  may_act_for_others: z.boolean(),
  held_by: z.string().nullable(),
  created_at: timestamp,
  created_by: z.string(),
  expires_at: timestamp.nullable(),
  revoked_at: timestamp.nullable(),
  last_used_at: timestamp.nullable(),
});

export const keyListQuery = z.object({ ...paging });

export const keyListSchema = z.object({
  keys: z.array(keySchema),
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});
