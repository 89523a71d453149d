import { RUN_STATES, type RunEvent, type RunState } from "./contract.ts";

/** What an event does in a state. */
export type Next = RunState | "refused";

const FINAL: Record<RunEvent, Next> = {
  claim: "refused",
  wait: "refused",
  resume: "refused",
  release: "refused",
  complete: "refused",
  fail: "refused",
  cancel: "refused",
  time_out: "refused",
};

/**
 * The total transition table. `claim` in `running` is a worker taking up a run that a decision set going again; the
 * lease rule (no other holder) is checked beside the table.
 */
export const TRANSITIONS: Record<RunState, Record<RunEvent, Next>> = {
  pending: {
    claim: "running",
    wait: "refused",
    resume: "refused",
    release: "refused",
    complete: "refused",
    fail: "failed",
    cancel: "cancelled",
    time_out: "timed_out",
  },
  running: {
    claim: "running",
    wait: "waiting_approval",
    resume: "refused",
    release: "pending",
    complete: "completed",
    fail: "failed",
    cancel: "cancelled",
    time_out: "timed_out",
  },
  waiting_approval: {
    claim: "refused",
    wait: "refused",
    resume: "running",
    release: "refused",
    complete: "refused",
    fail: "failed",
    cancel: "cancelled",
    time_out: "timed_out",
  },
  completed: FINAL,
  failed: FINAL,
  cancelled: FINAL,
  timed_out: FINAL,
};

const FINAL_STATES: ReadonlySet<RunState> = new Set(
  RUN_STATES.filter((state) => TRANSITIONS[state] === FINAL),
);

/** Whether a run in this state is over for good. */
export function isFinal(state: RunState): boolean {
  return FINAL_STATES.has(state);
}

/**
 * Which event a lost or retryable run gets: `release` while attempts are left, else `fail`.
 *
 * @param run attempts begun so far and allowed at most
 */
export function eventForLost(run: {
  attempt_count: number;
  max_attempts: number;
}): "release" | "fail" {
  return run.attempt_count < run.max_attempts ? "release" : "fail";
}
