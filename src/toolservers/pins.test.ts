import { describe, expect, it } from "vitest";
import { pinHash } from "./pins.ts";

const tool = {
  name: "wipe",
  description: "Wipes the cache.",
  inputSchema: { type: "object", properties: { a: { type: "string" }, b: { type: "number" } } },
  outputSchema: { type: "object" },
  annotations: { destructiveHint: true },
};

describe("pinHash", () => {
  it("is the SHA-256 of the canonical JSON of what the tool promises", () => {
    // printf '%s' '{"inputSchema":{"type":"object"},"name":"x"}' | sha256sum
    expect(pinHash({ name: "x", inputSchema: { type: "object" } })).toBe(
      "d8121ff95a6c1f2b2c915f12cdc9206c342941521789b9f4a8f80eece7d8d62b",
    );
  });

  it("does not depend on the order of keys or on fields that promise nothing", () => {
    const shuffled = {
      annotations: { destructiveHint: true },
      outputSchema: { type: "object" },
      inputSchema: { properties: { b: { type: "number" }, a: { type: "string" } }, type: "object" },
      description: "Wipes the cache.",
      name: "wipe",
      icons: [],
    };
    expect(pinHash(shuffled)).toBe(pinHash(tool));
  });

  it.each([
    { ...tool, name: "wipe2" },
    { ...tool, description: "Wipes the cache. " },
    { ...tool, inputSchema: { type: "object" } },
    { ...tool, outputSchema: { type: "array" } },
    { ...tool, annotations: { destructiveHint: false } },
    { name: tool.name, description: tool.description, inputSchema: tool.inputSchema },
  ])("changes with each promised field (%#)", (changed) => {
    expect(pinHash(changed)).not.toBe(pinHash(tool));
  });
});
