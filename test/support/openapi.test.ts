import { describe, expect, it } from "vitest";
import { AnswerCheck, type Answered } from "./openapi.ts";

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
