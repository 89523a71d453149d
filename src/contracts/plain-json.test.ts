import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainJsonErrors } from "./plain-json.ts";

const nested = (levels: number): unknown => (levels === 0 ? 1 : { in: nested(levels - 1) });

describe("a body that can be stored", () => {
  it("is any JSON value of moderate size", () => {
    const shallow = fc.jsonValue({ maxDepth: 6 });
    fc.assert(
      fc.property(shallow, (value) => {
        const body = JSON.parse(JSON.stringify({ value })) as unknown;
        const storable = !JSON.stringify(body).includes("\\u0000") && !hasProto(body);
        if (storable) expect(plainJsonErrors(body, "body")).toEqual([]);
      }),
    );
  });

  it.each([
    ["a NUL character", { a: ["x", "\0"] }, "body.a.1"],
    ["half a surrogate pair", { a: "\ud800" }, "body.a"],
    ["a number beyond a double", { a: JSON.parse("1e999") as number }, "body.a"],
    ["a NUL in a name", { a: { "\0": 1 } }, "body.a"],
    ["a __proto__", JSON.parse('{"a": {"__proto__": 1}}'), "body.a"],
  ])("does not hold %s", (_, body, path) => {
    expect(plainJsonErrors(body, "body").map((error) => error.path)).toEqual([path]);
  });

  it("has 32 levels at most, and any depth is answered", () => {
    expect(plainJsonErrors(nested(32), "body")).toEqual([]);
    expect(plainJsonErrors(nested(33), "body")).toHaveLength(1);
    expect(plainJsonErrors(nested(5_000), "body")).toHaveLength(1);
  });

  it("has 256 KiB at most, counted in bytes", () => {
    const of = (bytes: number) => ({ a: "é".repeat((bytes - 8) / 2) });
    expect(plainJsonErrors(of(262_144), "body")).toEqual([]);
    expect(plainJsonErrors(of(262_146), "body")[0]?.message).toContain("262146 bytes");
  });
});

function hasProto(value: unknown): boolean {
  if (value === null || typeof value !== "object") return false;
  return Object.entries(value).some(([key, part]) => key === "__proto__" || hasProto(part));
}
