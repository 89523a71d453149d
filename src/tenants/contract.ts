import { z } from "zod";
import {
  MIGRATION_MODES,
  money,
  newProjectId,
  paging,
  projectId,
  text,
  timestamp,
  wholeNumber,
} from "../platform/contract.ts";
import { asIssue, says } from "../platform/findings-contract.ts";

const displayName = text(1, 200);
const mode = z.enum(MIGRATION_MODES);
const canary = z.number().int().min(0).max(100);
const budget = z
  .number()
  .min(0)
  .max(99_999_999)
  .refine((amount) => Number(amount.toFixed(6)) === amount, says("six_decimals"))
  .nullable();

const separateApprover = z
  .boolean()
  .describe("whether a contract's author may not be the one who approves it");
const callLimit = z.number().int().min(1).max(1_000_000_000).nullable();
const retentionDays = z.number().int().min(1).max(36_500).nullable();

/** A new project. It starts in shadow: reads are real, writes simulated, until somebody says otherwise. */
export const newTenantBody = z.strictObject({
  project_id: newProjectId,
  display_name: displayName,
  migration_mode: mode.default("shadow"),
  canary_percent: canary.default(0),
  budget_limit_usd: budget.default(null),
  separate_approver: separateApprover.default(false),
  retention_payload_days: retentionDays.default(null),
  retention_run_days: retentionDays.default(null),
  calls_per_minute: callLimit.default(null),
  calls_per_day: callLimit.default(null),
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
    running_runs: z
      .enum(["finish", "cancel"])
      .describe("with `is_active: false`: what becomes of the runs that are not over"),
    separate_approver: separateApprover,
    retention_payload_days: retentionDays,
    retention_run_days: retentionDays,
    calls_per_minute: callLimit,
    calls_per_day: callLimit,
  })
  .partial()
  .superRefine((patch, context) => {
    const refuse = (issue: ReturnType<typeof asIssue>, path: string[] = []) =>
      context.addIssue({ ...issue, path });
    if (Object.keys(patch).length === 0) refuse(asIssue("nothing_to_change"));
    const deactivates = patch.is_active === false;
    if (deactivates && patch.running_runs === undefined) {
      refuse(asIssue("fate_of_runs_needed"), ["running_runs"]);
    }
    if (!deactivates && patch.running_runs !== undefined) {
      refuse(asIssue("fate_of_runs_unasked"), ["running_runs"]);
    }
  });
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
  /** Of an inactive project: whether the runs that were under way may go on to their end. */
  drains: z.boolean(),
  separate_approver: z.boolean(),
  /** Days after a run's end until what it was given and what came of it is erased; null is for ever. */
  retention_payload_days: z.number().int().nullable(),
  /** Days after a run's end until it is deleted; null is for ever. */
  retention_run_days: z.number().int().nullable(),
  /** How many tool calls all runs may make in a calendar minute, and in a day (UTC); null is without limit. */
  calls_per_minute: z.number().int().nullable(),
  calls_per_day: z.number().int().nullable(),
});
export type Tenant = z.infer<typeof tenantSchema>;

const month = z.string().regex(/^\d{4}-\d{2}$/);
const count = z.number().int().min(0);

/** Runs that are not over, each state counted up to 10,000. */
const openRunsSchema = z.object({
  pending: count,
  running: count,
  waiting_approval: count,
  is_exact: z.boolean(),
});
export type OpenRuns = z.infer<typeof openRunsSchema>;

/** The calendar month (UTC) that it is now, against the limit; without a limit nothing remains and nothing is a share. */
const monthSchema = z.object({
  month,
  spent_usd: money,
  limit_usd: money.nullable(),
  remaining_usd: money.nullable(),
  /** 0.25 is a quarter of the limit; more than 1 is beyond it. */
  share: z.number().nullable(),
});

export const tenantPageSchema = tenantSchema.extend({
  month: monthSchema,
  open_runs: openRunsSchema,
  /** When everything that was due had been forgotten last; null before the first time. */
  retention_ran_at: timestamp.nullable(),
});
export type TenantPage = z.infer<typeof tenantPageSchema>;

export const spendQuery = z.object({
  months: wholeNumber(1, 120).default(12),
});

/** A calendar month (UTC). */
const spentMonthSchema = z.object({
  month,
  spent_usd: money,
  /** What deleted runs that were created in this month left behind. */
  forgotten: z.object({ runs: count, steps: count, calls: count, cost_usd: money }),
});
export type SpentMonth = z.infer<typeof spentMonthSchema>;

export const spendSchema = z.object({
  project_id: z.string(),
  budget_limit_usd: money.nullable(),
  /** Newest first, every one of them, the present one included. */
  months: z.array(spentMonthSchema),
});
export type Spend = z.infer<typeof spendSchema>;

export const tenantListQuery = z.object({ ...paging });

/** Without `limit` a page has up to 1,000 projects, so that clients that know no cursor see all of most platforms. */
export const tenantListSchema = z.object({
  tenants: z.array(tenantSchema),
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});
