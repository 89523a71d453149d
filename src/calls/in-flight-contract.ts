import { z } from "zod";
import { paging, projectId, text } from "../platform/contract.ts";
import { inFlightCall } from "../tenants/freeze-contract.ts";

export const inFlightQuery = z.object({
  project_id: projectId.optional(),
  agent_id: text(1, 128).optional(),
  ...paging,
});

/** Calls under way, oldest first. */
export const inFlightList = z.object({
  calls: z.array(inFlightCall),
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});
