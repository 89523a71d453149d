import { z } from "zod";
import { projectId, timestamp, uuid, wholeNumber } from "../platform/contract.ts";
import { runStateSchema } from "../runs/contract.ts";

/** How long a request is held while a person thinks, in seconds, when it does not say. */
export const DEFAULT_WAIT_SECONDS = 25;

export const waitParams = z.object({ approval_id: uuid });
export const waitQuery = z.object({
  project_id: projectId.optional(),
  timeout_seconds: wholeNumber(0, 50)
    .optional()
    .describe(`How long to wait at most; ${DEFAULT_WAIT_SECONDS} unless given, 0 to look only`),
});

/** How a question stands, for whoever asked it and for whoever may see it. */
export const waitAnswer = z.object({
  approval_id: z.string(),
  run_id: z.string(),
  run_state: runStateSchema,
  status: z
    .enum(["open", "approved", "rejected", "changes_requested", "expired", "voided"])
    .describe("`open` when the time ran out first: ask again"),
  /** Who decided, and their words; why nobody can decide any more. */
  decided_by: z.string().nullable(),
  reason: z.string().nullable(),
  expires_at: timestamp,
  /** Until when the identical call is executed; null unless it is approved and has not been executed. */
  can_redeem_until: timestamp.nullable(),
});
export type WaitAnswer = z.infer<typeof waitAnswer>;
