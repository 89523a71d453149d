import { describe, expect, it } from "vitest";
import type { Approval } from "../../app/api.ts";
import { isAlike, markedOf, toggled } from "./marks.ts";

const question = (approval_id: string, more: Partial<Approval> = {}) =>
  ({
    ...{ approval_id, project_id: "acme", server: "shop", tool: "clear", rule: "always" },
    ...more,
  }) as Approval;

describe("marks of questions that are decided together", () => {
  it("are of one project, server, tool and rule", () => {
    const marked = [question("a")];
    expect(isAlike(question("b"), marked)).toBe(true);
    expect(isAlike(question("b", { tool: "other" }), [])).toBe(true);
    for (const other of [{ project_id: "x" }, { server: "x" }, { tool: "x" }, { rule: "x" }]) {
      expect(isAlike(question("b", other), marked)).toBe(false);
    }
  });

  it("come and go, and count only while a question is open", () => {
    const marks = toggled(toggled(toggled(new Set(), "b"), "a"), "c");
    const entries = ["a", "b", "c", "d"].map((id) => ({
      approval: question(id),
      closed: id === "b",
    }));
    expect(markedOf(entries, marks).map(({ approval_id }) => approval_id)).toEqual(["a", "c"]);
    expect(toggled(marks, "a").has("a")).toBe(false);
  });
});
