import { describe, expect, it } from "vitest";
import { readArguments } from "./read-arguments.ts";

describe("edited arguments", () => {
  it("are a JSON object", () => {
    expect(readArguments('{"a": "5", "b": 5}', {})).toEqual({ args: { a: "5", b: 5 } });
    expect(readArguments("{a}", {})).toMatchObject({ wrong: "json", why: expect.any(String) });
    for (const text of ["[]", "5", "null", '"x"']) {
      expect(readArguments(text, {})).toEqual({ wrong: "object" });
    }
  });

  it("hold no mask in the place of a secret that was not shown", () => {
    const shown = { password: "[redacted]", path: "/a" };
    expect(readArguments(JSON.stringify(shown), shown)).toEqual({ wrong: "masked" });
    expect(readArguments('{"password": "new", "path": "/b"}', shown)).toHaveProperty("args");
    // Nothing was hidden, so these are words like any other.
    expect(readArguments('{"text": "[redacted]"}', { text: "x" })).toHaveProperty("args");
  });
});
