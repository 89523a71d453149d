import { z } from "zod";
import { exactObject, projectId, text, timestamp, uuid } from "../platform/contract.ts";

/** A tool call of an agent that does not speak MCP. */
export const toolCallBody = z.strictObject({
  project_id: projectId.optional(),
  run_id: uuid
    .optional()
    .describe("A run that this key has opened; its open run, or a new one, unless given"),
  server: text(1, 128)
    .optional()
    .describe("Needed only where two tool servers have a tool of this name"),
  tool: text(1, 256).describe("As the contract, or `tools/list`, names it"),
  arguments: exactObject.optional().describe("{} unless given"),
  reason: text(0, 2_000)
    .optional()
    .describe("Why, in the agent's own words; shown to people as such, unchecked"),
});

const made = { call_id: z.string(), run_id: z.string() };

/** The tool has answered. */
export const toolCallResult = z.object({
  ...made,
  status: z.literal("result"),
  result: z
    .record(z.string(), z.unknown())
    .describe("The tool's `CallToolResult` as it came, `isError` included"),
  simulated: z.boolean().describe("A shadow run: nothing was sent to the tool"),
  edited_arguments: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe("What was executed in place of the arguments asked for, where a person edited them"),
});

/** A person has to decide first; nothing was executed. */
export const toolCallPending = z.object({
  ...made,
  status: z.literal("pending"),
  approval_id: z.string(),
  expires_at: timestamp,
});
