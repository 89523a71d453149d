import { z } from "zod";
import {
  MIGRATION_MODES,
  money,
  newProjectId,
  paging,
  projectId,
  text,
  timestamp,
} from "../platform/contract.ts";

const displayName = text(1, 200);
const mode = z.enum(MIGRATION_MODES);
const canary = z.number().int().min(0).max(100);
const budget = z
  .number()
  .min(0)
  .max(99_999_999)
  .refine((amount) => Number(amount.toFixed(6)) === amount, "must have at most six decimals")
  .nullable();

/** A new project. It starts in shadow: reads are real, writes simulated, until somebody says otherwise. */
export const newTenantBody = z.strictObject({
  project_id: newProjectId,
  display_name: displayName,
  migration_mode: mode.default("shadow"),
  canary_percent: canary.default(0),
  budget_limit_usd: budget.default(null),
});
export type NewTenant = z.infer<typeof newTenantBody>;

/** What is to change; the rest stays. */
export const tenantPatch = z
  .strictObject({
    display_name: displayName,
    migration_mode: mode,
    canary_percent: canary,
    budget_limit_usd: budget,
    is_active: z.boolean(),
  })
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, "must name something to change");
export type TenantPatch = z.infer<typeof tenantPatch>;

export const tenantParams = z.object({ project_id: projectId });

export const tenantSchema = z.object({
  project_id: z.string(),
  display_name: z.string(),
  migration_mode: mode,
  budget_limit_usd: money.nullable(),
  is_active: z.boolean(),
  created_at: timestamp,
  canary_percent: z.number().int(),
});
export type Tenant = z.infer<typeof tenantSchema>;

export const tenantListQuery = z.object({ ...paging });

/** Without `limit` a page has up to 1,000 projects, so that clients that know no cursor see all of most platforms. */
export const tenantListSchema = z.object({
  tenants: z.array(tenantSchema),
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
});
