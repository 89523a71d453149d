import { describe, expect, test } from "vitest";
import { marksOf, marksOfTool, termsOf } from "./terms.ts";

const body = {
  tools: [
    { server: "kit", tool: "look", effect: "read" },
    { server: "kit", tool: "wipe", quorum: 2, approvers: { group: "dba" }, args: {} },
    { server: "kit", tool: "sweep", approval: "never", cost_per_call: 0.01 },
  ],
  observe: { servers: ["web"] },
};

describe("the terms of an agent's tools", () => {
  test("are what the contract says, and what it says by saying nothing", () => {
    expect(termsOf(body)).toEqual([
      expect.objectContaining({ tool: "look", effect: "read", isAsked: false, hasRule: false }),
      expect.objectContaining({
        tool: "wipe",
        effect: "write",
        isAsked: true,
        quorum: 2,
        group: "dba",
        hasRule: true,
      }),
      expect.objectContaining({
        tool: "sweep",
        effect: "write",
        isAsked: false,
        costPerCall: 0.01,
      }),
    ]);
  });

  test("are none of a body that says something else", () => {
    for (const odd of [null, [], "x", { tools: {} }, { tools: [1, null] }])
      expect(termsOf(odd)).toEqual([]);
  });

  test("show how far a call gets", () => {
    expect(marksOfTool(body, "kit/look")).toEqual(["pass", "pass", "pass", "pass", "pass"]);
    expect(marksOfTool(body, "kit/wipe")).toEqual(["pass", "pass", "pass", "pass", "ask"]);
    expect(marksOfTool(body, "kit/nothing")).toEqual(marksOf(undefined));
    expect(marksOfTool(body, "web/anything")).toBeUndefined();
  });
});
