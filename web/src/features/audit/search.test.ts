import { expect, test } from "vitest";
import { isAuditFiltered, readAuditSearch, toAuditFilters } from "./search.ts";

test("what the address can't mean is left out, and the rest becomes the question", () => {
  expect(readAuditSearch({ actor: " ", action: 5, since: "2h" })).toEqual({});
  const search = readAuditSearch({ actor: " ada ", target: "r1", since: "1h", entry: "e" });
  expect(search).toEqual({ actor: "ada", target: "r1", since: "1h", entry: "e" });
  expect(isAuditFiltered(search)).toBe(true);
  expect(isAuditFiltered({ entry: "e" })).toBe(false);
  expect(toAuditFilters(search, "acme", Date.parse("2026-11-22T03:00:59Z"))).toEqual({
    project_id: "acme",
    actor: "ada",
    target: "r1",
    created_after: "2026-11-22T02:00:00.000Z",
  });
});
