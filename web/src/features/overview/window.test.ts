import { expect, test } from "vitest";
import { overviewQuery } from "../../../../src/overview/contract.ts";
import { HOURS, readWindow, WINDOWS } from "./window.ts";

test("every window is one that the API looks back for", () => {
  for (const window of WINDOWS)
    expect(overviewQuery.parse({ hours: String(HOURS[window]) }).hours).toBe(HOURS[window]);
});

test("an address that says something else is read as if it said nothing", () => {
  expect([readWindow("7d"), readWindow("8d"), readWindow(7), readWindow(undefined)]).toEqual([
    "7d",
    undefined,
    undefined,
    undefined,
  ]);
});
