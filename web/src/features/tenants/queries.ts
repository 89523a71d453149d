import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { z } from "zod";
import type {
  Spend,
  Tenant,
  TenantPage,
  TenantPatch,
  tenantListSchema,
} from "../../../../src/tenants/contract.ts";
import { send } from "../../app/send.ts";

export type { Spend, Tenant, TenantPage, TenantPatch };
export type Mode = Tenant["migration_mode"];

type TenantList = z.infer<typeof tenantListSchema>;

const PAGE = 100;
const MONTHS = 12;
/** Open runs and money are not announced one by one; they are asked for anew while somebody looks. */
const REFRESH_MS = 15_000;

export const tenantPagesQuery = infiniteQueryOptions({
  queryKey: ["tenants", "pages"],
  queryFn: ({ pageParam, signal }) =>
    send<TenantList>("/tenants", { query: { cursor: pageParam, limit: PAGE }, signal }),
  initialPageParam: "",
  getNextPageParam: (last) => last.next_cursor,
});

/** A project as it is now, with what is open in it and what it spent this month. */
export const tenantQuery = (projectId: string) =>
  queryOptions({
    queryKey: ["tenants", "one", projectId],
    queryFn: ({ signal }) =>
      send<TenantPage>(`/tenants/${encodeURIComponent(projectId)}`, { signal }),
  });

export const tenantNowQuery = (projectId: string) =>
  queryOptions({ ...tenantQuery(projectId), refetchInterval: REFRESH_MS });

export const spendQuery = (projectId: string) =>
  queryOptions({
    queryKey: ["tenants", "spend", projectId],
    queryFn: ({ signal }) =>
      send<Spend>(`/tenants/${encodeURIComponent(projectId)}/spend`, {
        query: { months: MONTHS },
        signal,
      }),
  });

/** What a new project is given; the rest has the server's defaults. */
export interface NewTenant {
  project_id: string;
  display_name: string;
  migration_mode: Mode;
  budget_limit_usd: number | null;
}

export const makeTenant = (tenant: NewTenant) =>
  send<Tenant>("/tenants", { method: "POST", body: tenant });

export const changeTenant = (projectId: string, patch: TenantPatch) =>
  send<Tenant>(`/tenants/${encodeURIComponent(projectId)}`, { method: "PATCH", body: patch });
