import {
  type CelInput,
  type CelList,
  CelScalar,
  type CelValue,
  celEnv,
  celFunc,
  celList,
  isCelError,
  listType,
  parse,
  plan,
} from "@bufbuild/cel";
import { CelCostError, isOverdrawn, metered, RANGE, startMeter } from "./cel-meter.ts";
import { toCelInput, toJson } from "./cel-values.ts";
import { type FieldError, fieldError } from "./errors.ts";

const MAX_CHARS = 4_000;
const CACHE_SIZE = 2_000;
const MAX_DEPTH = 200;

/** A checked expression, ready to be evaluated any number of times. */
export interface CompiledCel {
  readonly text: string;
  readonly run: (vars: Record<string, CelInput>) => unknown;
}

/** An expression that could not be evaluated, in words for the author of the contract. */
export class CelError extends Error {
  readonly expression: string;

  constructor(expression: string, reason: string) {
    super(`The expression \`${shorten(expression)}\` could not be evaluated: ${reason}.`);
    this.name = "CelError";
    this.expression = expression;
  }
}

function shorten(expression: string): string {
  const line = expression.replace(/\s+/g, " ").trim();
  const points = Array.from(line);
  return points.length > 200 ? `${points.slice(0, 199).join("")}…` : line;
}

const { DOUBLE, DYN, INT } = CelScalar;
const LIST = listType(DYN);

/** JSON knows one kind of number, a double; integers are written in expressions. So the two may meet in arithmetic. */
function mixedArithmetic() {
  const rules: [string, (l: number, r: number) => number][] = [
    ["_+_", (l, r) => l + r],
    ["_-_", (l, r) => l - r],
    ["_*_", (l, r) => l * r],
    ["_/_", (l, r) => l / r],
    ["_%_", (l, r) => l % r],
  ];
  return rules.flatMap(([name, rule]) => [
    celFunc(name, [INT, DOUBLE], DOUBLE, (l, r) => rule(Number(l), r)),
    celFunc(name, [DOUBLE, INT], DOUBLE, (l, r) => rule(l, Number(r))),
    ...(name === "_%_" ? [celFunc(name, [DOUBLE, DOUBLE], DOUBLE, rule)] : []),
  ]);
}

const joined = new WeakMap<CelList, readonly CelValue[]>();

/** The library's own lists of lists nest as deep as a `map` is long and overflow the stack. */
function concat(l: CelList, r: CelList): CelList {
  const items = [...(joined.get(l) ?? l), ...(joined.get(r) ?? r)];
  const list = celList(items as CelInput[]);
  joined.set(list, items);
  return list;
}

const environment = metered(
  celEnv({
    funcs: [
      ...mixedArithmetic(),
      celFunc("_+_", [LIST, LIST], LIST, concat),
      celFunc(RANGE, [DYN], DYN, (range) => range),
    ],
  }),
);

const cache = new Map<string, CompiledCel | { error: string }>();

/**
 * Checks and plans an expression (CEL, cel.dev) of at most 4,000 characters; the newest 2,000 are remembered.
 *
 * Variables are plain JSON. Its numbers are doubles, and may be compared and calculated with integers. There is no
 * clock, no I/O and no unbounded loop, and the work of one evaluation is capped.
 */
export function compileCel(text: string): CompiledCel | { error: string } {
  const known = cache.get(text);
  const compiled = known ?? compile(text);
  cache.delete(text);
  if (text.length <= MAX_CHARS) cache.set(text, compiled);
  const oldest = cache.size > CACHE_SIZE ? cache.keys().next().value : undefined;
  if (oldest !== undefined) cache.delete(oldest);
  return compiled;
}

function compile(text: string): CompiledCel | { error: string } {
  if (text.length > MAX_CHARS) {
    return {
      error: `the expression has ${text.length} characters; at most ${MAX_CHARS} are allowed`,
    };
  }
  try {
    const parsed = parse(text);
    markRanges(parsed.expr, 0);
    const planned = plan(environment, parsed);
    return { text, run: (vars) => planned(vars) };
  } catch (error) {
    return { error: syntaxReason(error) };
  }
}

function syntaxReason(error: unknown): string {
  if (error instanceof RangeError) return "it is nested too deeply";
  if (!(error instanceof Error)) return "it is not valid CEL";
  const place = /^<input>:(\d+):(\d+): (.*)$/s.exec(error.message);
  if (!place) return error.message;
  const found = place[3]?.replace(/ but expecting .*$/s, " where CEL does not allow it");
  return `line ${place[1]}, column ${place[2]}: ${found}`;
}

type Expr = ReturnType<typeof parse>["expr"];

/** Puts what every comprehension runs over on the meter: its length is the one thing that repeats work. */
function markRanges(expr: Expr | undefined, depth: number): void {
  if (!expr) return;
  if (depth > MAX_DEPTH) throw new RangeError("nested too deeply");
  const kind = expr.exprKind;
  const down = (part: Expr | undefined) => markRanges(part, depth + 1);
  if (kind.case === "selectExpr") down(kind.value.operand);
  if (kind.case === "listExpr") kind.value.elements.forEach(down);
  if (kind.case === "callExpr") [kind.value.target, ...kind.value.args].forEach(down);
  if (kind.case === "structExpr") {
    for (const entry of kind.value.entries) {
      if (entry.keyKind.case === "mapKey") down(entry.keyKind.value);
      down(entry.value);
    }
  }
  if (kind.case === "comprehensionExpr") {
    const { iterRange, accuInit, loopCondition, loopStep, result } = kind.value;
    [iterRange, accuInit, loopCondition, loopStep, result].forEach(down);
    if (iterRange) kind.value.iterRange = onMeter(iterRange);
  }
}

function onMeter(range: Expr): Expr {
  const call = parse("range(0)").expr;
  if (call.exprKind.case === "callExpr") {
    call.exprKind.value.function = RANGE;
    call.exprKind.value.args = [range];
  }
  return call;
}

/**
 * Evaluates over plain JSON variables and answers plain JSON.
 *
 * `has(a.b)` is false when `b` is missing or null; reading a missing field is an error.
 *
 * @throws CelError naming the expression: a missing field, wrong types, too much work, a result that JSON can't hold
 */
export function evaluateCel(compiled: CompiledCel, vars: Record<string, unknown>): unknown {
  return evaluate(compiled, () => toVariables(vars));
}

function toVariables(vars: Record<string, unknown>): Record<string, CelInput> {
  const entries = Object.entries(vars).map(([name, value]) => [name, toCelInput(value)] as const);
  // Without a prototype: `constructor` and `__proto__` are no variables.
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}

function evaluate(compiled: CompiledCel, vars: () => Record<string, CelInput>): unknown {
  startMeter();
  try {
    const result = compiled.run(vars());
    if (isOverdrawn()) throw new CelCostError();
    if (isCelError(result)) throw result;
    return toJson(result);
  } catch (error) {
    throw new CelError(compiled.text, reasonOf(error));
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return "it is nested too deeply";
  const message = error instanceof Error ? error.message : String(error);
  if (message === "unresolved attribute") return "it names a variable that does not exist here";
  const field = /^field not found: (.*)$/s.exec(message);
  if (field) return `there is no field "${field[1]}" (test it with has())`;
  return message;
}

function isExpression(value: object): value is { $cel: string } {
  const keys = Object.keys(value);
  return (
    keys.length === 1 && keys[0] === "$cel" && "$cel" in value && typeof value.$cel === "string"
  );
}

/**
 * The JSON value with every `{ $cel: "…" }` in it, at any depth, replaced by what the expression gives.
 *
 * @throws CelError for the first expression that does not compile or evaluate
 */
export function resolveCel(value: unknown, vars: Record<string, unknown>): unknown {
  let prepared: Record<string, CelInput> | undefined;
  const resolve = (part: unknown): unknown => {
    if (typeof part !== "object" || part === null) return part;
    if (Array.isArray(part)) return part.map(resolve);
    if (!isExpression(part)) {
      return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, resolve(inner)]));
    }
    const compiled = compileCel(part.$cel);
    if ("error" in compiled) throw new CelError(part.$cel, compiled.error);
    return evaluate(compiled, () => {
      prepared ??= toVariables(vars);
      return prepared;
    });
  };
  return resolve(value);
}

/** Compiles every `{ $cel: "…" }` in a JSON value; one error for each that is not valid CEL. */
export function checkCel(value: unknown, path: string): FieldError[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((part, at) => checkCel(part, `${path}.${at}`));
  if (!isExpression(value)) {
    return Object.entries(value).flatMap(([key, part]) => checkCel(part, `${path}.${key}`));
  }
  return checkExpression(value.$cel, `${path}.$cel`);
}

/** Compiles one expression; at most one error. */
export function checkExpression(text: string, path: string): FieldError[] {
  const compiled = compileCel(text);
  return "error" in compiled ? [fieldError(path, "cel_invalid", { said: compiled.error })] : [];
}
