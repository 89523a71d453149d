import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type RunSoFar, whyAsked } from "./why.ts";

const RUN: RunSoFar = {
  title: "Disk almost full on web-3",
  triggerType: "alertmanager",
  isRetry: false,
  calls: [
    { tool: "disk_usage", status: "success", summary: "91 % used" },
    { tool: "list_files", status: "blocked", summary: null },
  ],
  earlier: 0,
  isMore: false,
  agent: "Disk janitor",
  server: "shop",
  tool: "clear_cache",
  revision: 1,
};
const inEnglish = (run: Partial<RunSoFar>) => whyAsked({ ...RUN, ...run }, "en");

describe("why a person is asked", () => {
  it("says what started the run, what it did, and what it wants", () => {
    expect(inEnglish({})).toBe(
      "Started by an alert from alertmanager: “Disk almost full on web-3”. So far: disk_usage succeeded (91 % used), " +
        "list_files was blocked. Now Disk janitor wants to run clear_cache on shop.",
    );
    expect(whyAsked(RUN, "zh-TW")).toBe(
      "由 alertmanager 的警報啟動：「Disk almost full on web-3」。目前為止：disk_usage 成功（91 % used）、" +
        "list_files 被擋下。現在 Disk janitor 想在 shop 上執行 clear_cache。",
    );
  });

  it("knows what else starts runs, and other beginnings and ends", () => {
    expect(inEnglish({ triggerType: "slack" })).toContain("Started by a message on slack:");
    expect(inEnglish({ triggerType: "client" })).toContain("Opened by the agent's own client:");
    expect(inEnglish({ triggerType: "webhook", isRetry: true })).toContain(
      "Started by webhook, as a retry:",
    );
    expect(inEnglish({ triggerType: null })).toContain("A run: “");
    expect(inEnglish({ calls: [] })).toContain("It has called nothing so far.");
    expect(inEnglish({ earlier: 1 })).toContain("So far: 1 call, then disk_usage");
    expect(inEnglish({ earlier: 96, isMore: true })).toContain("So far: 96+ calls, then");
    expect(inEnglish({ revision: 3 })).toContain("as proposal 3 after changes were requested.");
  });

  it("shows no secret, not even half of one, and no line breaks", () => {
    const long = `password=hunter2${"x".repeat(300)} and\nmore`;
    const text = inEnglish({ title: long, calls: [{ tool: "t", status: "error", summary: long }] });
    expect(text).not.toContain("hunter2");
    expect(text).not.toContain("\n");
  });

  it("is one bounded paragraph with its beginning and its end, whatever happened", () => {
    const words = fc.string({ maxLength: 400, unit: "grapheme" });
    const call = fc.record({
      tool: words,
      status: fc.constantFrom("success", "error", "unknown", "newer"),
      summary: fc.option(words),
    });
    fc.assert(
      fc.property(
        fc.array(call, { maxLength: 4 }),
        words,
        words,
        fc.constantFrom("en", "zh-TW"),
        (calls, title, agent, language) => {
          const run = { ...RUN, calls, title, agent, earlier: 40, isMore: true, revision: 9 };
          const text = whyAsked(run, language as "en");
          expect([...text].length).toBeLessThanOrEqual(600);
          expect(text).toContain("alertmanager");
          expect(text).toContain("clear_cache");
        },
      ),
      { seed: 5, numRuns: 200 },
    );
  });
});
