import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: object;
}

export interface Operation {
  summary?: string;
  security?: unknown[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, { schema: object }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}

/** The parts of an OpenAPI 3.1 document that tests look into. */
export interface Description {
  openapi: string;
  info?: { title?: string; version?: string };
  servers: { url: string }[];
  security?: unknown[];
  paths: Record<string, Record<string, Operation>>;
  components?: Record<string, Record<string, object>>;
}

export interface Answered {
  method: string;
  /** As it was asked for, below the server. */
  path: string;
  status: number;
  contentType: string;
  body: string;
}

/**
 * Compares answers with what the server's own OpenAPI description says of the operation: the status must be described,
 * and the body must fit its schema, without a field that the schema does not name.
 */
export class AnswerCheck {
  readonly #description: Description;
  readonly #ajv = formats.default(new Ajv2020({ strict: false, allErrors: true }));
  readonly #compiled = new Map<object, ValidateFunction>();

  constructor(description: unknown) {
    this.#description = description as Description;
  }

  /** @throws Error saying how the answer differs; answers of addresses that are not described pass */
  assert(answered: Answered): void {
    const operation = this.#operationOf(answered);
    if (!operation) return;
    const what = `${answered.method} ${answered.path} answered ${answered.status}`;
    const described = operation.responses[answered.status];
    if (!described) {
      throw new Error(`${what}, which its description does not name: ${answered.body}`);
    }
    const content = Object.entries(described.content ?? {});
    if (content.length === 0) {
      if (answered.body !== "") throw new Error(`${what} with a body: ${answered.body}`);
      return;
    }
    const type = answered.contentType.split(";")[0];
    const schema = content.find(([name]) => name === type)?.[1].schema;
    if (!schema) throw new Error(`${what} as ${type}, which its description does not name`);
    if (!type?.endsWith("json")) return;
    const validate = this.#compile(schema);
    if (validate(JSON.parse(answered.body))) return;
    throw new Error(
      `${what}, which does not fit: ${this.#ajv.errorsText(validate.errors)}\n${answered.body}`,
    );
  }

  #operationOf({ method, path }: Answered): Operation | undefined {
    const base = this.#description.servers[0]?.url ?? "";
    const asked = path.split("?")[0] ?? "";
    const matches = (template: string) =>
      new RegExp(`^${base}${template.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`).test(asked);
    const templates = Object.keys(this.#description.paths).filter(matches);
    // A fixed address goes before one with a parameter.
    const [found] = templates.sort((a, b) => a.split("{").length - b.split("{").length);
    return found === undefined ? undefined : this.#description.paths[found]?.[method.toLowerCase()];
  }

  #compile(schema: object): ValidateFunction {
    const known = this.#compiled.get(schema);
    if (known) return known;
    // References begin at the document's root.
    const { components } = this.#description;
    const compiled = this.#ajv.compile(closed({ ...schema, components }) as object);
    this.#compiled.set(schema, compiled);
    return compiled;
  }
}

/** The schema, with every object that lists its fields closed against others. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, closed(value)]);
  const result = Object.fromEntries(entries) as Record<string, unknown>;
  if (result.properties !== undefined && result.additionalProperties === undefined) {
    result.additionalProperties = false;
  }
  return result;
}
