import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Overview as Answer } from "../../../../src/overview/contract.ts";
import { send } from "../../app/send.ts";
import { HOURS, type Window } from "./window.ts";

/** What the API says of a time, and of which: while another is fetched the former is shown. */
export type Overview = Answer & { window: Window };

export const overviewQuery = (projectId: string | undefined, window: Window) =>
  queryOptions({
    queryKey: ["overview", projectId ?? null, window],
    queryFn: async ({ signal }): Promise<Overview> => {
      const query = { project_id: projectId, hours: HOURS[window] };
      return { ...(await send<Answer>("/overview", { query, signal })), window };
    },
    placeholderData: keepPreviousData,
  });
