import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { caseKeyOf, correlate } from "./correlation.ts";

const r1 = { runId: "r1", caseId: "c1" };
const taken = { runId: null, caseId: "c1" };

describe("what an event means", () => {
  const cases: [string, Parameters<typeof correlate>, ReturnType<typeof correlate>][] = [
    [
      "something new that fires may start runs",
      [{ isFiring: true }, { first: undefined, open: undefined }],
      { isDuplicate: false, runId: null, caseId: null, mayStart: true },
    ],
    [
      "the same again joins its run, even one that is over",
      [{ isFiring: true }, { first: r1, open: undefined }],
      { isDuplicate: true, ...r1, mayStart: false },
    ],
    [
      "firing while a run about it is open joins that",
      [{ isFiring: true }, { first: undefined, open: r1 }],
      { isDuplicate: true, ...r1, mayStart: false },
    ],
    [
      "resolved joins what is open and starts nothing",
      [{ isFiring: false }, { first: undefined, open: r1 }],
      { isDuplicate: false, ...r1, mayStart: false },
    ],
    [
      "resolved without a run is only recorded",
      [{ isFiring: false }, { first: undefined, open: undefined }],
      { isDuplicate: false, runId: null, caseId: null, mayStart: false },
    ],
    [
      "what started nothing starts nothing when it is repeated",
      [{ isFiring: true }, { first: { runId: null, caseId: null }, open: undefined }],
      { isDuplicate: true, runId: null, caseId: null, mayStart: false },
    ],
    [
      "what started nothing joins the run that another event of its case has started since",
      [{ isFiring: true }, { first: taken, open: r1 }],
      { isDuplicate: true, ...r1, mayStart: false },
    ],
    [
      "a case that nobody has taken up may be taken up by each event that fires",
      [{ isFiring: true }, { first: undefined, open: taken }],
      { isDuplicate: false, ...taken, mayStart: true },
    ],
  ];
  test.each(cases)("%s", (_, given, expected) => {
    expect(correlate(...given)).toEqual(expected);
  });
});

describe("the key of a case", () => {
  const rule = { labels: ["cluster", "service"], window_seconds: 300, storm_events: 100 };
  const text = fc.string({ maxLength: 8 });
  const labels = fc.dictionary(fc.constantFrom("cluster", "service", "pod", "__proto__"), text);

  test("is the same exactly for events whose labels of the rule agree", () => {
    fc.assert(
      fc.property(labels, labels, (a, b) => {
        const named = (of: Record<string, string>) =>
          rule.labels.map((name) => (Object.hasOwn(of, name) ? of[name] : ""));
        const keys = [caseKeyOf({ labels: a }, rule), caseKeyOf({ labels: b }, rule)];
        if (keys.includes(undefined)) return;
        expect(keys[0] === keys[1]).toBe(JSON.stringify(named(a)) === JSON.stringify(named(b)));
      }),
    );
  });

  test("is none without a rule, and for an event that has none of its labels", () => {
    expect(caseKeyOf({ labels: { cluster: "a" } }, undefined)).toBeUndefined();
    expect(caseKeyOf({ labels: { pod: "a" } }, rule)).toBeUndefined();
    expect(caseKeyOf({ labels: { cluster: "" } }, rule)).toMatch(/^[0-9a-f]{64}$/);
  });
});
