import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIFECYCLE_EVENTS, LIFECYCLE_STATUSES, type LifecycleStatus } from "./contract.ts";
import { LIFECYCLE, possibleEvents } from "./lifecycle-table-contract.ts";
import { isStale, nextVersion } from "./versions.ts";

const anyEvents = fc.array(fc.constantFrom(...LIFECYCLE_EVENTS), { maxLength: 30 });

function walk(events: readonly (typeof LIFECYCLE_EVENTS)[number][]): LifecycleStatus[] {
  const statuses: LifecycleStatus[] = ["draft"];
  for (const event of events) {
    const next = LIFECYCLE[statuses.at(-1) ?? "draft"][event];
    if (next !== "refused") statuses.push(next);
  }
  return statuses;
}

describe("the lifecycle", () => {
  it("says for every status and every event what happens", () => {
    for (const status of LIFECYCLE_STATUSES) {
      for (const event of LIFECYCLE_EVENTS) {
        expect([...LIFECYCLE_STATUSES, "refused"]).toContain(LIFECYCLE[status][event]);
      }
      const allowed = LIFECYCLE_EVENTS.filter((event) => LIFECYCLE[status][event] !== "refused");
      expect(possibleEvents(status)).toEqual(allowed);
    }
  });

  it("goes one way, and never back", () => {
    const way = ["draft", "review", "active", "deprecated", "retired"];
    fc.assert(
      fc.property(anyEvents, (events) => {
        const statuses = walk(events).filter((status, at, all) => status !== all[at - 1]);
        if (statuses.at(-1) === "rejected") {
          expect(statuses).toEqual(["draft", "review", "rejected"]);
        } else {
          expect(statuses).toEqual(way.slice(0, statuses.length));
        }
      }),
    );
  });

  it("ends for good when retired or rejected, and can reach every status", () => {
    expect(LIFECYCLE_STATUSES.filter((status) => possibleEvents(status).length === 0)).toEqual([
      "retired",
      "rejected",
    ]);
    const seen = new Set<LifecycleStatus>(["draft"]);
    for (const status of seen) {
      for (const event of possibleEvents(status)) {
        const next = LIFECYCLE[status][event];
        if (next !== "refused") seen.add(next);
      }
    }
    expect([...seen].sort()).toEqual([...LIFECYCLE_STATUSES].sort());
  });
});

describe("versions", () => {
  const number = fc.integer({ min: 1, max: 50 });
  const anyTaken = fc
    .record({ activeMajor: fc.option(number), more: fc.nat(5), highestMinor: fc.nat(50) })
    .map(({ activeMajor, more, highestMinor }) => ({
      activeMajor,
      highestMajor: (activeMajor ?? 1) + more,
      highestMinor,
    }));
  const anyLevel = fc.constantFrom("initial" as const, "minor" as const, "major" as const);

  it("begin with 1.0", () => {
    fc.assert(
      fc.property(anyLevel, (level) => {
        expect(nextVersion(undefined, level)).toEqual({ major: 1, minor: 0 });
      }),
    );
  });

  it("begin a new major number with every widened permission, and count up below the active one otherwise", () => {
    fc.assert(
      fc.property(anyTaken, anyLevel, (taken, level) => {
        const next = nextVersion(taken, level);
        if (level === "major") expect(next).toEqual({ major: taken.highestMajor + 1, minor: 0 });
        else expect(next.minor).toBe(taken.highestMinor + 1);
        if (level === "minor" && taken.activeMajor !== null)
          expect(next.major).toBe(taken.activeMajor);
      }),
    );
  });

  it("may be activated while nothing else became active", () => {
    fc.assert(
      fc.property(anyTaken, anyLevel, (taken, level) => {
        expect(isStale(nextVersion(taken, level), taken.activeMajor, level)).toBe(false);
      }),
    );
  });

  it("never let a wider permission become active under the major number that was active before", () => {
    fc.assert(
      fc.property(number, fc.nat(50), number, (major, minor, activated) => {
        expect(isStale({ major, minor }, activated, "major")).toBe(major <= activated);
        expect(isStale({ major, minor }, activated, "minor")).toBe(major < activated);
        expect(isStale({ major, minor }, null, "initial")).toBe(false);
      }),
    );
  });
});
