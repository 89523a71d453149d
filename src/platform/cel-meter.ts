import { type CelEnv, type CelList, type CelMap, isCelList, isCelMap } from "@bufbuild/cel";

/** Roughly a millionth of a second each; an evaluation that needs more is ended. */
const MAX_UNITS = 500_000;
const CHARS_PER_UNIT = 64;
const REGEX_STEPS_PER_UNIT = 32;

/** Marks the list or map that a comprehension runs over. A name no tenant can write: it is no identifier. */
export const RANGE = "#range";

/** The evaluation needs more work than one expression may cost. */
export class CelCostError extends Error {
  constructor() {
    super("it needs too much work; use shorter lists and fewer nested comprehensions");
  }
}

let left = 0;
let weights = new WeakMap<object, number>();

/** Starts the account of one evaluation. Evaluations never overlap: they don't wait for anything. */
export function startMeter(): void {
  left = MAX_UNITS;
  weights = new WeakMap();
}

/**
 * Takes `units` from the account of the evaluation at hand.
 *
 * @throws CelCostError when nothing is left, then and for the rest of the evaluation
 */
export function charge(units: number): void {
  left -= units;
  if (!(left >= 0)) {
    left = -1;
    throw new CelCostError();
  }
}

/** Whether the account was overdrawn. CEL's `&&` and `||` can swallow the error, so it is asked at the end, too. */
export function isOverdrawn(): boolean {
  return left < 0;
}

/**
 * How many values stand in this one, counted as if shared parts were copies (as a comparison or JSON sees them); each
 * shared part is looked into once.
 */
export function weigh(value: unknown): number {
  if (typeof value === "string") return 1 + value.length / CHARS_PER_UNIT;
  if (value instanceof Uint8Array) return 1 + value.length / CHARS_PER_UNIT;
  if (!isCelList(value) && !isCelMap(value)) return 1;
  const known = weights.get(value);
  if (known !== undefined) return known;
  let weight = 1;
  for (const part of partsOf(value)) weight += weigh(part);
  weights.set(value, weight);
  return weight;
}

function partsOf(value: CelList | CelMap): Iterable<unknown> {
  return value.values();
}

type Resolver = CelEnv["funcs"];

/** The same environment with every function call on the account. */
export function metered(env: CelEnv): CelEnv {
  const find: Resolver["find"] = (name) => {
    const group = env.funcs.find(name);
    if (!group) return undefined;
    const call: typeof group.call = (id, target, args) => {
      charge(costOf(name, target === undefined ? args : [target, ...args]));
      return group.call(id, target, args);
    };
    return Object.create(group, { call: { value: call } });
  };
  const funcs: Resolver = Object.create(env.funcs, { find: { value: find } });
  return Object.create(env, { funcs: { value: funcs } });
}

const LOOKS_INSIDE = new Set(["_==_", "_!=_", "@in", RANGE]);

function costOf(name: string, args: readonly unknown[]): number {
  if (name === "matches") return costOfMatch(args[0], args[1]);
  if (name === "_+_" && isCelList(args[0])) return 1 + args[0].size / 1000 + weigh(args[1]);
  if (LOOKS_INSIDE.has(name)) {
    // Looking up a key in a map is one step, however large the map is.
    return args.reduce<number>(
      (sum, arg) => sum + (name === "@in" && isCelMap(arg) ? 1 : weigh(arg)),
      1,
    );
  }
  return args.reduce<number>((sum, arg) => sum + (typeof arg === "object" ? 1 : weigh(arg)), 1);
}

/** RE2 takes at most text × states steps; counted repetitions multiply the states. */
function costOfMatch(text: unknown, pattern: unknown): number {
  if (typeof text !== "string" || typeof pattern !== "string") return 1;
  const counts = [...pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].map(([, least, most]) =>
    Math.max(1, Number(most || least)),
  );
  const states = counts.reduce((product, count) => product * count, pattern.length + 1);
  return 1 + states / CHARS_PER_UNIT + (text.length * states) / REGEX_STEPS_PER_UNIT;
}
