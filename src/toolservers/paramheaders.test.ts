import { describe, expect, it } from "vitest";
import {
  isTooLongForHeaders,
  paramHeaderMismatch,
  paramHeaderProblem,
  paramHeaders,
} from "./paramheaders.ts";

const marked = (header: unknown, type: unknown = "string") => ({ type, "x-mcp-header": header });
const schema = {
  type: "object",
  properties: {
    region: marked("Region"),
    count: marked("Count", "integer"),
    dry: marked("Dry", "boolean"),
    where: { type: "object", properties: { tenant: marked("Tenant") } },
    query: { type: "string", default: { "x-mcp-header": "no schema" } },
  },
};
const of = (region: unknown) => paramHeaders(schema, { region })["mcp-param-region"];

describe("the headers of a call's parameters", () => {
  it("are those that the schema marks and that have a value", () => {
    const args = {
      region: "us-west1",
      count: -7,
      dry: false,
      where: { tenant: "a b" },
      query: "q",
    };
    expect(paramHeaders(schema, args)).toEqual({
      "mcp-param-region": "us-west1",
      "mcp-param-count": "-7",
      "mcp-param-dry": "false",
      "mcp-param-tenant": "a b",
    });
    expect(paramHeaders(schema, { region: null, where: {}, count: 2 ** 60, dry: [] })).toEqual({});
    expect(paramHeaders({ type: "object" }, { region: "x" })).toEqual({});
    expect(paramHeaders(undefined, { region: "x" })).toEqual({});
    const inherited = { type: "object", properties: { toString: marked("Odd") } };
    expect(paramHeaders(inherited, {})).toEqual({});
  });

  it.each([
    ["Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="],
    [" padded ", "=?base64?IHBhZGRlZCA=?="],
    ["line1\nline2", "=?base64?bGluZTEKbGluZTI=?="],
    ["=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="],
    ["a\tb", "a\tb"],
    ["", "=?base64??="],
  ])("carry %j safely", (value, header) => {
    expect(of(value)).toBe(header);
    const headers = new Headers({ "mcp-param-region": header });
    expect(paramHeaderMismatch(schema, { region: value }, headers)).toBeUndefined();
  });

  it("can't be ended by what a value says", () => {
    for (let code = 0; code < 0x180; code++) {
      const header = of(`x${String.fromCharCode(code)}y: z`);
      expect(header).toMatch(/^[\t\x20-\x7e]+$/);
    }
    expect(of("x\r\nauthorization: Bearer y")).toMatch(/^=\?base64\?[\w+/=]+\?=$/);
  });

  it.each([
    ["a name that is none", { properties: { a: marked("a b") } }],
    ["a name with a line's end", { properties: { a: marked("a\r\nb") } }],
    ["an empty name", { properties: { a: marked("") } }],
    ["a name that is no text", { properties: { a: marked(7) } }],
    ["the same name twice", { properties: { a: marked("X"), b: marked("x") } }],
    ["a parameter that is an object", { properties: { a: marked("X", "object") } }],
    ["a parameter of several types", { properties: { a: marked("X", ["string", "null"]) } }],
    ["the whole schema", { "x-mcp-header": "X", type: "string" }],
    ["what is in a list", { properties: { a: { items: marked("X") } } }],
    ["what is in a definition", { $defs: { a: marked("X") } }],
    ["one of several", { properties: { a: { anyOf: [{ properties: { b: marked("X") } }] } } }],
  ])("are refused for %s", (_, broken) => {
    expect(paramHeaderProblem(broken)).toContain("x-mcp-header");
    expect(paramHeaders(broken, { a: "x" })).toEqual({});
  });

  it.each([
    ["the value", { region: "a" }, "a", undefined],
    ["no value and no header", {}, undefined, undefined],
    ["null and no header", { region: null }, undefined, undefined],
    ["the encoded value", { region: "Hello" }, "=?base64?SGVsbG8=?=", undefined],
    [
      "half a wrapping, as it stands",
      { region: "=?base64?SGVsbG8=" },
      "=?base64?SGVsbG8=",
      undefined,
    ],
    ["no header", { region: "a" }, undefined, "is missing"],
    ["a header without a value", {}, "a", "has no value"],
    ["another value", { region: "a" }, "b", "differ"],
    ["a value in other letters", { region: "a" }, "A", "differ"],
    ["Base64 without its padding", { region: "Hello" }, "=?base64?SGVsbG8?=", "Base64"],
    ["what is no Base64", { region: "Hello" }, "=?base64?SGVs!!!bG8=?=", "Base64"],
    ["Base64 of what is no text", { region: "\ufffd" }, "=?base64?/w==?=", "Base64"],
  ])("are looked at: %s", (_, args, header, problem) => {
    const headers = new Headers(header === undefined ? {} : { "mcp-param-region": header });
    const found = paramHeaderMismatch(schema, args, headers);
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(problem);
  });

  it("are bounded, all together", () => {
    const isTooLong = (region: string, query = "") =>
      isTooLongForHeaders(schema, { region, query });
    expect(isTooLong("a".repeat(6000))).toBe(false);
    expect(isTooLong("a".repeat(6200))).toBe(true);
    expect(isTooLong("漢".repeat(1600))).toBe(true);
    expect(isTooLong("a", "a".repeat(100_000))).toBe(false);
  });

  it("are compared as numbers where they are some", () => {
    const found = (header: string) =>
      paramHeaderMismatch(schema, { count: 42 }, new Headers({ "mcp-param-count": header }));
    expect(["42", "42.0"].map(found)).toEqual([undefined, undefined]);
    for (const other of ["43", "0x2a", "42abc"]) expect(found(other)).toContain("differ");
  });
});
