import { expect, test } from "vitest";
import { ownPath } from "./own-path.ts";

test("only paths of our own are gone to after a sign-in", () => {
  expect(ownPath("/runs/01a20463-1d83")).toBe("/runs/01a20463-1d83");
  for (const path of [
    null,
    "",
    "runs",
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "https://evil.example",
  ])
    expect(ownPath(path)).toBeUndefined();
});
