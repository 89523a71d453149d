import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MIGRATION_MODES } from "../platform/contract.ts";
import { lowerMode, readStart, startWords } from "../runs/index.ts";
import { canaryPlace, decideStart } from "./triggers.ts";

const mode = fc.constantFrom(...MIGRATION_MODES);
const percent = fc.integer({ min: 0, max: 100 });
const word = fc.string({ minLength: 1, maxLength: 20 });

function start(given: {
  project?: (typeof MIGRATION_MODES)[number];
  agent?: (typeof MIGRATION_MODES)[number];
  isActive?: boolean;
  canaryPercent?: number;
  fingerprint?: string;
}) {
  return decideStart({
    project: {
      projectId: "acme",
      isActive: given.isActive ?? true,
      mode: given.project ?? "active",
      canaryPercent: given.canaryPercent ?? 0,
    },
    agent: { agentId: "disk-janitor", mode: given.agent ?? "active" },
    fingerprint: given.fingerprint ?? "f1",
  }).start;
}

describe("how a trigger starts a run", () => {
  test.each([
    ["legacy", "active", "none"],
    ["active", "legacy", "none"],
    ["shadow", "active", "shadow"],
    ["active", "shadow", "shadow"],
    ["canary", "shadow", "shadow"],
    ["active", "active", "live"],
  ] as const)("project %s, agent %s: %s", (project, agent, expected) => {
    expect(start({ project, agent })).toBe(expected);
    expect(start({ project, agent, isActive: false })).toBe("none");
  });

  test("the lower mode counts, whichever side it stands on", () => {
    fc.assert(
      fc.property(mode, mode, percent, word, (project, agent, canaryPercent, fingerprint) => {
        const lower = lowerMode(project, agent);
        expect([project, agent]).toContain(lower);
        expect(start({ project, agent, canaryPercent, fingerprint })).toBe(
          start({ project: lower, agent: lower, canaryPercent, fingerprint }),
        );
      }),
    );
  });

  test("a canary is live for that share of alerts, always the same ones, and only ever grows", () => {
    fc.assert(
      fc.property(word, percent, percent, (fingerprint, a, b) => {
        const at = (canaryPercent: number) =>
          start({ project: "canary", canaryPercent, fingerprint });
        if (at(Math.min(a, b)) === "live") expect(at(Math.max(a, b))).toBe("live");
        expect(at(0)).toBe("shadow");
        expect(at(100)).toBe("live");
      }),
    );
    const places = Array.from({ length: 10_000 }, (_, n) => canaryPlace("acme", "a", `f${n}`));
    const live = places.filter((place) => place < 30).length;
    expect(live).toBeGreaterThan(2_700);
    expect(live).toBeLessThan(3_300);
    expect(canaryPlace("acme", "a", "f1")).toBe(canaryPlace("acme", "a", "f1"));
  });

  test("what is no matter of course is explained", () => {
    const why = (mode: (typeof MIGRATION_MODES)[number], canaryPercent = 0) =>
      decideStart({
        project: { projectId: "acme", isActive: true, mode: "active", canaryPercent },
        agent: { agentId: "a", mode },
        fingerprint: "f1",
      }).why;
    const place = canaryPlace("acme", "a", "f1");
    expect(why("active")).toBeUndefined();
    expect(why("shadow")).toBe("the agent's mode is shadow");
    expect(why("canary", place)).toContain(`place is ${place} of 0 to 99, not below ${place}`);
    const live = why("canary", place + 1) ?? "";
    expect(live).toContain(`below ${place + 1}, so it runs live`);
    // A code and its parameters, from which the console has the words in either language.
    const read = readStart(live);
    expect(read).toEqual({ key: "agent_canary_live", params: { place, percent: place + 1 } });
    expect(read && startWords(read, "zh-TW")).toBe(
      `代理模式為金絲雀：此警報位於 0 至 99 中的 ${place}，小於 ${place + 1}，因此真正執行`,
    );
    expect(readStart("retried by ada")).toBeUndefined();
  });
});
