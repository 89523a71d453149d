/** A parameter that its tool server wants to find in a header of the call as well. */
interface Mirrored {
  /** The header's whole name, as the tool server writes it. */
  header: string;
  /** Where the value is in the arguments. */
  path: readonly string[];
  isNumber: boolean;
}

interface Declared {
  mirrored: readonly Mirrored[];
  /** What is wrong with the declarations; then none of them counts. */
  problem: string | undefined;
}

const MARK = "x-mcp-header";
const PREFIX = "Mcp-Param-";
/** `number` is none of the protocol's types for it; servers that declare it all the same want their header, though. */
const TYPES: ReadonlySet<unknown> = new Set(["string", "boolean", "integer", "number"]);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Keywords of JSON Schema with schemas under which nothing may be declared: one, a list, or some by name. */
const ONE_OR_LIST =
  "items prefixItems contains additionalProperties unevaluatedProperties unevaluatedItems propertyNames oneOf anyOf allOf not if then else".split(
    " ",
  );
const BY_NAME = "patternProperties dependentSchemas $defs definitions".split(" ");

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Schemas stay as they are once they are read, so what was found in one is kept with it. */
const known = new WeakMap<object, Declared>();

function declaredIn(inputSchema: Json): Declared {
  const found = known.get(inputSchema) ?? scan(inputSchema);
  known.set(inputSchema, found);
  return found;
}

function scan(inputSchema: Json): Declared {
  const mirrored: Mirrored[] = [];
  const names = new Set<string>();
  const visit = (schema: unknown, path: readonly string[] | undefined): string | undefined => {
    if (!isObject(schema)) return undefined;
    if (Object.hasOwn(schema, MARK)) {
      const problem = problemOf(schema, path, names);
      if (problem !== undefined) return problem;
      const header = `${PREFIX}${schema[MARK]}`;
      const isNumber = schema.type === "integer" || schema.type === "number";
      mirrored.push({ header, path: path ?? [], isNumber });
    }
    for (const [name, child] of Object.entries(
      isObject(schema.properties) ? schema.properties : {},
    )) {
      const problem = visit(child, path && [...path, name]);
      if (problem !== undefined) return problem;
    }
    const elsewhere = [
      ...ONE_OR_LIST.flatMap((keyword) => schema[keyword] ?? []),
      ...BY_NAME.flatMap((keyword) => Object.values(Object(schema[keyword]))),
    ];
    for (const child of elsewhere) {
      const problem = visit(child, undefined);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
  const problem = visit(inputSchema, []);
  return { mirrored: problem === undefined ? mirrored : [], problem };
}

function problemOf(
  { [MARK]: name, type }: Json,
  path: readonly string[] | undefined,
  names: Set<string>,
): string | undefined {
  if (path === undefined || path.length === 0) return `${MARK} stands where no parameter is`;
  if (typeof name !== "string" || !TOKEN.test(name)) return `${MARK} is no name of a header`;
  if (!TYPES.has(type)) return `${MARK} ${name} is not of a string, an integer or a boolean`;
  const lower = name.toLowerCase();
  if (names.has(lower)) return `${MARK} ${name} is there twice`;
  names.add(lower);
  return undefined;
}

/** The value as the protocol writes it; undefined where there is none that a header could have. */
function textOf(args: Json, path: readonly string[]): string | undefined {
  let value: unknown = args;
  for (const name of path) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : String(value);
}

const WRAPPED = /^=\?base64\?(.*)\?=$/s;
/** Text that is a header's value as it stands: visible, with spaces and tabs inside only. */
const PLAIN = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/;

/** Nothing that a value says can end its header or begin another. */
function encode(text: string): string {
  if (PLAIN.test(text) && !WRAPPED.test(text)) return text;
  return `=?base64?${Buffer.from(text).toString("base64")}?=`;
}

/** Undefined for what is wrapped, but is not the Base64 of a text. */
function decode(value: string): string | undefined {
  const wrapped = WRAPPED.exec(value)?.[1];
  if (wrapped === undefined) return value;
  const bytes = Buffer.from(wrapped, "base64");
  const text = bytes.toString();
  const isExact = bytes.toString("base64") === wrapped && Buffer.from(text).equals(bytes);
  return isExact ? text : undefined;
}

const NONE: Readonly<Record<string, string>> = {};

/**
 * The headers that a call of a tool has to carry beside its arguments (`Mcp-Param-…`): the values of those parameters that
 * the tool's schema marks with `x-mcp-header`, encoded.
 *
 * @param inputSchema none for what is no tool
 * @returns by their names in lower case
 */
export function paramHeaders(inputSchema: Json | undefined, args: Json): Record<string, string> {
  const { mirrored } = inputSchema ? declaredIn(inputSchema) : { mirrored: [] };
  if (mirrored.length === 0) return NONE;
  const found = mirrored.map(({ header, path }) => [header, textOf(args, path)] as const);
  return Object.fromEntries(
    found.flatMap(([header, text]) =>
      text === undefined ? [] : [[header.toLowerCase(), encode(text)]],
    ),
  );
}

/** HTTP servers take 8 to 16 KiB of headers; what is refused for more may look like a broken connection. */
const MOST_BYTES = 6 * 1024;

/** Whether the headers of a call are more than a server can be expected to read. */
export function isTooLongForHeaders(inputSchema: Json, args: Json): boolean {
  const headers = Object.entries(paramHeaders(inputSchema, args));
  const bytes = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
  return bytes > MOST_BYTES;
}

/** Why a tool can't be used over HTTP: what it says of headers breaks the protocol's rules. */
export function paramHeaderProblem(inputSchema: Json): string | undefined {
  return declaredIn(inputSchema).problem;
}

/**
 * Whether a call's headers say of its arguments what they are, so that whoever stands between can go by them.
 *
 * @param headers by their names in lower case
 * @returns what is wrong; undefined when nothing is
 */
export function paramHeaderMismatch(
  inputSchema: Json,
  args: Json,
  headers: { get(name: string): string | null },
): string | undefined {
  for (const { header, path, isNumber } of declaredIn(inputSchema).mirrored) {
    const sent = headers.get(header.toLowerCase());
    const text = textOf(args, path);
    const where = `arguments.${path.join(".")}`;
    if (sent === null && text === undefined) continue;
    if (sent === null) return `${where} has a value, and the header ${header} is missing`;
    if (text === undefined)
      return `the header ${header} is there, and ${where} has no value for it`;
    const said = decode(sent);
    if (said === undefined) return `the header ${header} is not the Base64 of a text`;
    if (!(isNumber ? isSameNumber(said, text) : said === text))
      return `the header ${header} and ${where} differ`;
  }
  return undefined;
}

/** `42` and `42.0` are one number. */
function isSameNumber(said: string, text: string): boolean {
  return said === text || (/^-?\d+(?:\.\d+)?$/.test(said) && String(Number(said)) === text);
}
