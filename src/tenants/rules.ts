import type { Tenant, TenantPatch } from "./contract.ts";

/** What of a project can change. */
export type Settings = Omit<Tenant, "project_id" | "created_at">;

/** The part of a patch that says something new. */
export function changesOf(before: Tenant, patch: TenantPatch): Partial<Settings> {
  const { running_runs, ...settings } = patch;
  const drains = patch.is_active === undefined ? undefined : running_runs === "finish";
  const entries = Object.entries({ ...settings, drains }).filter(
    ([field, value]) => value !== undefined && before[field as keyof Settings] !== value,
  );
  return Object.fromEntries(entries);
}

/** Whether a change leaves open runs without a project that lets them go on: then somebody has to act on them. */
export function stopsRuns(before: Settings, after: Settings): boolean {
  if (after.is_active) return false;
  return before.is_active || (before.drains && !after.drains);
}

/** Whether payloads are kept no longer than the runs they are part of; null is for ever. */
export function isRetentionPossible(
  days: Pick<Tenant, "retention_payload_days" | "retention_run_days">,
): boolean {
  const { retention_payload_days: payload, retention_run_days: run } = days;
  return payload === null || run === null || payload <= run;
}
