import type { SchemaJson, Type } from "@cedar-policy/cedar-wasm/nodejs";

type CedarType = Type<string>;
type Json = Record<string, unknown>;

/** A value that Cedar has no type for, or one that may be of several types. */
const ANYTHING: CedarType = { type: "Entity", name: "Json" };

const DEEPEST = 8;
const REFERENCES_MAX = 20;

/** What is known of a tool's arguments, as Cedar's types. */
export interface ArgumentTypes {
  type: CedarType;
  /** The names of what has no single type, at any depth. */
  untyped: ReadonlySet<string>;
  /** The arguments that the schema declares. */
  declared: ReadonlySet<string>;
  /** Whether the schema may declare more than can be told from its `properties`. */
  hasMore: boolean;
}

/** Of arguments that nothing is known of. */
export const UNKNOWN_ARGUMENTS: ArgumentTypes = {
  type: ANYTHING,
  untyped: new Set(["args"]),
  declared: new Set(),
  hasMore: true,
};

const COMBINES = ["$ref", "anyOf", "oneOf", "allOf", "if", "dependentSchemas", "patternProperties"];

/**
 * The types that a tool's arguments have in a policy, from their JSON Schema. What JSON Schema says and Cedar can't, such as
 * one of several types, or `number`, which is a whole number or a decimal by its value, has no type.
 */
export function argumentTypes(inputSchema: unknown): ArgumentTypes {
  const untyped = new Set<string>();
  const type = typeOf(inputSchema, "args", { root: inputSchema, untyped, left: REFERENCES_MAX }, 0);
  const { properties } = objectOf(inputSchema);
  return {
    type: type ?? ANYTHING,
    untyped,
    declared: new Set(Object.keys(objectOf(properties))),
    hasMore: type === undefined || COMBINES.some((keyword) => keyword in objectOf(inputSchema)),
  };
}

interface Reading {
  root: unknown;
  untyped: Set<string>;
  /** How many references are still followed. */
  left: number;
}

/** @param name of what has this schema; noted when it has no type */
function typeOf(
  schema: unknown,
  name: string,
  reading: Reading,
  depth: number,
): CedarType | undefined {
  const found = depth > DEEPEST ? undefined : knownType(objectOf(schema), name, reading, depth);
  if (!found) reading.untyped.add(name);
  return found;
}

function knownType(
  schema: Json,
  name: string,
  reading: Reading,
  depth: number,
): CedarType | undefined {
  const { type, nullable, $ref } = schema;
  if (nullable === true) return undefined;
  switch (type) {
    case "string":
      return { type: "String" };
    case "boolean":
      return { type: "Boolean" };
    case "integer":
      return { type: "Long" };
    case "array": {
      if ("prefixItems" in schema || Array.isArray(schema.items)) return undefined;
      const element = typeOf(schema.items, name, reading, depth + 1);
      return element && { type: "Set", element };
    }
    case "object":
      return recordOf(schema, reading, depth);
    case undefined:
      return typeof $ref === "string" && reading.left-- > 0
        ? knownType(objectOf(resolve($ref, reading.root)), name, reading, depth + 1)
        : ofValues(schema);
    default:
      return undefined;
  }
}

function recordOf(schema: Json, reading: Reading, depth: number): CedarType | undefined {
  if (schema.properties === undefined) return undefined;
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const attributes = Object.entries(objectOf(schema.properties)).map(([name, property]) => [
    name,
    { ...(typeOf(property, name, reading, depth + 1) ?? ANYTHING), required: required.has(name) },
  ]);
  return { type: "Record", attributes: Object.fromEntries(attributes) };
}

/** The type of the values that are listed, where it is one. */
function ofValues(schema: Json): CedarType | undefined {
  const values = Array.isArray(schema.enum) ? schema.enum : "const" in schema ? [schema.const] : [];
  if (values.length === 0) return undefined;
  if (values.every((value) => typeof value === "string")) return { type: "String" };
  if (values.every((value) => typeof value === "boolean")) return { type: "Boolean" };
  return values.every(Number.isSafeInteger) ? { type: "Long" } : undefined;
}

function resolve(reference: string, root: unknown): unknown {
  const found = /^#\/(\$defs|definitions)\/([^/~%]+)$/.exec(reference);
  const [, group = "", name = ""] = found ?? [];
  return found ? objectOf(objectOf(root)[group])[name] : undefined;
}

function objectOf(value: unknown): Json {
  return value !== null && typeof value === "object" && !Array.isArray(value)
    ? (value as Json)
    : {};
}

/** Cedar's schema of a call, for arguments of this type. */
export function schemaOf(args: CedarType): SchemaJson<string> {
  const context: CedarType = {
    type: "Record",
    attributes: {
      args,
      is_shadow: { type: "Boolean" },
      driver: { type: "String" },
      agent_mode: { type: "String" },
      trigger_type: { type: "String" },
    },
  };
  const action = {
    memberOf: [{ id: "call" }],
    appliesTo: { principalTypes: ["Agent"], resourceTypes: ["Tool"], context },
  };
  return {
    "": {
      entityTypes: { Agent: {}, Server: {}, Tool: { memberOfTypes: ["Server"] }, Json: {} },
      actions: { call: {}, read: action, write: action },
    },
  };
}
