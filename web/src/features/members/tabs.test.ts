import { expect, test } from "vitest";
import { localIn, namesIn, readMembersSearch } from "./tabs.ts";

test("the address names a tab, or people are shown", () => {
  expect(readMembersSearch({ tab: "keys" })).toEqual({ tab: "keys" });
  expect(readMembersSearch({ tab: "people" })).toEqual({});
  expect(readMembersSearch({ tab: "rooms" })).toEqual({});
});

test("names are typed with anything between them, and each counts once", () => {
  expect(namesIn(" dba, sre、dba\nnet ")).toEqual(["dba", "sre", "net"]);
  expect(namesIn("  ")).toEqual([]);
});

test("a time in days is given as the field takes it, in the reader's zone", () => {
  const now = new Date("2026-11-22T03:07:58Z");
  const field = localIn(7, now);
  expect(field).toMatch(/^2026-11-\d\dT\d\d:07$/);
  expect(new Date(field).getTime() - now.getTime()).toBe(7 * 86_400_000 - 58_000);
});
