import { z } from "zod";
import { anyJson, projectId, text } from "../platform/contract.ts";
import { says } from "../platform/findings-contract.ts";

/** The states of a run; the last four are final. */
export const RUN_STATES = [
  "pending",
  "running",
  "waiting_approval",
  "completed",
  "failed",
  "cancelled",
  "timed_out",
] as const;
export type RunState = (typeof RUN_STATES)[number];

/** What can happen to a run. */
export const RUN_EVENTS = [
  "claim",
  "wait",
  "resume",
  "release",
  "complete",
  "fail",
  "cancel",
  "time_out",
] as const;
export type RunEvent = (typeof RUN_EVENTS)[number];

export const runStateSchema = z.enum(RUN_STATES);

const errorCode = text(1, 64).regex(/^[A-Za-z0-9._-]+$/, says("no_error_code"));

export const openRunBody = z.strictObject({
  project_id: projectId.optional(),
  title: text(1, 300).optional(),
  trigger_ref: text(1, 500).optional(),
  trace_id: z
    .string()
    .regex(/^[0-9a-f]{32}$/, says("no_trace_id"))
    .optional(),
  input: anyJson.optional(),
});

export const cancelRunBody = z.strictObject({
  project_id: projectId.optional(),
  reason: text(1, 4_000),
});
export const retryRunBody = z.strictObject({ project_id: projectId.optional() });
export const completeRunBody = z.strictObject({
  project_id: projectId.optional(),
  result: anyJson.optional(),
});
export const failRunBody = z.strictObject({
  project_id: projectId.optional(),
  error_code: errorCode,
  error_detail: text(0, 4_000).optional(),
});
export const runRef = z.object({
  run_id: z.string(),
  project_id: z.string(),
  state: runStateSchema,
});
