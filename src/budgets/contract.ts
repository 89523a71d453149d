import { z } from "zod";
import { projectId, text } from "../platform/contract.ts";

/** What a model cost an agent: booked on its run. */
export const usageBody = z.strictObject({
  project_id: projectId.optional(),
  cost_usd: z.number().min(0).max(1_000_000),
  model: text(1, 200).optional(),
  input_tokens: z.number().int().min(0).max(1e12).optional(),
  output_tokens: z.number().int().min(0).max(1e12).optional(),
});
export type Usage = Omit<z.output<typeof usageBody>, "project_id">;

export const usageAnswer = z.object({
  run_id: z.string(),
  project_id: z.string(),
  cost_usd: z.number(),
});
