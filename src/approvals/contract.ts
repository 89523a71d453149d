import { z } from "zod";
import { projectId, text, uuid } from "../platform/contract.ts";
import { runStateSchema } from "../runs/contract.ts";

/** What a person may answer. */
const DECISIONS = ["approve", "reject"] as const;
export type Decision = (typeof DECISIONS)[number];

const REASON_MAX = 4_000;

export const decideBody = z.strictObject({
  project_id: projectId,
  decision: z.enum(DECISIONS),
  reason: text(0, REASON_MAX).optional(),
  approval_id: uuid.optional(),
  approver_id: text(1, 200).optional(),
});

export const decideAnswer = z.object({
  run_id: z.string(),
  decision: z.enum(DECISIONS),
  new_state: runStateSchema,
  approval_token_jti: z.string().nullable(),
});
export type DecideAnswer = z.infer<typeof decideAnswer>;
