import fc from "fast-check";
import { expect, it } from "vitest";
import { lostNumber } from "./exact-json.ts";

it.each<[string, string | undefined]>([
  ['{"id":9007199254740993}', "9007199254740993"],
  ['{"id":-9007199254740993}', "-9007199254740993"],
  ['[{"a":[1,1234567890123456789]}]', "1234567890123456789"],
  ['{"n":1e999}', "1e999"],
  ['{"n":-1E+400}', "-1E+400"],
  ['{"id":9007199254740992}', undefined],
  ['{"n":1000000000000000000000}', undefined],
  ['{"n":1e21,"m":1e-400,"o":0.12345678901234567}', undefined],
  ['{"id":"9007199254740993"}', undefined],
  ['{"9007199254740993":1}', undefined],
  ['{"id":9007199254740993', undefined],
])("finds in %s the number %s", (text, lost) => {
  expect(lostNumber(text)?.number).toBe(lost);
});

it.each([
  ["1e999", ""],
  ['{"a":{"b":[1,9007199254740993]}}', "a.b.1"],
  ['{"a":1e999,"b":1e999}', "a"],
])("says where in %s it stands", (text, path) => {
  expect(lostNumber(text)?.path).toBe(path);
});

it("finds none in what JavaScript has written, and every whole number that would become another", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(lostNumber(JSON.stringify(value))).toBeUndefined();
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (whole) => {
      const read = Number(whole);
      const isKept = BigInt(read) === whole || String(read) === String(whole);
      expect(lostNumber(`[${whole}]`)?.number).toBe(isKept ? undefined : String(whole));
    }),
  );
});
