import { describe, expect, it } from "vitest";
import { differencesBetween } from "./differences.ts";
import type { ToolDefinition } from "./pins.ts";
import { differenceText } from "./review-contract.ts";

const tool: ToolDefinition = {
  name: "restart",
  description: "Restarts pods.",
  inputSchema: {
    type: "object",
    properties: {
      count: { type: "integer", maximum: 10 },
      target: { type: "object", properties: { host: { type: "string" } } },
      tags: { type: "array", items: { type: "string" } },
      why: { type: "string", description: "For the log." },
    },
    required: ["count"],
  },
  annotations: { readOnlyHint: false },
};

type Schema = { properties: Record<string, unknown>; required: string[] };
const schemaOf = (of: ToolDefinition) => of.inputSchema as Schema & Record<string, unknown>;
const input = (properties: object, more: object = {}): ToolDefinition => ({
  ...tool,
  inputSchema: {
    ...tool.inputSchema,
    properties: { ...schemaOf(tool).properties, ...properties },
    ...more,
  },
});
const said = (after: ToolDefinition, language: "en" | "zh-TW" = "en") =>
  differencesBetween(tool, after).map((one) => differenceText(one, language));

describe("the differences of two versions of a tool", () => {
  it.each<[string, ToolDefinition, string[]]>([
    ["nothing", { ...tool, title: "not pinned" }, []],
    [
      "the description",
      { ...tool, description: "Deletes pods." },
      ["The description changed, from “Restarts pods.” to “Deletes pods.”."],
    ],
    [
      "characters that nobody sees",
      { ...tool, description: "Restarts\u200b pods." },
      ["The description changed, from “Restarts pods.” to “Restarts⟨U+200B⟩ pods.”."],
    ],
    [
      "a parameter that is new",
      input({ force: { type: "boolean" } }),
      ["The parameter force (boolean) is new."],
    ],
    [
      "a parameter that is new and required",
      input({ force: { type: "boolean" } }, { required: ["count", "force"] }),
      ["The parameter force (boolean) is new and required."],
    ],
    [
      "a parameter that is gone",
      {
        ...tool,
        inputSchema: {
          ...tool.inputSchema,
          properties: { ...schemaOf(tool).properties, why: undefined },
        },
      },
      ["The parameter why (string) is gone."],
    ],
    [
      "a type",
      input({ count: { type: "string" } }),
      ["The parameter count was integer and is string now."],
    ],
    [
      "the type of a list's items",
      input({ tags: { type: "array", items: { type: "integer" } } }),
      ["The parameter tags was string[] and is integer[] now."],
    ],
    [
      "what is required",
      input({}, { required: ["why"] }),
      ["The parameter count may be left out now.", "The parameter why is required now."],
    ],
    [
      "a limit",
      input({ count: { type: "integer", maximum: 1000 } }),
      [
        'The parameter count takes other values: {"type":"integer","maximum":1000} instead of {"type":"integer","maximum":10}.',
      ],
    ],
    [
      "a field of an object",
      input({ target: { type: "object", properties: { host: { type: "integer" } } } }),
      ["The parameter target.host was string and is integer now."],
    ],
    [
      "a parameter's description",
      input({ why: { type: "string", description: "Sent to everybody." } }),
      ["The parameter why is described otherwise, “Sent to everybody.” instead of “For the log.”."],
    ],
    [
      "the rest of the schema",
      input({}, { additionalProperties: false }),
      ["The schema of the arguments has other rules, apart from the parameters themselves."],
    ],
    [
      "an annotation",
      { ...tool, annotations: { readOnlyHint: true } },
      ["The annotation readOnlyHint was false and is true now."],
    ],
    [
      "the answers",
      { ...tool, outputSchema: { type: "object" } },
      ["The tool says now what its answers look like."],
    ],
  ])("are said of %s", (_, after, words) => {
    // As it comes from the tool server: without fields that are undefined.
    expect(said(JSON.parse(JSON.stringify(after)))).toEqual(words);
  });

  it("are said in Chinese too", () => {
    expect(said({ ...tool, description: "Deletes pods." }, "zh-TW")).toEqual([
      "說明由「Restarts pods.」改為「Deletes pods.」。",
    ]);
  });

  it("are at most a hundred, and never without end", () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`p${at}`, {}]));
    expect(said(input(many))).toHaveLength(100);
    const nested = (levels: number, leaf: unknown): unknown =>
      levels === 0 ? leaf : { type: "object", properties: { in: nested(levels - 1, leaf) } };
    const before = input({ deep: nested(50, { type: "string" }) });
    const after = input({ deep: nested(50, { type: "integer" }) });
    expect(differencesBetween(before, after)).toEqual([
      { kind: "parameter_changed_within", path: "deep.in.in.in.in.in" },
    ]);
    const long = differencesBetween(tool, { ...tool, description: "x".repeat(5_000) });
    expect(long[0]?.after).toHaveLength(1_001);
  });
});
