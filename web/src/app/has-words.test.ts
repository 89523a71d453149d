import { expect, test } from "vitest";
import { hasWords } from "./has-words.ts";

test("every word counts, in any order and letter case; nothing typed is in everything", () => {
  const names = ["Delete old files on shop-cache-01?", "clear_cache", "要刪除檔案嗎？"];
  expect(hasWords(names, "CACHE delete")).toBe(true);
  expect(hasWords(names, "刪除")).toBe(true);
  expect(hasWords(names, " ")).toBe(true);
  expect(hasWords(names, "delete redis")).toBe(false);
});
