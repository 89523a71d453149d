const FEWEST = 5;
const MOST_PROPERTIES = 30;
const MOST_VALUES = 3;
const LONGEST_VALUE = 64;
const MASK = "[redacted]";

type Args = Readonly<Record<string, unknown>>;

/**
 * A JSON Schema that the recorded arguments fit: which there were, of which types, and the values where few came again
 * and again. Undefined when too few calls were recorded, or not whole, to say so.
 *
 * @param samples arguments as they are recorded, secrets masked; undefined for those that were too long to be kept whole
 */
export function shapeOf(samples: readonly (Args | undefined)[]): Args | undefined {
  const whole = samples.filter((args) => args !== undefined);
  if (whole.length < FEWEST || whole.length < samples.length) return undefined;
  const names = [...new Set(whole.flatMap(Object.keys))].sort();
  if (names.length > MOST_PROPERTIES || !names.every(isPlain)) return undefined;
  const properties = names.map((name) => {
    const values = whole.filter((args) => Object.hasOwn(args, name)).map((args) => args[name]);
    return { name, isAlways: values.length === whole.length, schema: schemaOf(values) };
  });
  // Where a value is bound, leaving it out would mean another one.
  const bound = properties.filter(
    ({ isAlways, schema }) => isAlways && ("enum" in schema || "const" in schema),
  );
  return {
    type: "object",
    ...(bound.length > 0 ? { required: bound.map(({ name }) => name) } : {}),
    properties: Object.fromEntries(properties.map(({ name, schema }) => [name, schema])),
    additionalProperties: false,
  };
}

/** Not masked, so that it is the name that was sent; nor one that every object has, which checkers take for there. */
const isPlain = (name: string) => !name.includes(MASK) && !(name in Object.prototype);

function schemaOf(values: readonly unknown[]): Args {
  // What stands behind a mask may have been anything.
  if (values.includes(MASK)) return {};
  const distinct = [...new Set(values)];
  const isFew = distinct.length <= MOST_VALUES && distinct.length * 2 <= values.length;
  if (values.length >= FEWEST && isFew && distinct.every(isTelling)) {
    return distinct.length === 1 ? { const: distinct[0] } : { enum: distinct.sort() };
  }
  const types = [...new Set(values.map(typeOf))].sort();
  if (types.includes("number") && types.includes("integer"))
    types.splice(types.indexOf("integer"), 1);
  return { type: types.length === 1 ? types[0] : types };
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

/** Long runs of letters and digits: keys, tokens, hashes and ids. */
const OPAQUE = /[A-Za-z0-9_+/=.-]{20,}/;

/** Whether a value says something by coming again, and may be shown: no secret, no id, no prose. */
function isTelling(value: unknown): boolean {
  if (typeof value === "boolean" || Number.isSafeInteger(value)) return true;
  return (
    typeof value === "string" &&
    value.length <= LONGEST_VALUE &&
    !value.includes(MASK) &&
    !(OPAQUE.test(value) && /\d/.test(value))
  );
}
