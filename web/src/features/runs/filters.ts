import { RUN_STATES, type RunState } from "../../app/api.ts";
import type { RunFilters, RunsOrder } from "../../app/client.ts";

export const SINCE = ["1h", "24h", "7d", "30d"] as const;
export type Since = (typeof SINCE)[number];
export const MODES = ["live", "shadow"] as const;
export type Mode = (typeof MODES)[number];

const SORTS = ["created_at", "cost_usd"] as const;
export type Sort = (typeof SORTS)[number];

/** What a press on a column's head does: the most first, then the least, then the newest run again. */
export function nextOrder({ sort, order }: RunsOrder, pressed: Sort): RunsOrder {
  const now = sort === pressed ? order : undefined;
  // The newest run is first as it is.
  if (pressed === "created_at") return now === "asc" ? {} : { sort: pressed, order: "asc" };
  if (now === undefined) return { sort: pressed, order: "desc" };
  return now === "desc" ? { sort: pressed, order: "asc" } : {};
}

/** The longest text that can be searched for, in characters. */
export const SEARCH_MAX = 500;

const HOURS: Record<Since, number> = { "1h": 1, "24h": 24, "7d": 168, "30d": 720 };

/** What stands in the address, so that a filtered list can be shared and gone back to. */
export interface RunsSearch extends RunsOrder {
  q?: string;
  state?: RunState;
  agent?: string;
  mode?: Mode;
  since?: Since;
  /** What set it off, as `alertmanager`. */
  trigger?: string;
  /** An action on many runs whose progress is shown. */
  bulk?: string;
}

const oneOf = <T extends string>(values: readonly T[], value: unknown): T | undefined =>
  values.find((v) => v === value);

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" && value.length <= 128 ? value : undefined;

/** Reads the address leniently: what it can't mean is left out, never an error. */
export function readRunsSearch(search: Record<string, unknown>): RunsSearch {
  const state = oneOf(RUN_STATES, search.state);
  const mode = oneOf(MODES, search.mode);
  const since = oneOf(SINCE, search.since);
  const agent = text(search.agent);
  const trigger = text(search.trigger);
  const bulk = text(search.bulk);
  const sort = oneOf(SORTS, search.sort);
  const order = oneOf(["asc", "desc"] as const, search.order);
  const q = typeof search.q === "string" ? search.q.trim().slice(0, SEARCH_MAX) : "";
  return {
    ...(q ? { q } : {}),
    ...(state ? { state } : {}),
    ...(agent ? { agent } : {}),
    ...(mode ? { mode } : {}),
    ...(since ? { since } : {}),
    ...(trigger ? { trigger } : {}),
    ...(bulk ? { bulk } : {}),
    ...(sort && order ? { sort, order } : {}),
  };
}

/** `now` in milliseconds is taken once per choice: a window whose start moved would never stand still. */
export function toFilters(
  search: RunsSearch,
  project: string | undefined,
  now: number,
): RunFilters {
  return {
    project_id: project,
    q: search.q,
    state: search.state,
    agent_id: search.agent,
    is_shadow: search.mode === undefined ? undefined : search.mode === "shadow",
    trigger_type: search.trigger,
    created_after: search.since
      ? new Date(now - HOURS[search.since] * 3_600_000).toISOString()
      : undefined,
  };
}

export const isFiltered = (search: RunsSearch): boolean =>
  Boolean(
    search.q ?? search.state ?? search.agent ?? search.mode ?? search.since ?? search.trigger,
  );
