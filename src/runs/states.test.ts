import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RUN_EVENTS, RUN_STATES, type RunEvent, type RunState } from "./contract.ts";
import { eventForLost, isFinal, TRANSITIONS } from "./states.ts";

const anyState = fc.constantFrom(...RUN_STATES);
const anyEvents = fc.array(fc.constantFrom(...RUN_EVENTS), { maxLength: 40 });

function walk(from: RunState, events: readonly RunEvent[]): RunState[] {
  const states = [from];
  for (const event of events) {
    const next = TRANSITIONS[states.at(-1) ?? from][event];
    if (next !== "refused") states.push(next);
  }
  return states;
}

describe("the state table", () => {
  it("says for every state and every event what happens", () => {
    for (const state of RUN_STATES) {
      for (const event of RUN_EVENTS) {
        expect([...RUN_STATES, "refused"]).toContain(TRANSITIONS[state][event]);
      }
    }
  });

  it("lets nothing happen to a run that is over", () => {
    fc.assert(
      fc.property(anyState.filter(isFinal), anyEvents, (state, events) => {
        expect(walk(state, events)).toEqual([state]);
      }),
    );
  });

  it("has exactly the four final states of the design", () => {
    expect(RUN_STATES.filter(isFinal)).toEqual(["completed", "failed", "cancelled", "timed_out"]);
  });

  it("completes a run only out of running, and never while a person is asked", () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const states = walk("pending", events);
        const end = states.indexOf("completed");
        if (end >= 0) expect(states[end - 1]).toBe("running");
        for (const [at, state] of states.entries()) {
          if (state === "waiting_approval" && states[at + 1] !== undefined) {
            expect(["running", "failed", "cancelled", "timed_out"]).toContain(states[at + 1]);
          }
        }
      }),
    );
  });

  it("can always be cancelled and timed out until it is over", () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const expected = isFinal(state) ? ["refused", "refused"] : ["cancelled", "timed_out"];
        expect([TRANSITIONS[state].cancel, TRANSITIONS[state].time_out]).toEqual(expected);
      }),
    );
  });

  it("can reach every state from pending", () => {
    const seen = new Set<RunState>(["pending"]);
    for (const state of seen) {
      for (const event of RUN_EVENTS) {
        const next = TRANSITIONS[state][event];
        if (next !== "refused") seen.add(next);
      }
    }
    expect([...seen].sort()).toEqual([...RUN_STATES].sort());
  });
});

describe("a lost run", () => {
  it("is released exactly while attempts are left", () => {
    fc.assert(
      fc.property(fc.nat(20), fc.integer({ min: 1, max: 20 }), (attempt_count, max_attempts) => {
        const event = eventForLost({ attempt_count, max_attempts });
        expect(event).toBe(attempt_count < max_attempts ? "release" : "fail");
        expect(TRANSITIONS.running[event]).not.toBe("refused");
      }),
    );
  });
});
