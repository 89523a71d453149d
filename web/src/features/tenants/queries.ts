import { queryOptions } from "@tanstack/react-query";
import type { TenantPage } from "../../../../src/tenants/contract.ts";
import { send } from "../../app/send.ts";

/** A project as it is now, with what is open in it and what it spent this month. */
export const tenantQuery = (projectId: string) =>
  queryOptions({
    queryKey: ["tenants", "one", projectId],
    queryFn: ({ signal }) =>
      send<TenantPage>(`/tenants/${encodeURIComponent(projectId)}`, { signal }),
  });
