import { describe, expect, test } from "vitest";
import { amountText, readAmount } from "./amounts.ts";

describe("an amount that is typed", () => {
  test.each([
    ["", 0, null],
    ["  ", 6, null],
    ["0", 0, 0],
    ["400", 0, 400],
    ["0.1", 6, 0.1],
    ["12.345678", 6, 12.345678],
  ])("%j with %i decimals is %j", (text, decimals, value) => {
    expect(readAmount(text, decimals)).toEqual({ ok: true, value });
  });

  test.each([
    ["1.5", 0],
    ["1.1234567", 6],
    ["1e9", 6],
    ["-1", 0],
    ["1,000", 6],
    [".5", 6],
    ["ten", 0],
  ])("%j with %i decimals is none", (text, decimals) => {
    expect(readAmount(text, decimals)).toEqual({ ok: false });
  });

  test("is shown as it would be typed", () => {
    for (const value of [null, 0, 0.5, 40]) {
      expect(readAmount(amountText(value), 6)).toEqual({ ok: true, value });
    }
  });
});
