import { isFinal, type RunRow, type RunState } from "../../app/api.ts";
import type { BulkRequest } from "../../app/client.ts";

/** The most runs that can be marked one by one; all that match can be taken together instead. */
export const MOST_MARKED = 500;

/** What of a marked run is known though its row may be out of reach by now. */
export type Marked = Pick<RunRow, "run_id" | "project_id" | "state" | "driver">;

export type Marks = ReadonlyMap<string, Marked>;

/** Marks a run, or takes its mark off. */
export function toggled(marks: Marks, run: Marked): Marks {
  const next = new Map(marks);
  if (!next.delete(run.run_id) && next.size < MOST_MARKED) next.set(run.run_id, run);
  return next;
}

/** Marks all of these too, as far as there is room. */
export function withAll(marks: Marks, runs: readonly Marked[]): Marks {
  const next = new Map(marks);
  for (const run of runs) if (next.size < MOST_MARKED) next.set(run.run_id, run);
  return next;
}

/** Whether an action changes a run in this state; the others are refused one by one. */
export const changes = (action: BulkRequest["action"], state: RunState): boolean =>
  action === "cancel" ? !isFinal(state) : isFinal(state);

/** How many of the marked runs an action would change, as far as the list knows. */
export function changeable(marks: Marks, action: BulkRequest["action"]): number {
  return [...marks.values()].filter(
    ({ state, driver }) => changes(action, state) && (action === "cancel" || driver === "worker"),
  ).length;
}

/** The one project that all marked runs are in; undefined when they are in several. */
export function projectOf(marks: Marks): string | undefined {
  const projects = new Set([...marks.values()].map(({ project_id }) => project_id));
  return projects.size === 1 ? [...projects][0] : undefined;
}
