import { z } from "zod";
import { type Actor, appendAudit } from "../audit/index.ts";
import {
  type Caller,
  requirePlatformAdmin,
  requireRole,
  scopeOf,
  unknownProject,
} from "../identity/index.ts";
import { announce } from "../platform/database/changes.ts";
import { type Database, type Tx, violates } from "../platform/database/index.ts";
import { AppError, inputErrorAt } from "../platform/errors.ts";
import { type Cursors, openPage } from "../platform/http/index.ts";
import type { NewTenant, Spend, Tenant, TenantPage, TenantPatch } from "./contract.ts";
import { holdStarts, insertTenant, listTenants, lockTenant, updateTenant } from "./queries.ts";
import { readSpend, readTenantPage } from "./reading.ts";
import { changesOf, isRetentionPossible, stopsRuns } from "./rules.ts";

const DEFAULT_LIMIT = 1_000;
const position: z.ZodType<[projectId: string]> = z.tuple([z.string()]);

/**
 * Acts in the transaction that deactivates a project: what waits for an answer there no longer does, and its runs finish
 * or are cancelled.
 */
export type Deactivated = (
  tx: Tx,
  project: { projectId: string; actor: Actor; runningRuns: "finish" | "cancel" },
) => Promise<void>;

/** What is done with projects as a whole. */
export interface Tenants {
  /** @throws AppError E-FORBIDDEN unless a platform admin; E-TENANT-EXISTS */
  create(caller: Caller, input: NewTenant): Promise<Tenant>;
  /** Projects the caller may see, inactive ones included, by id. */
  list(
    caller: Caller,
    page: { limit?: number | undefined; cursor?: string | undefined },
  ): Promise<TenantListPage>;
  /**
   * A project with its month's money and what is open in it.
   *
   * @throws AppError E-NOT-FOUND
   */
  show(caller: Caller, projectId: string): Promise<TenantPage>;
  /**
   * What a project spent, by calendar month (UTC), newest first.
   *
   * @throws AppError E-NOT-FOUND
   */
  spend(caller: Caller, projectId: string, months: number): Promise<Spend>;
  /** @throws AppError E-FORBIDDEN unless a platform admin; E-NOT-FOUND; E-INPUT */
  change(caller: Caller, projectId: string, patch: TenantPatch): Promise<Tenant>;
}

interface TenantListPage {
  tenants: Tenant[];
  total: number;
  total_is_exact: boolean;
  next_cursor: string | null;
  prev_cursor: string | null;
}

/** @param options.onDeactivated what other features do in the same transaction when a project is deactivated */
export function createTenants(options: {
  db: Database;
  cursors: Cursors;
  onDeactivated: readonly Deactivated[];
}): Tenants {
  const { db, cursors } = options;
  return {
    async create(caller, input) {
      requirePlatformAdmin(caller);
      requirePossibleRetention(input);
      try {
        return await db.transaction(scopeOf(caller), async (tx) => {
          const tenant = await insertTenant(tx, input);
          await record(tx, caller, "tenant.create", tenant.project_id, { ...input });
          return tenant;
        });
      } catch (error) {
        if (!violates(error, "projects_pkey")) throw error;
        throw new AppError(
          "E-TENANT-EXISTS",
          `The project id "${input.project_id}" is taken; choose another one.`,
        );
      }
    },

    list: (caller, page) => list(db, cursors, caller, page),

    async show(caller, projectId) {
      requireRole(caller, "viewer");
      const page = await db.transaction(scopeOf(caller), (tx) => readTenantPage(tx, projectId), {
        snapshot: true,
      });
      if (!page) throw unknownProject(projectId);
      return page;
    },

    async spend(caller, projectId, months) {
      requireRole(caller, "viewer");
      const spend = await db.transaction(
        scopeOf(caller),
        (tx) => readSpend(tx, projectId, months),
        { snapshot: true },
      );
      if (!spend) throw unknownProject(projectId);
      return spend;
    },

    async change(caller, projectId, patch) {
      requirePlatformAdmin(caller);
      return db.transaction(scopeOf(caller), (tx) =>
        change(tx, options.onDeactivated, caller, projectId, patch),
      );
    },
  };
}

async function change(
  tx: Tx,
  onDeactivated: readonly Deactivated[],
  caller: Caller,
  projectId: string,
  patch: TenantPatch,
): Promise<Tenant> {
  if (patch.is_active !== undefined) await holdStarts(tx, projectId);
  const before = await lockTenant(tx, projectId);
  if (!before) throw unknownProject(projectId);
  const changed = changesOf(before, patch);
  const after = { ...before, ...changed };
  if (Object.keys(changed).length === 0) return after;
  requirePossibleRetention(after);
  await updateTenant(tx, projectId, changed);
  await record(tx, caller, "tenant.update", projectId, changed);
  if (stopsRuns(before, after)) {
    const runningRuns = after.drains ? "finish" : "cancel";
    for (const act of onDeactivated) await act(tx, { projectId, actor: caller.actor, runningRuns });
  }
  return after;
}

/** @throws AppError E-INPUT */
function requirePossibleRetention(days: Parameters<typeof isRetentionPossible>[0]): void {
  if (isRetentionPossible(days)) return;
  throw inputErrorAt("body.retention_payload_days", "payloads_outlive_runs", {
    days: days.retention_run_days ?? "",
  });
}

async function list(
  db: Database,
  cursors: Cursors,
  caller: Caller,
  page: { limit?: number | undefined; cursor?: string | undefined },
): Promise<TenantListPage> {
  requireRole(caller, "viewer");
  const { limit = DEFAULT_LIMIT, cursor } = page;
  const binding = ["tenants", caller.keyId];
  const { place, cut } = openPage(cursors, { binding, cursor, limit, position });
  const scope = scopeOf(caller);
  const { rows, total } = await db.transaction(scope, (tx) => listTenants(tx, scope.role, place), {
    snapshot: true,
  });
  const { rows: tenants, ...more } = cut(rows, (row) => [row.project_id]);
  return { tenants, total: total.count, total_is_exact: total.isExact, ...more };
}

async function record(
  tx: Tx,
  caller: Caller,
  action: "tenant.create" | "tenant.update",
  projectId: string,
  details: Record<string, unknown>,
): Promise<void> {
  await appendAudit(tx, {
    projectId,
    actor: caller.actor,
    action,
    subject: { kind: "tenant", id: projectId },
    details,
  });
  await announce(tx, { project_id: projectId, kind: "tenant", id: projectId });
}
