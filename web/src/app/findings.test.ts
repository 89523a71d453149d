import { expect, test } from "vitest";
import { finding } from "../../../src/platform/findings-contract.ts";
import { piecesOf } from "./findings.ts";

const inChinese = (found: Parameters<typeof piecesOf>[0]) => piecesOf(found, "zh-TW");

test("what is known by its code is said in the reader's language", () => {
  const short = finding("too_short", { min: 3 });
  expect(inChinese(short)).toEqual([{ text: "至少須有 3 個字元", isEnglish: false }]);
  expect(piecesOf(short, "en")).toEqual([
    { text: "must have at least 3 characters", isEnglish: true },
  ]);
});

test("a parameter that has another form in Chinese is said in that", () => {
  const params = { server: "shop", tool: "lok", near: "look or lock", near_zh_tw: "look 或 lock" };
  const near = finding("no_such_tool_but", params);
  expect(inChinese(near)[0]?.text).toBe(
    "工具伺服器「shop」沒有工具「lok」；是指 look 或 lock 嗎？",
  );
});

test("the words of a library stay English within a sentence that is not", () => {
  const at = finding("cedar_unreadable_at", { line: 2, column: 10, said: "unexpected token `x`" });
  expect(inChinese(at)).toEqual([
    { text: "第 2 行第 10 欄：", isEnglish: false },
    { text: "unexpected token `x`", isEnglish: true },
  ]);
});

test("what a newer server found, and what only a parser said, is shown as it came", () => {
  for (const found of [{ code: "brand_new", message: "is new" }, { message: "is new" }])
    expect(inChinese(found)).toEqual([{ text: "is new", isEnglish: true }]);
});
