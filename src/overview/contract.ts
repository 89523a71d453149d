import { z } from "zod";
import { projectId, timestamp } from "../platform/contract.ts";

const count = z.number().int().min(0);
const milliseconds = z.number().int().min(0);

export const overviewQuery = z.object({
  project_id: projectId.optional(),
  hours: z.coerce
    .number()
    .int()
    .min(1)
    .max(168)
    .default(24)
    .describe("how far back it looks: at most 7 days"),
});
export type OverviewQuery = z.output<typeof overviewQuery>;

/** Runs that were created in a part of the time, by the state they are in now. */
const runsOfPart = z.object({
  at: timestamp.describe("when the part begins"),
  pending: count,
  running: count,
  waiting_approval: count,
  completed: count,
  failed: count,
  cancelled: count,
  timed_out: count,
});
export type RunsOfPart = z.output<typeof runsOfPart>;

const failedRun = z.object({
  run_id: z.string(),
  project_id: z.string(),
  agent_id: z.string(),
  title: z.string(),
  state: z.enum(["failed", "timed_out"]),
  error_code: z.string().nullable(),
  created_at: timestamp,
  completed_at: timestamp,
});

const stopsOfGate = z.object({
  gate: z.number().int().min(1).max(5),
  calls: count,
  /** What it stopped most often. */
  most: z.object({ server: z.string().nullable(), tool_name: z.string(), code: z.string() }),
  most_calls: count,
});

const unhealthyServer = z.object({
  project_id: z.string(),
  server_id: z.string(),
  state: z.enum(["down", "backing_off", "breaker_open"]),
  error_code: z.string().nullable(),
  error_message: z.string().nullable(),
  last_ok_at: timestamp.nullable(),
  next_try_at: timestamp.nullable(),
});

const changedTool = z.object({
  project_id: z.string(),
  server_id: z.string(),
  tool_name: z.string(),
  changed_at: timestamp,
});

const standingFreeze = z.object({
  freeze_id: z.string(),
  scope: z.enum(["agent", "project", "platform"]),
  project_id: z.string().nullable(),
  agent_id: z.string().nullable(),
  reason: z.string(),
  frozen_at: timestamp,
  frozen_by: z.string(),
});

/** The first of something, and how many there are of it, counted up to 1,000. */
const firstOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), total: count });

/** What one wants to know first, of one moment. Money is in US dollars. */
export const overviewAnswer = z.object({
  since: timestamp.describe("where the first part begins"),
  part_minutes: z.number().int().describe("how long each part of the time is"),
  is_complete: z
    .boolean()
    .describe("false when there is too much to count: then only the newest is counted"),
  working: z.object({ pending: count, running: count, waiting_approval: count }),
  runs: z.array(runsOfPart),
  failed_runs: firstOf(failedRun),
  stops: z.array(stopsOfGate),
  questions: z.object({
    open: count,
    approved: count,
    rejected: count,
    changes_requested: count,
    expired: count,
    voided: count,
    median_answer_seconds: z.number().nullable(),
  }),
  unhealthy_servers: firstOf(unhealthyServer),
  changed_tools: firstOf(changedTool),
  freezes: firstOf(standingFreeze),
  spend: firstOf(
    z.object({
      project_id: z.string(),
      display_name: z.string(),
      spent_usd: z.number(),
      reserved_usd: z.number(),
      limit_usd: z.number().nullable(),
    }),
  ),
  latency: z.array(
    z.object({
      at: timestamp,
      sampled_calls: count.describe("up to 40 calls of each server and part, 30 servers at most"),
      p50_ms: milliseconds,
      p95_ms: milliseconds,
      own_p50_ms: milliseconds.describe("without the tool server's own time"),
      own_p95_ms: milliseconds,
    }),
  ),
});
export type Overview = z.output<typeof overviewAnswer>;
