import { describe, expect, it } from "vitest";
import { agentBodySchema } from "./agent-body.ts";
import { explainIssues } from "./fields.ts";

function explained(body: unknown): Record<string, string> {
  const read = agentBodySchema.safeParse(body);
  if (read.success) return {};
  return Object.fromEntries(
    explainIssues(read.error, body, "body").map(({ path, message }) => [path, message]),
  );
}

const fine = { display_name: "Janitor", driver: "worker" };
const withSteps = (...steps: unknown[]) => ({ ...fine, runbook: { steps } });

describe("the errors of a body", () => {
  it("names an unknown field itself, not the object it stands in", () => {
    expect(explained({ ...fine, driver: "client", colour: "red", size: 3 })).toEqual({
      "body.colour": "there is no such field here",
      "body.size": "there is no such field here",
    });
  });

  it("calls a field that is not there missing", () => {
    expect(explained({ driver: "client" })).toEqual({ "body.display_name": "is missing" });
  });

  it("says what a value may be", () => {
    const wrong = explained({ ...fine, driver: "robot" });
    expect(wrong["body.driver"]).toContain('"worker"|"client"');
  });

  it("reports the step that was meant, deep inside", () => {
    const body = withSteps({ key: "look", call: { server: 5, args: [] }, on_error: "panic" });
    expect(Object.keys(explained(body)).sort()).toEqual([
      "body.runbook.steps.0.call.args",
      "body.runbook.steps.0.call.server",
      "body.runbook.steps.0.call.tool",
      "body.runbook.steps.0.on_error",
    ]);
  });

  it("reports a stray field of a step that is clear otherwise", () => {
    const body = withSteps({ key: "look", call: { server: "a", tool: "b" }, retries: 3 });
    expect(explained(body)).toEqual({
      "body.runbook.steps.0.retries": "there is no such field here",
    });
  });

  it.each([
    ["none of the three", { key: "look" }],
    ["a misspelt one", { key: "look", cal: { server: "a", tool: "b" } }],
    ["two of them", { key: "look", call: { server: "a", tool: "b" }, check: { $cel: "true" } }],
  ])("says what a step is when it has %s", (_, step) => {
    expect(explained(withSteps(step))["body.runbook.steps.0"]).toBe(
      "must be a step with a key and exactly one of call, check and message",
    );
  });

  it("wants money as it is kept, with six decimals at most", () => {
    const client = { ...fine, driver: "client" };
    const costing = (cost_per_call: number) => ({
      ...client,
      tools: [{ server: "a", tool: "b", cost_per_call }],
    });
    for (const amount of [0, 0.000001, 0.1, 19.99, 999_999.999999])
      expect(explained(costing(amount))).toEqual({});
    expect(explained(costing(0.0000012))).toEqual({
      "body.tools.0.cost_per_call": "must have at most six decimals",
    });
    expect(explained({ ...client, limits: { cost_usd: 0.0000014 } })).toEqual({
      "body.limits.cost_usd": "must have at most six decimals",
    });
  });

  it("tells a text from an expression", () => {
    expect(explained({ ...fine, driver: "client", title: 7 })["body.title"]).toContain("$cel");
    expect(explained({ ...fine, driver: "client", title: { $cel: "" } })).toHaveProperty([
      "body.title.$cel",
    ]);
  });
});
