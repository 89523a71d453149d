import { z } from "zod";
import { exactObject, projectId, text, uuid } from "../platform/contract.ts";
import { asIssue, says } from "../platform/findings-contract.ts";
import { runStateSchema } from "../runs/contract.ts";

/** What a person may answer. */
export const DECISIONS = ["approve", "reject", "request_changes", "edit"] as const;
export type Decision = (typeof DECISIONS)[number];

const REASON_MAX = 4_000;

/** At most 4,000 characters: code points, as JSON Schema counts them, not the UTF-16 units of JavaScript. */
const reason = text(0, 2 * REASON_MAX)
  .refine((words) => [...words].length <= REASON_MAX, says("too_long", { max: REASON_MAX }))
  .meta({ maxLength: REASON_MAX });

const argsHash = z.string().regex(/^[0-9a-f]{64}$/, says("no_hash"));

export const decideBody = z
  .strictObject({
    project_id: projectId,
    decision: z.enum(DECISIONS),
    reason: reason
      .optional()
      .describe("Required for request_changes: it is what the agent is told"),
    approval_id: uuid.optional(),
    arguments: exactObject.optional().describe("For edit, and only there: what is to be executed"),
    args_hash: argsHash
      .optional()
      .describe(
        "The arguments decided about, as the list names them; 409 when they are others by now",
      ),
    approver_id: text(1, 200).optional(),
  })
  .superRefine((body, context) => {
    const wrong = (path: string, issue: ReturnType<typeof asIssue>) =>
      context.addIssue({ ...issue, path: [path] });
    if (body.decision === "edit" && body.arguments === undefined)
      wrong("arguments", asIssue("edit_needs_arguments"));
    if (body.decision !== "edit" && body.arguments !== undefined)
      wrong("arguments", asIssue("arguments_are_for_edit"));
    if (body.decision === "request_changes" && !body.reason?.trim())
      wrong("reason", asIssue("changes_need_reason"));
  });

export const decideAnswer = z.object({
  run_id: z.string(),
  decision: z.enum(DECISIONS),
  new_state: runStateSchema,
  approval_token_jti: z.string().nullable(),
});
export type DecideAnswer = z.infer<typeof decideAnswer>;

/** How many questions are decided at once, at most. */
const MANY_MAX = 100;

export const decideManyBody = z
  .strictObject({
    project_id: projectId,
    decision: z.enum(["approve", "reject"]),
    reason: reason.optional(),
    questions: z
      .array(
        z.strictObject({
          run_id: uuid,
          approval_id: uuid,
          args_hash: argsHash.describe("The arguments decided about, as the list names them"),
        }),
      )
      .min(1)
      .max(MANY_MAX)
      .describe("All of one tool, demanded by one rule"),
    approver_id: text(1, 200).optional(),
  })
  .superRefine(({ questions }, context) => {
    const seen = new Set<string>();
    questions.forEach(({ approval_id }, at) => {
      if (seen.has(approval_id)) {
        const path = ["questions", at, "approval_id"];
        context.addIssue({ ...asIssue("question_twice"), path });
      }
      seen.add(approval_id);
    });
  });
export type DecideManyBody = z.output<typeof decideManyBody>;

const refusal = z.object({
  status: z.number().int(),
  code: z.string(),
  title: z.string(),
  detail: z.string(),
});

export const decideManyAnswer = z.object({
  /** How many decisions were taken. */
  decided: z.number().int(),
  /** One for each question, in the order they were named in. */
  results: z.array(
    z.object({
      run_id: z.string(),
      approval_id: z.string(),
      /** What deciding it alone would have answered; null when it was refused. */
      answer: decideAnswer.nullable(),
      /** Why it was refused; null when it was decided. */
      problem: refusal.nullable(),
    }),
  ),
});
export type DecideManyAnswer = z.infer<typeof decideManyAnswer>;
