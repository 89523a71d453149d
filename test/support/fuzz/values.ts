import fc from "fast-check";

/** A number or other JSON as it is to be written, which JSON.stringify would write otherwise. */
export class Raw {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** JSON text in which `Raw` stands as it is. */
export function jsonText(value: unknown): string {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${jsonText(part)}`).join(",")}}`;
}

/** Lengths around the limits that fields have. */
const LENGTHS = [63, 64, 128, 129, 200, 201, 300, 301, 500, 501, 2_001, 4_000, 4_001, 65_537];

/** Texts that have broken something somewhere. */
const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "\0",
    "a\0b",
    "\ud800",
    "x\udc00",
    "\u202eabc",
    "\ufeff",
    "\uffff",
    "e\u0301\u0327",
    "👩‍👩‍👧‍👦",
    "İıß",
    "",
    " ",
    "\n",
    "\t\r\n",
    "'",
    '"',
    "\\",
    "\\u0000",
    "'; drop table awooop.runs; --",
    "%",
    "%00",
    "%s%n",
    "_",
    "*",
    "null",
    "undefined",
    "true",
    "NaN",
    "Infinity",
    "-0",
    "1e400",
    "0x10",
    "9223372036854775808",
    "__proto__",
    "constructor",
    "../../etc/passwd",
    "{}",
    "[]",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is text that others could take for a template
    "${7*7}{{7*7}}",
    "<script>alert(1)</script>",
    "alpha,bravo",
    "2026-02-30T00:00:00Z",
    "infinity",
    "00000000-0000-0000-0000-000000000000",
    "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
  ),
  fc.constantFrom(...LENGTHS).map((length) => "x".repeat(length)),
  fc.constantFrom(...LENGTHS).map((length) => "天".repeat(length)),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
);

const nested = (open: string, close: string, levels: number) =>
  new Raw(`${open.repeat(levels)}1${close.repeat(levels)}`);

/** JSON that fits nowhere, or nowhere well. */
export const hostileJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: hostileText },
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(
      null,
      true,
      false,
      0,
      -1,
      1.5,
      0.1 + 0.2,
      2 ** 31,
      2 ** 53,
      1e21,
      -1e308,
      new Raw("1e400"),
      new Raw("-1e400"),
      new Raw("1E-400"),
      new Raw("-0"),
      new Raw("-0.0000001"),
      new Raw("9007199254740993"),
      new Raw("123456789012345678901234567890.5"),
      [],
      {},
      [null],
      [[]],
      [""],
      { "": "" },
      { "a\0b": 1 },
      { "\ud800": 1 },
      new Raw('{"__proto__":{"polluted":true}}'),
      new Raw('{"constructor":{"prototype":{}},"toString":1,"length":-1}'),
      new Raw('{"a":1,"a":2}'),
      nested("[", "]", 63),
      nested("[", "]", 65),
      nested('{"a":', "}", 70),
      nested("[", "]", 5_000),
    ),
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.array(hostileText, { maxLength: 5 }) },
);

/** More than this in an address or a header is refused by Node before any of our code. */
const MOST_RAW = 3_000;

/** Query and path texts as they are sent, beyond what an encoder would make. */
export const hostileRaw: fc.Arbitrary<string> = fc.oneof(
  hostileText.map((text) => encoded(text).slice(0, MOST_RAW)),
  fc.constantFrom(
    "%",
    "%z",
    "%zz",
    "%00",
    "%ff",
    "%ff%fe",
    "%C0%80",
    "%ED%A0%80",
    "%F4%90%80%80",
    "%u0000",
    "%2e%2e",
    "%2F",
    "%5C",
    "%0d%0aX-Injected:1",
    "a+b",
    "a;b",
    "[]",
    "x".repeat(MOST_RAW),
  ),
);

/** As in an address; what UTF-8 can't say is sent as the bytes that would mean it. */
export function encoded(text: string): string {
  return Array.from(text, (char) =>
    /\p{Surrogate}/u.test(char) ? "%ED%A0%80" : encodeURIComponent(char),
  ).join("");
}

/** Header values: Latin letters beyond ASCII, and lengths. */
export const hostileHeader: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "",
    "\xff\xe9",
    "a,b;q=1",
    "x".repeat(255),
    "x".repeat(256),
    "x".repeat(MOST_RAW),
  ),
  fc.string({ maxLength: 20 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, "?")),
);
