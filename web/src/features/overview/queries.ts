import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Overview } from "../../../../src/overview/contract.ts";
import { send } from "../../app/send.ts";

export type { Overview };

export const overviewQuery = (projectId: string | undefined) =>
  queryOptions({
    queryKey: ["overview", projectId ?? null],
    queryFn: ({ signal }) =>
      send<Overview>("/overview", { query: { project_id: projectId }, signal }),
    placeholderData: keepPreviousData,
  });
