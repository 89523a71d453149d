import fc from "fast-check";
import type { Operation, Parameter } from "../openapi.ts";
import { Known } from "./known.ts";
import { fitting, recordOf } from "./schemas.ts";
import { encoded, hostileHeader, hostileJson, hostileRaw, jsonText, Raw } from "./values.ts";

/** An operation of the API's description. */
export interface Described {
  method: string;
  /** With its parameters in braces. */
  path: string;
  operation: Operation;
}

/** A request before what is known is filled in. */
export interface Wish {
  path: Record<string, unknown>;
  /** Names and values in their order; a name may come twice. */
  query: [string, unknown][];
  headers: Record<string, unknown>;
  body: unknown;
  contentType: string | undefined;
}

/** A request as it is sent. */
export interface Sent {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer | undefined;
}

const JSON_TYPE = "application/json";

/** Requests that fit the description of the operation. */
export function fittingWish({ operation }: Described): fc.Arbitrary<Wish> {
  const { parameters = [], requestBody } = operation;
  const of = (where: string) => parameters.filter((parameter) => parameter.in === where);
  const schema = requestBody?.content[JSON_TYPE]?.schema;
  return fc.record({
    path: valuesOf(of("path")),
    query: valuesOf(of("query")).map((given) => Object.entries(given)),
    headers: valuesOf(of("header")),
    body: schema === undefined ? fc.constant(undefined) : fitting(schema, ""),
    contentType: fc.constant(schema === undefined ? undefined : JSON_TYPE),
  });
}

function valuesOf(parameters: Parameter[]): fc.Arbitrary<Record<string, unknown>> {
  const fields = parameters.map(({ name, schema }) => [name, fitting(schema, name)] as const);
  const required = parameters.filter((parameter) => parameter.required).map(({ name }) => name);
  return recordOf(Object.fromEntries(fields), required);
}

/** Something that a wish is changed by. */
type Change = (wish: Wish) => Wish;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  !(Array.isArray(value) || value instanceof Raw || value instanceof Known);

/** Requests that fit but for one thing, or not at all. */
export function hostileWish(described: Described): fc.Arbitrary<Wish> {
  return fc
    .tuple(fittingWish(described), fc.array(changeTo(described), { minLength: 1, maxLength: 2 }))
    .map(([wish, changes]) => changes.reduce((changed, change) => change(changed), wish));
}

function changeTo({ operation }: Described): fc.Arbitrary<Change> {
  const { parameters = [], requestBody } = operation;
  const names = (where: string) =>
    parameters.filter((parameter) => parameter.in === where).map(({ name }) => name);
  const choices: fc.Arbitrary<Change>[] = [strayQuery, wrongHeaders(names("header"))];
  if (names("path").length > 0) choices.push(wrongPath(names("path")));
  if (names("query").length > 0) choices.push(wrongQuery(names("query")));
  if (requestBody) choices.push(wrongField, wrongField, wrongField, wrongBody, wrongType);
  else choices.push(strayBody);
  return fc.oneof(...choices);
}

const wrongPath = (names: string[]): fc.Arbitrary<Change> =>
  fc.tuple(fc.constantFrom(...names), hostileRaw).map(([name, value]) => (wish) => ({
    ...wish,
    path: { ...wish.path, [name]: new Raw(value === "" ? "%20" : value) },
  }));

/** Another value, or a value twice, or nothing. */
const wrongQuery = (names: string[]): fc.Arbitrary<Change> =>
  fc
    .tuple(fc.constantFrom(...names), hostileRaw, fc.constantFrom("replace", "repeat", "drop"))
    .map(([name, value, how]) => (wish) => {
      const others = how === "repeat" ? wish.query : wish.query.filter(([key]) => key !== name);
      const added: [string, unknown][] = how === "drop" ? [] : [[name, new Raw(value)]];
      return { ...wish, query: [...others, ...added] };
    });

const strayQuery: fc.Arbitrary<Change> = fc
  .tuple(hostileRaw, hostileRaw)
  .map(([name, value]) => (wish) => ({
    ...wish,
    query: [...wish.query, [name, new Raw(value)]],
  }));

const wrongHeaders = (names: string[]): fc.Arbitrary<Change> =>
  fc
    .tuple(fc.constantFrom("accept-language", "accept", "user-agent", ...names), hostileHeader)
    .map(([name, value]) => (wish) => ({
      ...wish,
      headers: { ...wish.headers, [name]: value },
    }));

/** One field of the body, at any depth, is something else, gone, or one too many. */
const wrongField: fc.Arbitrary<Change> = fc
  .tuple(fc.nat(1_000), hostileJson, fc.constantFrom("replace", "replace", "drop", "add"))
  .map(([at, value, how]) => (wish) => ({ ...wish, body: withField(wish.body, at, value, how) }));

function withField(body: unknown, at: number, value: unknown, how: string): unknown {
  if (Array.isArray(body) && body.length > 0) {
    return body.with(at % body.length, withField(body[at % body.length], at, value, how));
  }
  if (!isObject(body)) return value;
  const keys = Object.keys(body);
  const key = keys[at % Math.max(keys.length, 1)];
  if (how === "add" || key === undefined) return { ...body, color: value };
  if (how === "drop") return { ...body, [key]: undefined };
  const part = body[key];
  const isDeeper = (isObject(part) || Array.isArray(part)) && at % 3 > 0;
  return { ...body, [key]: isDeeper ? withField(part, Math.floor(at / 3), value, how) : value };
}

const wrongBody: fc.Arbitrary<Change> = fc
  .oneof(
    hostileJson,
    fc
      .constantFrom("", " ", "{", '{"a":', "[1,", '{"a":1}}', "\ufeff{}", "{'a':1}", "nul", '"')
      .map((text) => new Raw(text)),
  )
  .map((body) => (wish) => ({ ...wish, body }));

const strayBody: fc.Arbitrary<Change> = hostileJson.map((body) => (wish) => ({
  ...wish,
  body,
  contentType: JSON_TYPE,
}));

const wrongType: fc.Arbitrary<Change> = fc
  .constantFrom(
    undefined,
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=utf-16",
    "APPLICATION/JSON",
    "application/merge-patch+json",
    "application/jsonp",
    "application/json, text/plain",
  )
  .map((contentType) => (wish) => ({ ...wish, contentType }));

/** The request as it goes over the wire. */
export function sentOf(base: string, { method, path }: Described, wish: Wish): Sent {
  const address = path.replaceAll(/\{([^}]+)\}/g, (_, name) => asText(wish.path[name]));
  const query = wish.query.map(([name, value]) => `${name}=${asText(value)}`).join("&");
  const headers = Object.entries(wish.headers).map(([name, value]) => [name, String(value)]);
  const body = wish.body === undefined ? undefined : Buffer.from(jsonText(wish.body));
  return {
    method: method.toUpperCase(),
    path: `${base}${address}${query === "" ? "" : `?${query}`}`,
    headers: {
      ...Object.fromEntries(headers),
      ...(wish.contentType === undefined || body === undefined
        ? {}
        : { "content-type": wish.contentType }),
    },
    body,
  };
}

const asText = (value: unknown) =>
  value instanceof Raw ? value.text : encoded(String(value)) || "%20";
