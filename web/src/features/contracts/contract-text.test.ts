import { describe, expect, test } from "vitest";
import { faultsAt, readText, written } from "./contract-text.ts";

const body = { driver: "client", tools: [{ server: "kit", tool: "look" }], note: "a\nb" };

describe("a contract's text", () => {
  test.each(["yaml", "json"] as const)("says the same when it is read again: %s", (notation) => {
    const read = readText(written(body, notation));
    expect(read.ok && read.value).toEqual(body);
  });

  test("begins with what people look for, in whatever order it is kept", () => {
    const kept = { tools: [{ tool: "look", args: {}, server: "kit" }], driver: "client" };
    expect(written(kept, "yaml")).toBe(
      "driver: client\ntools:\n  - server: kit\n    tool: look\n    args: {}\n",
    );
  });

  test("says at which line it can't be read", () => {
    expect(readText("a: 1\nb: [1, 2\nc: 3\n")).toMatchObject({ ok: false });
    expect(readText("a: 1\na: 2\n")).toMatchObject({ ok: false, faults: [{ line: 2 }] });
    expect(readText("a: 1\nb: 12345678901234567890\n")).toMatchObject({
      ok: false,
      faults: [
        { line: 2, found: { code: "lost_number", params: { number: "12345678901234567890" } } },
      ],
    });
  });

  test("does not grow beyond measure through aliases", () => {
    const bomb = [
      "a: &a [x, x]",
      ...[..."bcdefgh"].map((key, at) => {
        const before = `*${"abcdefgh"[at]}`;
        return `${key}: &${key} [${Array(9).fill(before).join(", ")}]`;
      }),
    ].join("\n");
    expect(readText(bomb)).toMatchObject({ ok: false });
  });

  test("is empty as nothing", () => {
    expect(readText("")).toMatchObject({ ok: true, value: null });
  });

  test("has what the API found wrong at its line, or at the closest thing around it", () => {
    const read = readText("driver: client\ntools:\n  - server: kit\n    tool: look\n");
    if (!read.ok) throw new Error("it can be read");
    const errors = [
      { path: "body.tools.0.tool", message: "no such tool" },
      { path: "body.tools.0.effect.x", message: "is missing" },
      { path: "contract_id", message: "is taken" },
      { path: "body", message: "must be an object" },
    ];
    expect(faultsAt(read, errors)).toEqual([
      { line: 1, field: "contract_id", found: { message: "is taken" } },
      { line: 1, field: "", found: { message: "must be an object" } },
      { line: 3, field: "tools.0.effect.x", found: { message: "is missing" } },
      { line: 4, field: "tools.0.tool", found: { message: "no such tool" } },
    ]);
  });
});
