import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { z } from "zod";
import type { inFlightList } from "../../../../src/calls/in-flight-contract.ts";
import type {
  Freeze,
  Frozen,
  freezeListSchema,
  InFlightCall,
  Lifted,
  NewFreeze,
} from "../../../../src/tenants/freeze-contract.ts";
import { send } from "../../app/send.ts";

export type { Freeze, Frozen, InFlightCall, NewFreeze };

type FreezeList = z.infer<typeof freezeListSchema>;
type InFlight = z.infer<typeof inFlightList>;

const PAGE = 50;
const MOST_STANDING = 200;
const MOST_IN_FLIGHT = 20;
/** Calls come and go; while one decides about a freeze they are asked for anew. */
const REFRESH_MS = 2_000;

/** Everything that is frozen now, in all projects that one may see. */
export const standingQuery = queryOptions({
  queryKey: ["freezes", "standing"],
  queryFn: ({ signal }) =>
    send<FreezeList>("/freezes", { query: { standing: true, limit: MOST_STANDING }, signal }),
});

export const freezePagesQuery = (projectId: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ["freezes", "pages", projectId ?? null],
    queryFn: ({ pageParam, signal }) =>
      send<FreezeList>("/freezes", {
        query: { project_id: projectId, cursor: pageParam, limit: PAGE },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
  });

/** Calls that can't be called back; undefined for what is not given stands for all. */
export const inFlightQuery = (place: {
  projectId?: string | undefined;
  agentId?: string | undefined;
}) =>
  queryOptions({
    queryKey: ["freezes", "in-flight", place],
    queryFn: ({ signal }) =>
      send<InFlight>("/calls/in-flight", {
        query: { project_id: place.projectId, agent_id: place.agentId, limit: MOST_IN_FLIGHT },
        signal,
      }),
    refetchInterval: REFRESH_MS,
  });

export const setFreeze = (wish: NewFreeze) =>
  send<Frozen>("/freezes", { method: "POST", body: wish });

export const liftFreeze = (freezeId: string, reason: string) =>
  send<Lifted>(`/freezes/${encodeURIComponent(freezeId)}/lift`, {
    method: "POST",
    body: { reason },
  });
