import { expect, test } from "vitest";
import { partsOf } from "./unbroken.ts";

const names = (text: string) =>
  partsOf(text)
    .filter((part) => part.isName)
    .map((part) => part.text);

test("names with hyphens, dots and slashes stay whole, with no typed space around them", () => {
  expect(names("Delete files from /var/cache/shop on shop-cache-01?")).toEqual([
    "/var/cache/shop",
    "shop-cache-01",
  ]);
  expect(names("要刪除shop-cache-01上的檔案嗎？")).toEqual(["shop-cache-01"]);
  expect(names("Nothing here. Really.")).toEqual([]);
});

test("a name too long for a narrow screen may break", () => {
  expect(names("on checkout-web-frontend-eu-central-1-production-blue")).toEqual([]);
});

test("no character is lost", () => {
  const text = "a-b 中文 c.d/e: f --- g";
  expect(
    partsOf(text)
      .map((part) => part.text)
      .join(""),
  ).toBe(text);
});
