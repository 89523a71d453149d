import fc from "fast-check";
import { CONTRACTS } from "./contracts.ts";
import { Known } from "./known.ts";

/** The parts of JSON Schema that the API's description uses. */
interface Schema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

const MOST_CHARACTERS = 60;
const MOST_ITEMS = 3;

const moment = fc
  .date({ min: new Date("2020-01-01Z"), max: new Date("2100-01-01Z"), noInvalidDate: true })
  .map((date) => date.toISOString());

/** Values that fit the schema; `name` is the field they are for, which may have known values. */
export function fitting(given: object, name: string): fc.Arbitrary<unknown> {
  const schema = given as Schema;
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map((choice) => fitting(choice, name)));
  if (schema.allOf) return fitting(merged(schema.allOf), name);
  const types = [schema.type ?? (schema.properties ? "object" : "any")].flat();
  return fc.oneof(...types.map((type) => ofType(type, schema, name)));
}

const merged = (parts: Schema[]): Schema => ({
  type: "object",
  properties: Object.assign({}, ...parts.map((part) => part.properties)),
  required: parts.flatMap((part) => part.required ?? []),
});

function ofType(type: string, schema: Schema, name: string): fc.Arbitrary<unknown> {
  switch (type) {
    case "string":
      return knownOr(textFor(schema, name), name, isChosen(schema) ? 1 : 5);
    case "integer":
      return fc.oneof(
        fc.integer({
          min: Math.max(schema.minimum ?? 0, 0),
          max: Math.min(schema.maximum ?? 100, 100),
        }),
        fc.constantFrom(schema.minimum ?? 0, schema.maximum ?? 0),
      );
    case "number":
      return fc.integer({ min: 0, max: 50_000 }).map((thousandths) => thousandths / 1_000);
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array":
      return fc.array(fitting(schema.items ?? {}, name.replace(/s$/, "")), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(schema.minItems ?? 0, Math.min(schema.maxItems ?? 3, MOST_ITEMS)),
      });
    case "object":
      return objectFor(schema, name);
    default:
      return name === "document" ? fc.constantFrom(...CONTRACTS) : fc.jsonValue({ maxDepth: 2 });
  }
}

function textFor(schema: Schema, name: string): fc.Arbitrary<string> {
  if (/^since$|_(at|after|before)$/.test(name)) return moment;
  if (schema.pattern !== undefined) return fc.stringMatching(new RegExp(schema.pattern));
  const maxLength = Math.min(schema.maxLength ?? MOST_CHARACTERS, MOST_CHARACTERS);
  return fc.string({ minLength: schema.minLength ?? 0, maxLength });
}

/** Whether people choose such names, so that there may be new ones: a pattern that is not a UUID's. */
const isChosen = ({ pattern }: Schema) => pattern !== undefined && !pattern.includes("{8}-");

function knownOr(text: fc.Arbitrary<string>, name: string, weight: number): fc.Arbitrary<unknown> {
  const known = fc
    .tuple(fc.nat(1_000), text)
    .map(([at, otherwise]) => new Known(name, at, otherwise));
  return fc.oneof({ weight, arbitrary: known }, { weight: 1, arbitrary: text });
}

/** Records with what is required, and often little else: fields that exclude each other come one at a time too. */
export function recordOf(
  fields: Record<string, fc.Arbitrary<unknown>>,
  required: readonly string[],
): fc.Arbitrary<Record<string, unknown>> {
  const requiredKeys = required.filter((name) => name in fields);
  const whole = fc.record(fields, { requiredKeys });
  const optional = Object.keys(fields).filter((name) => !required.includes(name));
  if (optional.length < 2) return whole;
  const few = fc
    .tuple(fc.record(fields), fc.option(fc.constantFrom(...optional), { nil: undefined }))
    .map(([given, one]) => {
      const kept = Object.entries(given).filter(
        ([name]) => name === one || required.includes(name),
      );
      return Object.fromEntries(kept);
    });
  return fc.oneof(few, few, whole);
}

function objectFor(schema: Schema, name: string): fc.Arbitrary<unknown> {
  const { properties = {}, required = [] } = schema;
  const fields = Object.fromEntries(
    Object.entries(properties).map(([name, field]) => [name, fitting(field, name)]),
  );
  const record = recordOf(fields, required);
  if ("contract_family" in properties && "body" in properties) {
    // A body fits the family it is for.
    return fc
      .tuple(record, fc.constantFrom(...CONTRACTS))
      .map(([given, contract]) => ({ ...given, ...contract }));
  }
  const { additionalProperties: more } = schema;
  if (typeof more !== "object" || Object.keys(properties).length > 0) return record;
  if (name === "arguments") return fc.string({ maxLength: 8 }).map((text) => ({ name: text }));
  return fc.dictionary(fc.string({ maxLength: 8 }), fitting(more, ""), { maxKeys: MOST_ITEMS });
}
