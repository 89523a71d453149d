import { z } from "zod";
import { paging, projectId, text, timestamp, uuid } from "../platform/contract.ts";
import { asIssue, says } from "../platform/findings-contract.ts";

const SCOPES = ["agent", "project", "platform"] as const;
const reason = text(1, 500).refine((words) => words.trim() !== "", says("no_reason"));

/** What is to be stopped, and why: one agent of a project, a project, or everything. */
export const newFreezeBody = z
  .strictObject({
    scope: z.enum(SCOPES),
    project_id: projectId.optional(),
    agent_id: text(1, 128).optional(),
    reason,
  })
  .superRefine((body, context) => {
    const needs = { agent: ["project_id", "agent_id"], project: ["project_id"], platform: [] };
    for (const field of ["project_id", "agent_id"] as const) {
      const isNeeded = (needs[body.scope] as string[]).includes(field);
      if (isNeeded === (body[field] !== undefined)) continue;
      const code = isNeeded ? "freeze_needs" : "freeze_has_no";
      context.addIssue({ ...asIssue(code, { scope: body.scope }), path: [field] });
    }
  });
export type NewFreeze = z.infer<typeof newFreezeBody>;

export const liftBody = z.strictObject({ reason });

export const freezeParams = z.object({ freeze_id: uuid });

export const freezeListQuery = z.object({
  project_id: projectId.optional().describe("its freezes and those of its agents"),
  standing: z
    .enum(["true", "false"])
    .optional()
    .describe("true: those that hold now; false: those that were lifted"),
  ...paging,
});
export type FreezeListQuery = z.infer<typeof freezeListQuery>;

export const freezeSchema = z.object({
  freeze_id: z.string(),
  scope: z.enum(SCOPES),
  /** null when everything is frozen. */
  project_id: z.string().nullable(),
  agent_id: z.string().nullable(),
  held_by: z
    .enum(["project", "platform"])
    .describe("whose administrators may lift it: the project's own, or only the platform's"),
  reason: z.string(),
  frozen_at: timestamp,
  frozen_by: z.string(),
  lifted_at: timestamp.nullable(),
  lifted_by: z.string().nullable(),
  lift_reason: z.string().nullable(),
});
export type Freeze = z.infer<typeof freezeSchema>;

/** A call that a tool server has been sent, or is about to be, and that has not come back. */
export const inFlightCall = z.object({
  call_id: z.string(),
  project_id: z.string(),
  run_id: z.string(),
  agent_id: z.string(),
  server: z.string().nullable(),
  tool_name: z.string(),
  effect: z.enum(["read", "write"]),
  started_at: timestamp,
  /** When it is given up: a write is `unknown` from then on. */
  deadline_at: timestamp.nullable(),
});
export type InFlightCall = z.infer<typeof inFlightCall>;

/** The freeze as it stands, and the calls that had got through before it: oldest first, the first 200 of them. */
export const frozenSchema = freezeSchema.extend({
  in_flight: z.array(inFlightCall),
  in_flight_total: z.number().int(),
});
export type Frozen = z.infer<typeof frozenSchema>;

/** The lifted freeze, and what keeps its scope, or a part of it, frozen all the same. */
export const liftedSchema = freezeSchema.extend({ still_standing: z.array(freezeSchema) });
export type Lifted = z.infer<typeof liftedSchema>;

export const freezeListSchema = z.object({
  freezes: z.array(freezeSchema),
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});
