import { z } from "zod";
import { exactObject, projectId, text, uuid } from "../platform/contract.ts";
import { runStateSchema } from "../runs/contract.ts";

/** What a person may answer. */
export const DECISIONS = ["approve", "reject", "request_changes", "edit"] as const;
export type Decision = (typeof DECISIONS)[number];

const REASON_MAX = 4_000;

/** At most 4,000 characters: code points, as JSON Schema counts them, not the UTF-16 units of JavaScript. */
const reason = text(0, 2 * REASON_MAX)
  .refine((words) => [...words].length <= REASON_MAX, `must have at most ${REASON_MAX} characters`)
  .meta({ maxLength: REASON_MAX });

export const decideBody = z
  .strictObject({
    project_id: projectId,
    decision: z.enum(DECISIONS),
    reason: reason
      .optional()
      .describe("Required for request_changes: it is what the agent is told"),
    approval_id: uuid.optional(),
    arguments: exactObject.optional().describe("For edit, and only there: what is to be executed"),
    args_hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in 64 lower-case hex digits")
      .optional()
      .describe(
        "The arguments decided about, as the list names them; 409 when they are others by now",
      ),
    approver_id: text(1, 200).optional(),
  })
  .superRefine((body, context) => {
    const wrong = (path: string, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    if (body.decision === "edit" && body.arguments === undefined)
      wrong("arguments", "is needed for edit");
    if (body.decision !== "edit" && body.arguments !== undefined)
      wrong("arguments", "belongs to edit only");
    if (body.decision === "request_changes" && !body.reason?.trim())
      wrong("reason", "is needed for request_changes: it is what the agent is told");
  });

export const decideAnswer = z.object({
  run_id: z.string(),
  decision: z.enum(DECISIONS),
  new_state: runStateSchema,
  approval_token_jti: z.string().nullable(),
});
export type DecideAnswer = z.infer<typeof decideAnswer>;
