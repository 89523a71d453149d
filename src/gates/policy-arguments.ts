import type { CedarValueJson, Context, PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";

/**
 * Cedar needs much longer for a decision than it takes to see that nothing applies: so conditions are read here first, as
 * far as that is plain. What is false here without an error is false for Cedar; of anything else, Cedar is asked.
 */

/** A value, as far as it is known; undefined where it may be anything, or an error. */
type Term = (context: Context) => CedarValueJson | undefined;

type Operands = Record<string, unknown>;

const UNKNOWN: Term = () => undefined;

/**
 * Whether a policy may apply to a call whose head fits. False only where one of its conditions is not fulfilled, and
 * those before it are evaluated without an error.
 */
export function mayApply({
  conditions,
}: Pick<PolicyJson, "conditions">): (context: Context) => boolean {
  const terms = conditions.map(({ kind, body }) => ({ wanted: kind === "when", term: read(body) }));
  return (context) => {
    for (const { wanted, term } of terms) {
      const value = term(context);
      if (typeof value !== "boolean") return true;
      if (value !== wanted) return false;
    }
    return true;
  };
}

function read(expression: unknown): Term {
  const [entry] = Object.entries(expression as object);
  const make = entry && READERS[entry[0]];
  return make ? make(entry[1] as Operands) : UNKNOWN;
}

const READERS: Record<string, (operands: Operands) => Term> = {
  Value: (given: unknown) => (isPlain(given) ? () => given : UNKNOWN),
  Var: (name: unknown) => (name === "context" ? (context) => context as CedarValueJson : UNKNOWN),
  ".": ({ left, attr }) => field(read(left), String(attr)),
  has: ({ left, attr }) => has(read(left), [attr].flat().map(String)),
  like: ({ left, pattern }) => like(read(left), pattern as readonly PatternPart[]),
  "==": (operands) => both(operands, isPlain, (left, right) => left === right),
  "!=": (operands) => both(operands, isPlain, (left, right) => left !== right),
  "<": (operands) => both(operands, isNumber, (left, right) => left < right),
  "<=": (operands) => both(operands, isNumber, (left, right) => left <= right),
  ">": (operands) => both(operands, isNumber, (left, right) => left > right),
  ">=": (operands) => both(operands, isNumber, (left, right) => left >= right),
  "!": ({ arg }) =>
    either(
      read(arg),
      () => false,
      () => true,
    ),
  "&&": ({ left, right }) => either(read(left), truth(read(right)), () => false),
  "||": ({ left, right }) => either(read(left), () => true, truth(read(right))),
  "if-then-else": (of) => either(read(of.if), read(of.then), read(of.else)),
};

type Plain = string | number | boolean;

const isNumber = (value: unknown): value is number => Number.isSafeInteger(value);
const isPlain = (value: unknown): value is Plain =>
  typeof value === "string" || typeof value === "boolean" || isNumber(value);

/** Not a set, and neither an entity nor a value of another type, which are written as records with such a field. */
function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return !Object.hasOwn(value, "__entity") && !Object.hasOwn(value, "__extn");
}

const truth =
  (term: Term): Term =>
  (context) => {
    const value = term(context);
    return typeof value === "boolean" ? value : undefined;
  };

function either(test: Term, then: Term, otherwise: Term): Term {
  return (context) => {
    const value = test(context);
    if (typeof value !== "boolean") return undefined;
    return value ? then(context) : otherwise(context);
  };
}

function both<T extends Plain>(
  { left, right }: Operands,
  fits: (value: unknown) => value is T,
  compare: (left: T, right: T) => boolean,
): Term {
  const [one, other] = [read(left), read(right)];
  return (context) => {
    const [a, b] = [one(context), other(context)];
    return fits(a) && fits(b) ? compare(a, b) : undefined;
  };
}

function field(of: Term, name: string): Term {
  return (context) => {
    const record = of(context);
    if (!isRecord(record) || !Object.hasOwn(record, name)) return undefined;
    return (record as Record<string, CedarValueJson>)[name];
  };
}

function has(of: Term, path: readonly string[]): Term {
  return (context) => {
    let value: unknown = of(context);
    for (const name of path) {
      if (!isRecord(value)) return undefined;
      if (!Object.hasOwn(value, name)) return false;
      value = value[name];
    }
    return true;
  };
}

type PatternPart = "Wildcard" | { Literal: string };

function like(of: Term, pattern: readonly PatternPart[]): Term {
  const pieces = [""];
  for (const part of pattern) {
    if (part === "Wildcard") pieces.push("");
    else pieces.push(`${pieces.pop()}${part.Literal}`);
  }
  return (context) => {
    const text = of(context);
    return typeof text === "string" ? matches(text, pieces) : undefined;
  };
}

/** Whether a text consists of the pieces in their order, with anything between them. */
function matches(text: string, pieces: readonly string[]): boolean {
  const first = pieces[0] ?? "";
  if (pieces.length === 1) return text === first;
  const last = pieces.at(-1) ?? "";
  if (text.length < first.length + last.length) return false;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
