import type { RunEvent, RunState } from "../../src/runs/contract.ts";
import { isFinal, TRANSITIONS } from "../../src/runs/states.ts";

// biome-ignore lint/suspicious/noExplicitAny: answers of the API, as they came
type Body = any;

interface RunItem {
  kind: string;
  status: RunState;
  metadata: { event?: RunEvent; from_state?: RunState };
}

/** The states that a run's items tell of, in their order. */
export const statesOf = (items: RunItem[]): RunState[] =>
  items.filter(({ kind }) => kind === "run").map(({ status }) => status);

/** Where one answer about a run disagrees with itself; empty when it is of one moment. */
export function disagreements(page: Body): string[] {
  const { run, counts, truncated, timeline } = page;
  const states = statesOf(timeline);
  const found: [boolean, string][] = [
    [states.at(-1) === run.state, `the timeline ends ${states.at(-1)}, the run is ${run.state}`],
    [
      isFinal(run.state) === (run.completed_at !== null),
      `${run.state}, with the end ${run.completed_at}`,
    ],
    [run.step_count === counts.steps, `${run.step_count} steps by the run, ${counts.steps} exist`],
    [
      page.steps.every(({ step_seq }: Body, at: number) => step_seq === at + 1),
      "the journal has holes",
    ],
  ];
  for (const list of Object.keys(truncated)) {
    const [shown, exist] = [page[list].length, counts[list]];
    found.push([shown === Math.min(exist, 100), `${shown} ${list} of ${exist}`]);
    found.push([truncated[list] === exist > 100, `${list} truncated: ${truncated[list]}`]);
  }
  return found.filter(([holds]) => !holds).map(([, fault]) => fault);
}

/** Where a run's history breaks the state table. */
export function brokenMoves(items: RunItem[]): string[] {
  const moves = items.filter(({ metadata }) => metadata.event !== undefined);
  return moves
    .filter(({ status, metadata }) => {
      const { from_state: from, event } = metadata;
      return from === undefined || event === undefined || TRANSITIONS[from][event] !== status;
    })
    .map(({ status, metadata }) => `${metadata.from_state} by ${metadata.event} to ${status}`);
}

/**
 * What one reader saw of each run, one answer after another. A reader that never sees a state go backwards sees each
 * run's own history, at most with parts of it missed.
 */
export class Reader {
  readonly #seen = new Map<string, { state: RunState; by: string }[]>();

  saw(runId: string, state: RunState, by: string): void {
    const seen = this.#seen.get(runId) ?? [];
    if (seen.at(-1)?.state !== state) seen.push({ state, by });
    this.#seen.set(runId, seen);
  }

  /** How many changes of state it saw. */
  get changes(): number {
    return [...this.#seen.values()].reduce((sum, seen) => sum + seen.length - 1, 0);
  }

  /** The observations that don't fit a run's history after those before them. */
  backwards(runId: string, history: RunState[]): string[] {
    let at = 0;
    const wrong: string[] = [];
    for (const { state, by } of this.#seen.get(runId) ?? []) {
      const found = history.indexOf(state, at);
      if (found < 0) wrong.push(`${state} by ${by}, after ${history[at]} of ${history}`);
      else at = found;
    }
    return wrong;
  }
}
