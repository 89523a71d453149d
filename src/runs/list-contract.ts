import { z } from "zod";
import {
  moment,
  money,
  paging,
  projectId,
  text,
  timestamp,
  wholeNumber,
} from "../platform/contract.ts";
import { says } from "../platform/findings-contract.ts";
import { runStateSchema } from "./contract.ts";

export const runListQuery = z
  .object({
    project_id: projectId.optional(),
    state: runStateSchema.optional(),
    agent_id: text(1, 128).optional(),
    is_shadow: z.enum(["true", "false"]).optional(),
    trigger_type: text(1, 128).optional(),
    created_after: moment.optional().describe("Runs created at this time or later"),
    created_before: moment.optional().describe("Runs created before this time"),
    q: text(1, 500)
      .optional()
      .describe(
        "The first characters of a run id (four or more); a whole trace id, trigger reference or error code; or words of the title, the error or a message, each from its beginning",
      ),
    sort: z
      .enum(["created_at", "completed_at", "timeout_at", "cost_usd"])
      .default("created_at")
      .describe("What has no end or deadline yet sorts as still to come"),
    order: z.enum(["desc", "asc"]).default("desc"),
    page: wholeNumber(1, 1_000_000).optional(),
    per_page: wholeNumber(1, 200).optional(),
    ...paging,
  })
  .refine((query) => query.page === undefined || query.cursor === undefined, {
    path: ["page"],
    message: says("page_or_cursor"),
  });
export type RunListQuery = z.infer<typeof runListQuery>;

/** What each gate said about a call, in order. */
const verdictsSchema = z.array(z.record(z.string(), z.unknown()));

const listedRun = z.object({
  run_id: z.string(),
  project_id: z.string(),
  agent_id: z.string(),
  state: runStateSchema,
  is_shadow: z.boolean(),
  cost_usd: money,
  step_count: z.number().int(),
  created_at: timestamp,
  timeout_at: timestamp.nullable(),
  title: z.string(),
  started_at: timestamp.nullable(),
  completed_at: timestamp.nullable(),
  trigger_type: z.string().nullable(),
  error_code: z.string().nullable(),
  driver: z.enum(["worker", "client"]),
  /** The newest call of the run. */
  last_call: z
    .object({
      tool_name: z.string(),
      result_status: z.string(),
      block_gate: z.number().int().min(1).max(5).nullable(),
      verdicts: verdictsSchema,
    })
    .nullable(),
});
export type ListedRun = z.infer<typeof listedRun>;

export const runListAnswer = z.object({
  runs: z.array(listedRun),
  total: z.number().int(),
  page: z.number().int(),
  per_page: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable().describe("Leads further in the order asked for"),
  prev_cursor: z.string().nullable().describe("Leads back towards the beginning"),
});
