import { describe, expect, it } from "vitest";
import { AnswerCheck, type Answered, type Description } from "./openapi.ts";
import { faultsOf } from "./openapi-rules.ts";

const item = {
  type: "object",
  properties: { id: { type: "string" }, size: { type: ["integer", "null"] } },
  required: ["id", "size"],
};
const json = (schema: object) => ({ content: { "application/json": { schema } } });

const check = new AnswerCheck({
  openapi: "3.1.0",
  servers: [{ url: "/api" }],
  paths: {
    "/items/{id}": {
      get: { responses: { 200: json(item), 404: json({ $ref: "#/components/schemas/Problem" }) } },
      delete: { responses: { 204: {} } },
    },
    "/items/all": { get: { responses: { 200: json({ type: "array", items: item }) } } },
  },
  components: { schemas: { Problem: { type: "object", required: ["code"] } } },
});

const assert = (answered: Partial<Answered>) =>
  check.assert({
    method: "GET",
    path: "/api/items/7",
    status: 200,
    contentType: "application/json",
    body: '{"id":"7","size":null}',
    ...answered,
  });

describe("holding answers against their description", () => {
  it("lets pass what fits", () => {
    assert({});
    assert({ path: "/api/items/all?limit=1", body: '[{"id":"7","size":1}]' });
    assert({ method: "DELETE", status: 204, contentType: "", body: "" });
    assert({ status: 404, body: '{"code":"E"}' });
    assert({ path: "/elsewhere", body: "anything" });
  });

  it("refuses a missing field, one more, another type, an unknown status, a body too many", () => {
    expect(() => assert({ body: '{"id":"7"}' })).toThrow("must have required property 'size'");
    expect(() => assert({ body: '{"id":"7","size":1,"x":1}' })).toThrow("must NOT have additional");
    expect(() => assert({ body: '{"id":"7","size":"1"}' })).toThrow("must be integer,null");
    expect(() => assert({ path: "/api/items/all" })).toThrow("must be array");
    expect(() => assert({ status: 404, body: "{}" })).toThrow("required property 'code'");
    expect(() => assert({ status: 401 })).toThrow(
      "answered 401, which its description does not name",
    );
    expect(() => assert({ contentType: "text/html" })).toThrow("as text/html");
    expect(() => assert({ method: "DELETE", status: 204, body: "x" })).toThrow("with a body");
  });
});

describe("holding a description against the rules of OpenAPI", () => {
  const id = { name: "id", in: "path", required: true, schema: { type: "string" } };
  const found = { 200: { description: "Found" } };
  const read = { summary: "Read", parameters: [id], responses: found };
  const document = (more: Partial<Description> = {}): Description => ({
    openapi: "3.1.0",
    info: { title: "Items", version: "1" },
    servers: [{ url: "/api" }],
    paths: { "/items/{id}": { get: read } },
    ...more,
  });
  const reading = (more: object) =>
    document({ paths: { "/items/{id}": { get: { ...read, ...more } } } });

  it("finds nothing wrong with a sound one", () => {
    expect(faultsOf(document())).toEqual([]);
  });

  it.each<[string, Description]>([
    ["openapi is 3.0.0", document({ openapi: "3.0.0" })],
    ["info has no title", document({ info: {} })],
    ["stands there twice", document({ paths: { "/a/{x}": {}, "/a/{y}": {} } })],
    ["takes  in its path", reading({ parameters: [] })],
    ["takes path id twice", reading({ parameters: [id, id] })],
    ["does not require id", reading({ parameters: [{ ...id, required: false }] })],
    ["can't succeed", reading({ responses: { 404: { description: "None" } } })],
    ["does not say what 200 is", reading({ responses: { 200: {} } })],
    ["needs key, which is not described", reading({ security: [{ key: [] }] })],
    ["has a body", reading({ requestBody: { content: { "application/json": {} } } })],
    ["nullable is of", reading({ parameters: [{ ...id, schema: { nullable: true } }] })],
    ["unknown keyword", reading({ parameters: [{ ...id, schema: { color: "red" } }] })],
    ["has flags", reading({ parameters: [{ ...id, schema: { pattern: "^a$/i" } }] })],
    ["#/nowhere is nowhere", reading({ responses: { 200: { ...found[200], $ref: "#/nowhere" } } })],
  ])("finds that it %s", (fault, wrong) => {
    expect(faultsOf(wrong).join("\n")).toContain(fault);
  });
});
