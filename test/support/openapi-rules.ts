import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { Description, Operation, Parameter } from "./openapi.ts";

const METHODS = ["get", "put", "post", "delete", "patch"];
const PLACES = ["path", "query", "header", "cookie"];

/**
 * What is wrong with an OpenAPI document by the rules of OpenAPI 3.1 (spec.openapis.org/oas/v3.1.0) that a program can
 * hold it to; empty when it keeps them.
 */
export function faultsOf(document: Description): string[] {
  const at = (where: string) => (fault: string) => `${where}: ${fault}`;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  return [
    ...rootFaults(document),
    ...pathFaults(Object.keys(document.paths)),
    ...operations.flatMap(({ path, method, operation }) =>
      [...operationFaults(document, path, method, operation)].map(at(`${method} ${path}`)),
    ),
    ...schemaFaults(document),
    ...referenceFaults(document),
  ];
}

function* rootFaults(document: Description): Generator<string> {
  const { openapi, info, servers } = document;
  if (!/^3\.1\.\d+$/.test(openapi)) yield `openapi is ${openapi}`;
  if (!info?.title || !info.version) yield "info has no title or no version";
  if (servers.length === 0 || servers.some(({ url }) => !url)) yield "a server has no url";
  for (const [name, scheme] of Object.entries(document.components?.securitySchemes ?? {})) {
    const given = scheme as Record<string, string>;
    const needed = { http: ["scheme"], apiKey: ["name", "in"] }[given.type ?? ""];
    if (!needed?.every((field) => given[field])) yield `the security scheme ${name} is incomplete`;
  }
}

function* pathFaults(paths: string[]): Generator<string> {
  const templates = paths.map((path) => path.replaceAll(/\{[^}]*\}/g, "{}"));
  for (const [at, path] of paths.entries()) {
    if (!/^(\/([\w.~-]+|\{\w+\}))+$/.test(path)) yield `the path ${path} is no path`;
    if (templates.indexOf(templates[at] ?? "") !== at) yield `the path ${path} stands there twice`;
  }
}

function* operationFaults(
  document: Description,
  path: string,
  method: string,
  operation: Operation,
): Generator<string> {
  const { parameters = [], requestBody, responses, summary } = operation;
  if (!METHODS.includes(method)) yield "is no method";
  if (!summary) yield "has no summary";
  if (requestBody && ["get", "delete"].includes(method)) yield "has a body";
  if (requestBody && Object.keys(requestBody.content).length === 0) yield "has a body of no type";
  yield* parameterFaults(path, parameters);
  const statuses = Object.keys(responses);
  if (!statuses.some((status) => status.startsWith("2"))) yield "can't succeed";
  for (const [status, { description, content = {} }] of Object.entries(responses)) {
    if (!/^[1-5]\d\d$/.test(status)) yield `answers ${status}`;
    if (!description) yield `does not say what ${status} is`;
    const types = Object.keys(content);
    if (types.some((type) => !/^[\w-]+\/[\w.+-]+$/.test(type))) yield `answers ${types}`;
  }
  const schemes = Object.keys(document.components?.securitySchemes ?? {});
  for (const choice of operation.security ?? document.security ?? []) {
    const unknown = Object.keys(choice as object).filter((name) => !schemes.includes(name));
    if (unknown.length > 0) yield `needs ${unknown}, which is not described`;
  }
}

function* parameterFaults(path: string, parameters: Parameter[]): Generator<string> {
  const names = parameters.map(({ name, in: place }) => `${place} ${name}`);
  const repeated = names.filter((name, at) => names.indexOf(name) !== at);
  if (repeated.length > 0) yield `takes ${repeated} twice`;
  for (const { name, in: place, required, schema } of parameters) {
    if (!PLACES.includes(place)) yield `takes ${name} in ${place}`;
    if (place === "path" && required !== true) yield `does not require ${name} of its path`;
    if (!schema) yield `does not say what ${name} is`;
    if (place === "header" && /^(accept|content-type|authorization)$/i.test(name)) {
      yield `takes the header ${name} as a parameter`;
    }
  }
  const inPath = parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
  const inTemplate = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
  if (inPath.sort().join() !== inTemplate.sort().join()) yield `takes ${inPath} in its path`;
}

/** Every schema is one of JSON Schema 2020-12, and knows no keyword of OpenAPI 3.0. */
function* schemaFaults(document: Description): Generator<string> {
  const ajv = formats.default(new Ajv2020({ strict: true, allowUnionTypes: true }));
  for (const keyword of ["components", "discriminator"]) ajv.addKeyword(keyword);
  for (const [where, schema] of schemasIn(document, "")) {
    // What is left of a JavaScript pattern with flags would match nothing.
    const text = JSON.stringify(schema);
    const flagged = /"pattern":"[^"]*\/[a-z]+"/.exec(text)?.[0];
    if (flagged) yield `${where}: ${flagged} has flags`;
    if (text.includes('"nullable":')) yield `${where}: nullable is of OpenAPI 3.0`;
    try {
      // References begin at the document's root.
      ajv.compile({ ...schema, components: document.components });
    } catch (error) {
      yield `${where}: ${(error as Error).message}`;
    }
  }
}

function* schemasIn(part: unknown, where: string): Generator<[string, object]> {
  if (typeof part !== "object" || part === null) return;
  for (const [key, value] of Object.entries(part)) {
    const here = `${where}/${key}`;
    if (key === "schema") yield [here, value as object];
    else if (where.endsWith("/components") && key === "schemas") {
      for (const [name, schema] of Object.entries(value as object))
        yield [`${here}/${name}`, schema];
    } else yield* schemasIn(value, here);
  }
}

function* referenceFaults(document: Description): Generator<string> {
  for (const [, target] of JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)) {
    const found = (target ?? "")
      .split("/")
      .slice(1)
      .reduce<unknown>((part, name) => (part as Record<string, unknown>)?.[name], document);
    if (!target?.startsWith("#/") || found === undefined) yield `${target} is nowhere`;
  }
}
