import { expect, it } from "vitest";
import { createStatementNames } from "./statement-names.ts";

function nameAfter(uses: number, text: string, names = createStatementNames()) {
  return Array.from({ length: uses }, () => names.nameOf(text)).at(-1);
}

it("names a statement at its third use, and then always alike", () => {
  const names = createStatementNames();
  expect(nameAfter(2, "select 1", names)).toBeUndefined();
  const name = names.nameOf("select 1");
  expect(name).toMatch(/^awooop_\d+$/);
  expect(names.nameOf("select 1")).toBe(name);
  expect(nameAfter(3, "select 2", names)).not.toBe(name);
});

it("names no more than each connection can bear, and keeps the names it gave", () => {
  const names = createStatementNames();
  const given = Array.from({ length: 1_000 }, (_, n) => nameAfter(3, `select ${n}`, names));
  expect(given.filter((name) => name !== undefined)).toHaveLength(200);
  expect(new Set(given).size).toBe(201);
  expect(names.nameOf("select 0")).toBe(given[0]);
});

it("still finds what is asked often among many statements that come once", () => {
  const names = createStatementNames();
  let name: string | undefined;
  for (let n = 0; n < 20_000 && name === undefined; n++) {
    names.nameOf(`select ${n}`);
    if (n % 100 === 0) name = names.nameOf("asked often");
  }
  expect(name).toBeDefined();
});
