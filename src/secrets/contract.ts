import { z } from "zod";
import { paging, projectId, text, timestamp } from "../platform/contract.ts";
import { says } from "../platform/findings-contract.ts";

/** A secret's name, as contracts write it after `secret:`. */
const secretName = z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,127}$/, says("no_secret_name"));

export const secretParams = z.object({ name: secretName });
export const secretBody = z.strictObject({ project_id: projectId, value: text(1, 65_536) });
export const secretOfProject = z.object({ project_id: projectId });
export const secretListQuery = z.object({ project_id: projectId, ...paging });

/** A secret as it is listed: never its value. */
export const secretSchema = z.object({
  project_id: z.string(),
  name: z.string(),
  created_by: z.string(),
  created_at: timestamp,
  updated_at: timestamp,
});

export const secretListSchema = z.object({
  secrets: z.array(secretSchema),
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});
