import { canonicalJson } from "../platform/canonical.ts";

type Schema = Readonly<Record<string, unknown>>;

/**
 * Whether everything that fits the JSON Schema `after` surely fits `before` too. A proof from the form of the two, so
 * `false` says only that none was found. Each keyword of `before` must hold in `after` at least as strictly; keywords
 * that `after` adds can only take away, except where one changes what another means: then both must be the same.
 */
export function isNarrower(before: unknown, after: unknown): boolean {
  if (isSame(before, after) || fitsAll(before) || after === false) return true;
  return !namesOthers(before) && !namesOthers(after) && isPartNarrower(before, after);
}

/** As `isNarrower`, for parts of schemas that say all there is to say themselves. */
function isPartNarrower(before: unknown, after: unknown): boolean {
  if (isSame(before, after) || fitsAll(before) || after === false) return true;
  return isSchema(before) && isSchema(after) && isWithin(before, after);
}

/** Keywords that say nothing about what fits. */
const WORDS = new Set([
  "title",
  "description",
  "default",
  "examples",
  "deprecated",
  "readOnly",
  "writeOnly",
  "$comment",
]);

/** Keywords that make others mean something else, each with those it bears on. */
const BEARS_ON: Readonly<Record<string, readonly string[]>> = {
  patternProperties: ["additionalProperties", "properties"],
  minContains: ["contains"],
  maxContains: ["contains"],
};

/** Keywords that look at what all others said. */
const LOOKS_AROUND = ["unevaluatedProperties", "unevaluatedItems"];

/**
 * Keywords that must be the same on both sides: they choose the dialect, or take rules away instead of adding them
 * (what has a rule among the first items is no longer under that of `items`).
 */
const MUST_AGREE = ["$schema", "nullable", "prefixItems"];

function fitsAll(schema: unknown): boolean {
  if (!isSchema(schema)) return schema === true;
  return Object.keys(schema).every((keyword) => WORDS.has(keyword));
}

function isWithin(before: Schema, after: Schema): boolean {
  const agree = (keyword: string) => isSame(before[keyword], after[keyword]);
  if (!MUST_AGREE.every(agree)) return false;
  // In older dialects a list of items is what prefixItems is today.
  if (Array.isArray(after.items) && !agree("items")) return false;
  if (LOOKS_AROUND.some((keyword) => keyword in before)) return false;
  const borne = Object.entries(BEARS_ON).every(
    ([keyword, on]) => agree(keyword) || !on.some((each) => each in before),
  );
  if (!borne) return false;
  return Object.keys(before).every((keyword) => {
    if (WORDS.has(keyword)) return true;
    // What it is about depends on `properties`, so that even the same one may let pass more than before.
    if (keyword !== "additionalProperties" && agree(keyword)) return true;
    return holds(keyword, before, after);
  });
}

/** A rule that `after` must keep at least as strictly as `before`. */
type Rule = (before: Schema, after: Schema) => boolean;

const RULES: Readonly<Record<string, Rule>> = {
  type: (before, after) => {
    const allowed = namesIn(before.type);
    const wanted = namesIn(after.type);
    return (
      wanted.length > 0 &&
      wanted.every(
        (name) => allowed.includes(name) || (name === "integer" && allowed.includes("number")),
      )
    );
  },
  enum: (before, after) =>
    isAmong(valuesOf(after), Array.isArray(before.enum) ? before.enum : undefined),
  const: (before, after) => isAmong(valuesOf(after), [before.const]),
  required: (before, after) =>
    isAmong(
      Array.isArray(before.required) ? before.required : undefined,
      Array.isArray(after.required) ? after.required : [],
    ),
  maximum: atMost("maximum"),
  exclusiveMaximum: atMost("exclusiveMaximum"),
  maxLength: atMost("maxLength"),
  maxItems: atMost("maxItems"),
  maxProperties: atMost("maxProperties"),
  minimum: atLeast("minimum"),
  exclusiveMinimum: atLeast("exclusiveMinimum"),
  minLength: atLeast("minLength"),
  minItems: atLeast("minItems"),
  minProperties: atLeast("minProperties"),
  properties: (before, after) =>
    Object.entries(propertiesOf(before)).every(([name, schema]) => {
      const later = propertiesOf(after);
      if (Object.hasOwn(later, name)) return isPartNarrower(schema, later[name]);
      return isClosed(after) || fitsAll(schema);
    }),
  additionalProperties: (before, after) => {
    const others = before.additionalProperties;
    if (fitsAll(others)) return true;
    const added = Object.entries(propertiesOf(after)).filter(
      ([name]) => !Object.hasOwn(propertiesOf(before), name),
    );
    const later = after.additionalProperties;
    return (
      added.every(([, schema]) => isPartNarrower(others, schema)) &&
      later !== undefined &&
      isPartNarrower(others, later)
    );
  },
  items: (before, after) =>
    !Array.isArray(before.items) &&
    after.items !== undefined &&
    isPartNarrower(before.items, after.items),
};

function holds(keyword: string, before: Schema, after: Schema): boolean {
  const rule = Object.hasOwn(RULES, keyword) ? RULES[keyword] : undefined;
  return rule?.(before, after) ?? false;
}

function atMost(keyword: string): Rule {
  return compareNumbers(keyword, (before, after) => after <= before);
}

function atLeast(keyword: string): Rule {
  return compareNumbers(keyword, (before, after) => after >= before);
}

function compareNumbers(
  keyword: string,
  isStricter: (before: number, after: number) => boolean,
): Rule {
  return ({ [keyword]: before }, { [keyword]: after }) =>
    typeof before === "number" && typeof after === "number" && isStricter(before, after);
}

/** The values that a schema lists; undefined when it lists none. */
function valuesOf(schema: Schema): unknown[] | undefined {
  if ("const" in schema) return [schema.const];
  return Array.isArray(schema.enum) ? schema.enum : undefined;
}

function isAmong(wanted: readonly unknown[] | undefined, allowed: readonly unknown[] | undefined) {
  if (!wanted || !allowed) return false;
  const texts = textsOf(allowed);
  return wanted.every((value) => texts.has(canonicalJson(value)));
}

const listed = new WeakMap<readonly unknown[], ReadonlySet<string>>();

/** The values as texts. Kept, because a long list may be what each of a thousand properties is compared with. */
function textsOf(values: readonly unknown[]): ReadonlySet<string> {
  const known = listed.get(values);
  if (known) return known;
  const texts = new Set(values.map((value) => canonicalJson(value)));
  listed.set(values, texts);
  return texts;
}

function namesIn(type: unknown): unknown[] {
  return type === undefined ? [] : [type].flat();
}

function propertiesOf(schema: Schema): Schema {
  return isSchema(schema.properties) ? schema.properties : {};
}

/** Whether nothing but the listed properties fits. */
function isClosed(schema: Schema): boolean {
  return schema.additionalProperties === false && !("patternProperties" in schema);
}

function isSchema(value: unknown): value is Schema {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b;
  return textOf(a) === textOf(b);
}

const written = new WeakMap<object, string>();

/** Kept, because a part is compared once with each of those that it has to hold for, and so are the parts it is in. */
function textOf(value: unknown): string {
  if (value === null || typeof value !== "object") return canonicalJson(value);
  const known = written.get(value);
  if (known !== undefined) return known;
  const text = canonicalJson(value);
  written.set(value, text);
  return text;
}

/** Whether what a schema means stands elsewhere, or is not decided by it alone. */
function namesOthers(value: unknown): boolean {
  if (value === null || typeof value !== "object") return false;
  return Object.entries(value).some(
    ([key, part]) => /^\$(ref|dynamicRef|recursiveRef|async|data)$/.test(key) || namesOthers(part),
  );
}
