import { z } from "zod";
import { paging, projectId, text, timestamp, uuid } from "../platform/contract.ts";
import { says } from "../platform/findings-contract.ts";
import { RUN_STATES } from "./contract.ts";
import { runListQuery } from "./list-contract.ts";

/** The most runs that one action may take. */
export const MOST_RUNS = 100_000;

/** The most runs that can be named one by one. */
const MOST_NAMED = 500;

/** The filters of the list of runs, and runs by name; a name it does not know is refused, for it would choose more than was meant. */
const bulkFilter = z.strictObject({
  state: runListQuery.shape.state,
  agent_id: runListQuery.shape.agent_id,
  is_shadow: z.boolean().optional(),
  trigger_type: runListQuery.shape.trigger_type,
  created_after: runListQuery.shape.created_after,
  created_before: runListQuery.shape.created_before,
  q: runListQuery.shape.q,
  run_ids: z.array(uuid).min(1).max(MOST_NAMED).optional().describe("Only these runs"),
});
export type BulkFilter = z.infer<typeof bulkFilter>;

export const newBulkBody = z
  .strictObject({
    project_id: projectId,
    action: z.enum(["cancel", "retry"]),
    filter: bulkFilter,
    reason: text(1, 4_000),
    all: z
      .literal(true)
      .optional()
      .describe("Needed with an empty filter: all runs of the project"),
    at_most: z
      .number()
      .int()
      .min(1)
      .max(MOST_RUNS)
      .default(MOST_RUNS)
      .describe("Refuse when more runs match than this"),
    dry_run: z.boolean().default(false).describe("Only say how many runs match; change nothing"),
  })
  .refine(({ filter, all }) => all || Object.values(filter).some((value) => value !== undefined), {
    path: ["filter"],
    message: says("filter_needed"),
  });
export type NewBulkBody = z.infer<typeof newBulkBody>;

const bulkStatus = z.enum(["queued", "running", "done"]);

export const bulkSchema = z.object({
  bulk_id: z.string(),
  project_id: z.string(),
  /** `void` is the server's own: a deactivated project's questions. */
  action: z.enum(["cancel", "retry", "void"]),
  filter: bulkFilter,
  reason: z.string(),
  status: bulkStatus,
  /** Who asked for it. */
  actor: z.string(),
  total_count: z.number().int(),
  changed_count: z.number().int(),
  refused_count: z.number().int(),
  /** How many runs are still to be dealt with. */
  remaining_count: z.number().int(),
  /** How long that will take if it goes on as so far, in seconds; null until it can be told. */
  remaining_seconds: z.number().int().nullable(),
  created_at: timestamp,
  started_at: timestamp.nullable(),
  completed_at: timestamp.nullable(),
});
export type Bulk = z.infer<typeof bulkSchema>;

export const dryRunSchema = z.object({
  dry_run: z.literal(true),
  total_count: z.number().int(),
  /** False: there are more than were counted. */
  total_is_exact: z.boolean(),
  /** How many are in each state. */
  states: z.object(
    Object.fromEntries(RUN_STATES.map((state) => [state, z.number().int()])) as Record<
      (typeof RUN_STATES)[number],
      z.ZodNumber
    >,
  ),
});
export type DryRun = z.infer<typeof dryRunSchema>;

export const bulkParams = z.object({ bulk_id: uuid });

export const bulkListQuery = z.object({
  project_id: projectId.optional(),
  status: bulkStatus.optional(),
  ...paging,
});

const ofList = {
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
};

export const bulkListAnswer = z.object({ bulk_actions: z.array(bulkSchema), ...ofList });

const outcome = z.enum(["waiting", "changed", "refused"]);

export const bulkResultsQuery = z.object({ outcome: outcome.optional(), ...paging });

export const bulkResultsAnswer = z.object({
  results: z.array(
    z.object({
      run_id: z.string(),
      outcome,
      /** Why it was refused, as a code of docs/errors.md and in words. */
      code: z.string().nullable(),
      detail: z.string().nullable(),
      /** The run that a retry made. */
      new_run_id: z.string().nullable(),
      at: timestamp.nullable(),
    }),
  ),
  ...ofList,
});
export type BulkResult = z.infer<typeof bulkResultsAnswer>["results"][number];
